import { basename, dirname } from 'node:path';
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

/** Names that nothing depends on after a power cut: the append lock's, and the spare ones of files that are replaced. */
const passing = /\/append-lock([/.]|$)|\/HEAD\.(next|last)$/;

/**
 * Holds a trace against "directory entries are synced after create and rename": when a writing request leaves for
 * `provider`, every name that the process made in the state directory `state` must be durable, which takes a sync of the
 * directory that the name is in. Answers what does not hold.
 */
export function judgeNames(acts: readonly Act[], provider: string, state: string): string[] {
  const findings: string[] = [];
  const made = new Set<string>();
  const unsynced = new Set<string>();
  const make = (path: string) => {
    if (made.has(path) || passing.test(path) || basename(path).startsWith('.')) return;
    made.add(path);
    unsynced.add(path);
  };
  for (const act of acts) {
    if (act.at === 'end' && act.path.startsWith(state)) {
      const { op, path } = act;
      if (op === 'open' || op === 'mkdir') make(path);
      // Directories are made with those above them.
      if (op === 'mkdir') for (let at = dirname(path); at.startsWith(state); at = dirname(at)) make(at);
    }
    if (act.op === 'rename' && act.at === 'begin' && act.to?.startsWith(state)) make(act.to);
    if (act.op === 'fsync' && act.at === 'end')
      for (const path of unsynced) if (dirname(path) === act.path) unsynced.delete(path);
    if (act.op !== 'send' || act.at !== 'begin' || act.path !== provider || !writing.test(act.text ?? '')) continue;
    for (const path of unsynced) findings.push(`act ${act.n} sends a write while the name ${path} is not durable`);
    unsynced.clear();
  }
  if (made.size === 0) findings.push(`the trace shows no name that was made in ${state}`);
  return findings;
}
