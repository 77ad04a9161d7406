import type { Actor, Entry, Event } from '../../../src/journal/events.ts';
import type { RunState } from '../../../src/journal/run-state.ts';
import { foldRun } from '../../../src/journal/state.ts';

/** An event of a run that a test tells; `atMs` is its time since the run began, a second after the one before unless given. */
export type Told = Event & { user?: string; atMs?: number };

/** The first event of a run. */
export type Started = Extract<Event, { type: 'run-started' }>;

/** The least that a run begins with. */
export const started: Started = {
  type: 'run-started',
  runbook: 'test',
  title: 'A test',
  mode: 'live',
  speed: 1,
  environment: 'test',
  hostname: 'api.example.com',
  inputs: {},
  documents: [],
  resources: [],
  overrides: {},
  version: '0.0.0',
};

/** What a log puts on the events of a run; hashes are made up. */
export type Stamp = { run: string; beganMs: number; actor: Actor; hashOf(seq: number): string };

/** Events as a log has them, numbered from `from`; not linked, for those who only fold them. */
export function stampedBy(stamp: Stamp, events: readonly Told[], from = 1): Entry[] {
  const { run, beganMs, actor, hashOf } = stamp;
  return events.map(({ user = actor.user, atMs, ...event }, index): Entry => {
    const seq = from + index;
    const time = new Date(beganMs + (atMs ?? (seq - 1) * 1_000)).toISOString();
    return { seq, time, run, epoch: 1, actor: { ...actor, user }, prev: '', hash: hashOf(seq), ...event };
  });
}

const byAna: Stamp = {
  run: 'run-1',
  beganMs: Date.parse('2026-11-18T12:00:00.000Z'),
  actor: { user: 'ana', host: 'here' },
  hashOf: (seq) => String(seq).padStart(64, '0'),
};

/** The entries of a run that `ana` began, as a log has them. The first is `run-started`, with number 1. */
export function entriesOf(told: readonly Told[], first: Partial<Started> = {}): Entry[] {
  return stampedBy(byAna, [{ ...started, ...first }, ...told]);
}

/** The run that these events make; see {@link entriesOf}. */
export function runOf(told: readonly Told[], first?: Partial<Started>): RunState {
  return folded(entriesOf(told, first));
}

/** What entries lead to. */
export function folded(entries: readonly Entry[]): RunState {
  const state = foldRun(entries);
  if (state === undefined) throw new Error('a run begins with run-started');
  return state;
}

/** Milliseconds since the epoch of a time since such a run began. */
export function timeOf(atMs: number): number {
  return byAna.beganMs + atMs;
}
