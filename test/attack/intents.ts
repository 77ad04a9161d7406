import type { Entry } from '../../src/journal/events.ts';
import type { Witnessed } from './attacked-world.ts';

type System = 'cloudflare-api' | 'slack-api' | 'statuspage-api' | 'pagerduty-api';

/** The journal's word that a write may happen, until its word on what became of it. */
type Intent = {
  seq: number;
  step: string;
  fromMs: number;
  /** Infinity while nothing has been said. */
  untilMs: number;
  /** What the load balancer is to become. Null for what is not about it. */
  enabled: boolean | null;
  system: System;
  /** How it ended. */
  became: Entry['type'] | null;
};

/**
 * How far the clocks of two processes may be apart: each follows the monotonic clock from the time at which it began.
 * The exact order is judged by the trace of each process.
 */
const sameMomentMs = 2_000;

const outcomes: ReadonlySet<string> = new Set<Entry['type']>([
  'change-applied',
  'change-not-applied',
  'change-unresolved',
  'change-reverted',
  'change-left-nothing',
  'revert-failed',
]);

/** Every intent of a log to write to the world, in order. */
export function intentsOf(log: readonly Entry[]): Intent[] {
  const intents: Intent[] = [];
  const enabledBefore = new Map<string, boolean>();
  const usedBy = new Map<string, string>();
  for (const entry of log) {
    const fromMs = Date.parse(entry.time);
    if (entry.type === 'change-intended') {
      const system = systemOf(entry.uses);
      usedBy.set(entry.step, entry.uses);
      const enabled = system === 'cloudflare-api' ? enabledIn(entry.after) : null;
      if (enabled !== null) enabledBefore.set(entry.step, enabledIn(entry.before));
      intents.push({ seq: entry.seq, step: entry.step, fromMs, untilMs: Infinity, enabled, system, became: null });
    } else if (entry.type === 'revert-intended') {
      const enabled = enabledBefore.get(entry.step) ?? null;
      const system = 'cloudflare-api';
      intents.push({ seq: entry.seq, step: entry.step, fromMs, untilMs: Infinity, enabled, system, became: null });
    } else if (entry.type === 'follow-up-intended') {
      const system = systemOf(usedBy.get(entry.step) ?? 'slack.open-room');
      intents.push({
        seq: entry.seq,
        step: entry.step,
        fromMs,
        untilMs: Infinity,
        enabled: null,
        system,
        became: null,
      });
    } else if ('step' in entry && outcomes.has(entry.type)) {
      for (const open of intents) {
        if (open.step !== entry.step || open.became !== null) continue;
        open.became = entry.type;
        open.untilMs = fromMs;
      }
    }
  }
  return intents;
}

function systemOf(uses: string): System {
  const known = (['slack', 'statuspage', 'pagerduty'] as const).find((name) => uses.startsWith(`${name}.`));
  return known === undefined ? 'cloudflare-api' : `${known}-api`;
}

function enabledIn(state: unknown): boolean {
  return typeof state === 'object' && state !== null && 'enabled' in state && state.enabled === true;
}

/**
 * What of the world's own record of writes the log does not account for: each write of the load balancer has an
 * intent of its own, before it, that was still open; a repeated one only after the word that the first did not happen.
 */
export function judgeWrites(log: readonly Entry[], writes: readonly Witnessed[]): string[] {
  const intents = intentsOf(log);
  const used = new Map<number, Witnessed>();
  const findings: string[] = [];
  for (const write of writes) {
    const atMs = Date.parse(write.at);
    const isOpen = ({ fromMs, untilMs }: Intent) => fromMs <= atMs + sameMomentMs && atMs <= untilMs + sameMomentMs;
    const wanted = write.server === 'cloudflare-api' ? bodyEnabled(write.body) : null;
    const candidates = intents.filter((intent) => intent.system === write.server && intent.enabled === wanted);
    // Where one was closed and the next opened at that moment, the write is the next one's; two writes need both.
    const intent = candidates.findLast((one) => isOpen(one) && (wanted === null || !used.has(one.seq)));
    if (intent === undefined) {
      findings.push(
        `${write.method} ${write.path} ${write.body} at ${write.at} has no open intent of its own in the log`,
      );
      continue;
    }
    used.set(intent.seq, write);
  }
  for (const [seq, { status }] of used) {
    const intent = intents.find((known) => known.seq === seq);
    if (intent?.became === 'change-not-applied' && status === 200 && intent.enabled !== null)
      findings.push(`the change intended in entry ${seq} is said not to be applied, and the provider did it`);
  }
  return [...findings, ...judgeRepetitions(log)];
}

function bodyEnabled(body: string): boolean | null {
  const { enabled }: { enabled?: boolean } = JSON.parse(body);
  return enabled ?? null;
}

/** A step's change is intended again only after the journal has said that it is not there. */
function judgeRepetitions(log: readonly Entry[]): string[] {
  const lastWord = new Map<string, Entry['type']>();
  const findings: string[] = [];
  for (const entry of log) {
    if (!('step' in entry)) continue;
    if (entry.type === 'change-intended') {
      const before = lastWord.get(entry.step);
      if (before !== undefined && before !== 'change-not-applied' && before !== 'change-reverted')
        findings.push(`${entry.step} is intended again in entry ${entry.seq}, after ${before}`);
      lastWord.set(entry.step, entry.type);
    } else if (outcomes.has(entry.type)) lastWord.set(entry.step, entry.type);
  }
  return findings;
}
