import type { Act } from './victim.ts';

/** Entries after which a write may leave, once they are synced. */
const intending = /"type":"(change-intended|revert-intended)"/;
const aboutSlack = /"uses":"slack\./;
const writing = /^(PATCH|PUT|POST|DELETE) /;

/**
 * Holds a trace against "no intent on disk, no write to the world": each writing request to `provider` (`host:port`)
 * must follow the sync of an intent that no other request has used. Answers what does not hold.
 */
export function judgeOrder(acts: readonly Act[], provider: string): string[] {
  const findings: string[] = [];
  let written = 0;
  let synced = 0;
  for (const act of acts) {
    const isLog = /\/audit\/\d+\.jsonl$/.test(act.path);
    // A write that has begun counts once it has returned, and a sync only what had been written when it began.
    if (isLog && act.op === 'write' && act.at === 'begin' && isIntent(act.text ?? '')) written += 1;
    if (isLog && (act.op === 'fdatasync' || act.op === 'fsync') && act.at === 'end') {
      synced += written;
      written = 0;
    }
    if (act.op !== 'send' || act.at !== 'begin' || act.path !== provider || !writing.test(act.text ?? '')) continue;
    if (synced === 0)
      findings.push(`act ${act.n} sends ${act.text?.split('\r\n')[0]} before an intent of its own is synced`);
    else synced = 0;
  }
  return findings;
}

function isIntent(text: string): boolean {
  return intending.test(text) && !aboutSlack.test(text);
}
