import { basename, dirname } from 'node:path';
import { allowedBy, isOutcome, type System } from './intents.ts';
import type { Act } from './victim.ts';

const writing = /^(PATCH|PUT|POST|DELETE) /;
/** Slack takes reads by POST, too. */
const reading =
  /^POST \/api\/(auth\.test|conversations\.(info|history|replies|list|members)|users\.info|reactions\.get)\b/;

/** Requests of a trace that write to one of these providers (by `host:port`), when they begin. */
export function writesIn(acts: readonly Act[], providers: Providers): Act[] {
  return acts.filter(({ op, at, path, text = '' }) => {
    return op === 'send' && at === 'begin' && providers.has(path) && writing.test(text) && !reading.test(text);
  });
}

/** Which provider is where, by `host:port`. */
export type Providers = ReadonlyMap<string, System>;

/**
 * Holds the trace of one process against "no intent on disk, no write to the world": each writing request to one of the
 * providers must follow the sync of an intent of this process that stands for such a request, that no other request has
 * spent, and whose outcome has not been written yet. `usedBy`: the actions of steps, as far as other processes' traces
 * tell them. Answers what does not hold.
 */
export function judgeOrder(
  acts: readonly Act[],
  providers: Providers,
  usedBy: ReadonlyMap<string, string> = actionsIn(acts),
): string[] {
  const findings: string[] = [];
  const written = new Map<string, ReturnType<typeof allowedBy>>();
  const synced = new Map<string, ReturnType<typeof allowedBy>>();
  const writes = new Set(writesIn(acts, providers));
  for (const act of acts) {
    const isLog = /\/audit\/\d+\.jsonl$/.test(act.path);
    // A write that has begun counts once it has returned, and a sync only what had been written when it began.
    if (isLog && act.op === 'write' && act.at === 'begin')
      for (const { type, step, uses = usedBy.get(step), upTo } of entriesIn(act)) {
        const place = `${step}${type === 'follow-up-intended' ? ', followed' : ''}`;
        if (isOutcome(type) || isIntent(type)) synced.delete(place);
        if (isOutcome(type)) written.delete(place);
        if (isIntent(type)) written.set(place, allowedBy({ type, uses, upTo }));
      }
    if (isLog && (act.op === 'fdatasync' || act.op === 'fsync') && act.at === 'end') {
      for (const [place, allowed] of written) synced.set(place, allowed);
      written.clear();
    }
    if (!writes.has(act)) continue;
    const [method = '', path = ''] = (act.text ?? '').split(/[ ?]/);
    const system = providers.get(act.path);
    const isSpent = [...synced.values()].some((allowed) => {
      const at = allowed.findIndex((one) => one.system === system && one.method.test(method) && one.path.test(path));
      return at !== -1 && allowed.splice(at, 1).length === 1;
    });
    if (!isSpent) findings.push(`act ${act.n} sends ${method} ${path} before an intent of its own is synced`);
  }
  return findings;
}

function isIntent(type: string): boolean {
  return type === 'change-intended' || type === 'revert-intended' || type === 'follow-up-intended';
}

/** The entries that an act writes to the log; a trace may hold no more than their beginnings. */
function entriesIn({ text = '' }: Act) {
  return text.split('\n').flatMap((line) => {
    const [, type] = /"type":"([\w-]+)"/.exec(line) ?? [];
    const [, step] = /"step":"([\w-]+)"/.exec(line) ?? [];
    const [, uses] = /"uses":"([\w.-]+)"/.exec(line) ?? [];
    const [, upTo] = /"upTo":(\d+)/.exec(line) ?? [];
    if (type === undefined) return [];
    return [{ type, step: step ?? '', uses, upTo: upTo === undefined ? undefined : Number(upTo) }];
  });
}

/** The action of each step that begins to change the world in a trace. */
export function actionsIn(acts: readonly Act[]): Map<string, string> {
  return new Map(
    acts
      .filter(({ op, at }) => op === 'write' && at === 'begin')
      .flatMap(entriesIn)
      .flatMap(({ type, step, uses }) => (type === 'change-intended' && uses !== undefined ? [[step, uses]] : [])),
  );
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
