import type { Entry } from '../../src/journal/events.ts';
import type { Witnessed } from './attacked-world.ts';

/** A provider that is written to, as the simulator's own log names it. */
export type System = 'cloudflare-api' | 'slack-api' | 'statuspage-api' | 'pagerduty-api';

/** One writing request that an intent stands for. It is spent by the request. */
type Allowed = {
  system: System;
  method: RegExp;
  path: RegExp;
  /** Whether the request says what was intended. */
  says: (body: string) => boolean;
};

/** What an entry of the log intends, as far as it can be read from the entry itself. */
type Intending = {
  type: string;
  /** The action of its step, as far as that is known. */
  uses: string | undefined;
  /** Of a follow-up: lines of the timeline go along. */
  upTo?: number | undefined;
  /** What the entry says of the write; nothing where only its kind is known. */
  said?: { before?: unknown; after?: unknown; headline?: string; step: string; enabled: boolean | null };
};

const outcomes: ReadonlySet<string> = new Set<Entry['type']>([
  'change-applied',
  'change-not-applied',
  'change-unresolved',
  'change-reverted',
  'change-left-nothing',
  'revert-failed',
]);

/** Whether an entry of this type says what became of a change. */
export function isOutcome(type: string): boolean {
  return outcomes.has(type);
}

/**
 * The requests that an intent stands for, each of them once. A load balancer takes one. A room is made by five: the
 * channel, its message, the pin, the topic, the invitations. Following it takes one edit of that message, and one reply
 * for the lines of the timeline that go along. All else is one message, one notice, one alert.
 */
export function allowedBy({ type, uses = '', upTo, said }: Intending): Allowed[] {
  const all = said === undefined;
  const system = systemOf(type === 'revert-intended' ? 'cloudflare.' : uses);
  const slack = (path: RegExp, says: (form: URLSearchParams) => boolean): Allowed => {
    return { system: 'slack-api', method: /^POST$/, path, says: (body) => all || says(new URLSearchParams(body)) };
  };
  const posts = (says: (form: URLSearchParams) => boolean) => slack(/^\/api\/chat\.postMessage$/, says);
  if (type === 'follow-up-intended' && system === 'slack-api') {
    const edit = slack(/^\/api\/chat\.update$/, (form) => firstLine(textOf(form)) === said?.headline);
    if (upTo === undefined) return [edit];
    return [edit, posts((form) => isMarked(form, 'resend_ops_timeline', said?.step) && markOf(form) === upTo)];
  }
  if (uses === 'slack.open-room') {
    const room = fieldsOf(said?.after);
    return [
      slack(/^\/api\/conversations\.create$/, (form) => form.get('name') === room.name),
      posts((form) => isMarked(form, 'resend_ops_run', said?.step) && textOf(form) === room.message),
      slack(/^\/api\/pins\.add$/, () => true),
      slack(/^\/api\/conversations\.setTopic$/, (form) => form.get('topic') === room.topic),
      slack(/^\/api\/conversations\.invite$/, (form) => form.get('users') === String(room.invite)),
    ];
  }
  if (system === 'slack-api') {
    const message = fieldsOf(said?.after);
    return [posts((form) => isMarked(form, 'resend_ops_run', said?.step) && textOf(form) === message.text)];
  }
  if (system === 'statuspage-api') {
    const { incident, message, text } = fieldsOf(said?.after);
    const words = type === 'follow-up-intended' ? said?.headline : (text ?? message);
    const says = (body: string) => all || JSON.parse(body).incident?.body === words;
    const open = { system, method: /^POST$/, path: /\/incidents$/, says };
    const post = { system, method: /^PATCH$/, path: /\/incidents\/[^/]+$/, says };
    // Opening is going on with the notice that is open already, which its kind alone does not tell.
    if (all && type === 'change-intended' && uses === 'statuspage.open')
      return [{ system, method: /^(POST|PATCH)$/, path: /\/incidents(\/[^/]+)?$/, says }];
    return [incident === 'open' ? open : post];
  }
  if (system === 'pagerduty-api') return [{ system, method: /^POST$/, path: /^\/v2\/enqueue$/, says: () => true }];
  const says = (body: string) => all || bodyEnabled(body) === (said?.enabled ?? null);
  return [{ system, method: /^PATCH$/, path: /^\/client\/v4/, says }];
}

function systemOf(uses: string): System {
  const known = (['slack', 'statuspage', 'pagerduty'] as const).find((name) => uses.startsWith(`${name}.`));
  return known === undefined ? 'cloudflare-api' : `${known}-api`;
}

function fieldsOf(state: unknown): Readonly<Record<string, unknown>> {
  return typeof state === 'object' && state !== null ? { ...state } : {};
}

/** A message as it was before its markup was escaped. */
function textOf(form: URLSearchParams): string {
  return (form.get('text') ?? '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

type Metadata = { event_type?: string; event_payload?: { step?: string; mark?: number } };

function metadataOf(form: URLSearchParams): Metadata {
  return JSON.parse(form.get('metadata') ?? '{}');
}

function isMarked(form: URLSearchParams, kind: string, step: string | undefined): boolean {
  const { event_type, event_payload } = metadataOf(form);
  return event_type === kind && event_payload?.step === step;
}

function markOf(form: URLSearchParams): number | undefined {
  return metadataOf(form).event_payload?.mark;
}

function bodyEnabled(body: string): boolean | null {
  const { enabled }: { enabled?: boolean } = JSON.parse(body);
  return enabled ?? null;
}

function enabledIn(state: unknown): boolean | null {
  const { enabled } = fieldsOf(state);
  return typeof enabled === 'boolean' ? enabled : null;
}

/** The journal's word that writes may happen, until its word on what became of them. */
type Intent = {
  seq: number;
  step: string;
  isFollowUp: boolean;
  fromMs: number;
  /** Infinity while nothing has been said. */
  untilMs: number;
  /** What it stands for, and nobody has sent yet. */
  unspent: Allowed[];
  /** How it ended. */
  became: Entry['type'] | null;
};

/**
 * How far the clocks of two processes may be apart: each follows the monotonic clock from the time at which it began.
 * The exact order is judged by the trace of each process.
 */
const sameMomentMs = 2_000;

/** Every intent of a log to write to the world, in order. */
function intentsOf(log: readonly Entry[]): Intent[] {
  const intents: Intent[] = [];
  const changes = new Map<string, Extract<Entry, { type: 'change-intended' }>>();
  for (const entry of log) {
    const fromMs = Date.parse(entry.time);
    const open = (isFollowUp: boolean, unspent: Allowed[]) => {
      if (!('step' in entry)) return;
      const { seq, step } = entry;
      intents.push({ seq, step, isFollowUp, fromMs, untilMs: Infinity, unspent, became: null });
    };
    const close = (isClosed: (intent: Intent) => boolean) => {
      for (const intent of intents) {
        if (intent.became !== null || !isClosed(intent)) continue;
        intent.became = entry.type;
        intent.untilMs = fromMs;
      }
    };
    if (entry.type === 'change-intended') {
      const { type, uses, step, before, after } = entry;
      changes.set(step, entry);
      open(false, allowedBy({ type, uses, said: { step, before, after, enabled: enabledIn(after) } }));
    } else if (entry.type === 'revert-intended') {
      const { type, step } = entry;
      const change = changes.get(step);
      open(false, allowedBy({ type, uses: change?.uses, said: { step, enabled: enabledIn(change?.before) } }));
    } else if (entry.type === 'follow-up-intended') {
      const { type, step, headline, upTo } = entry;
      // One round after the other: the one before it sends nothing any more.
      close((intent) => intent.step === step && intent.isFollowUp);
      const { uses } = changes.get(step) ?? {};
      open(true, allowedBy({ type, uses, upTo, said: { step, headline, enabled: null } }));
    } else if ('step' in entry && isOutcome(entry.type)) {
      close((intent) => intent.step === entry.step && !intent.isFollowUp);
    }
  }
  return intents;
}

/**
 * What of the world's own record of writes the log does not account for: each write, whoever it went to, has an intent
 * that stands for it, before it, that was still open, and that no other write has spent; a repeated one comes only after
 * the word that the first did not happen; and no message, room or notice is there twice.
 */
export function judgeWrites(log: readonly Entry[], writes: readonly Witnessed[]): string[] {
  const intents = intentsOf(log);
  const used = new Map<number, Witnessed>();
  const findings: string[] = [];
  for (const write of writes) {
    const atMs = Date.parse(write.receivedAt);
    const path = write.path.replace(/\?.*$/, '');
    const allowedIn = ({ unspent }: Intent) =>
      unspent.findIndex(
        (one) =>
          one.system === write.server && one.method.test(write.method) && one.path.test(path) && one.says(write.body),
      );
    const fits = (intent: Intent) =>
      intent.fromMs <= atMs + sameMomentMs && atMs <= intent.untilMs + sameMomentMs && allowedIn(intent) !== -1;
    // A switch is the newest intent's: where one was closed and the next opened at that moment, it is the next one's.
    // Of messages the oldest intent is spent first, which leaves the most to those that come later.
    const intent = write.server === 'cloudflare-api' ? intents.findLast(fits) : intents.find(fits);
    if (intent === undefined) {
      findings.push(
        `${write.method} ${write.path} ${write.body} at ${write.receivedAt} has no open intent of its own in the log`,
      );
      continue;
    }
    intent.unspent.splice(allowedIn(intent), 1);
    if (write.server === 'cloudflare-api') used.set(intent.seq, write);
  }
  for (const [seq, { status }] of used) {
    const intent = intents.find((known) => known.seq === seq);
    if (intent?.became === 'change-not-applied' && status === 200)
      findings.push(`the change intended in entry ${seq} is said not to be applied, and the provider did it`);
  }
  return [...findings, ...judgeRepetitions(log), ...judgeTwice(log, writes)];
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
    } else if (isOutcome(entry.type)) lastWord.set(entry.step, entry.type);
  }
  return findings;
}

/**
 * What people read is there once: nothing that was taken is sent again, whatever the log intended. A switch may go back
 * and forth, and an edit may say the same as the one before it.
 */
function judgeTwice(log: readonly Entry[], writes: readonly Witnessed[]): string[] {
  const taken = writes.filter(({ server, path, status }) => {
    return status !== null && status < 300 && server !== 'cloudflare-api' && !path.startsWith('/api/chat.update');
  });
  const seen = new Set<string>();
  const findings: string[] = [];
  for (const { server, method, path, body } of taken) {
    const request = `${server}: ${method} ${path} ${body}`;
    if (seen.has(request)) findings.push(`it was taken, and sent again: ${request}`);
    seen.add(request);
  }
  return [...findings, ...judgeLinesTwice(log, taken)];
}

/** No part of a timeline is told twice: a message never begins with all that an earlier one says. */
function judgeLinesTwice(log: readonly Entry[], taken: readonly Witnessed[]): string[] {
  const told = taken
    .filter(({ path }) => path === '/api/chat.postMessage')
    .map(({ body }) => new URLSearchParams(body))
    .filter((form) => metadataOf(form).event_type === 'resend_ops_timeline')
    .map((form) => ({
      mark: markOf(form) ?? 0,
      lines: textOf(form)
        .split('\n')
        .filter((line) => line !== 'REHEARSAL'),
    }));
  // Two entries of one second can be one line each in the same words, and then nobody can tell; and a run that was opened
  // again ends again.
  const mayBeAnother = (line: string, after: number, upTo: number) => {
    const later = log.filter(({ seq }) => seq > after && seq <= upTo);
    if (!/^\d\d:\d\d:\d\d /.test(line)) return later.some(({ type }) => type === 'driver-started');
    return later.some(({ time }) => line.startsWith(time.slice(11, 19)));
  };
  return told.flatMap(({ mark, lines }, at) =>
    told
      .slice(0, at)
      .filter((earlier) => earlier.lines.every((line, index) => lines[index] === line))
      .filter((earlier) => !earlier.lines.every((line) => mayBeAnother(line, earlier.mark, mark)))
      .map((earlier) => `the lines of the timeline up to ${earlier.mark} are told again with those up to ${mark}`),
  );
}
