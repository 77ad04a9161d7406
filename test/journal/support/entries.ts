import type { Entry, Event } from '../../../src/journal/events.ts';
import type { RunState } from '../../../src/journal/run-state.ts';
import { foldRun } from '../../../src/journal/state.ts';

/** An event of a run that a test tells; `atMs` is its time since the run began, a second after the one before unless given. */
export type Told = Event & { user?: string; atMs?: number };

const beganMs = Date.parse('2026-11-18T12:00:00.000Z');

/** The entries of a run that `ana` began, as a log has them; hashes are made up. The first is `run-started`, with number 1. */
export function entriesOf(told: readonly Told[], { speed = 1 }: { speed?: number } = {}): Entry[] {
  const started: Told = {
    type: 'run-started',
    runbook: 'test',
    title: 'A test',
    mode: 'live',
    speed,
    environment: 'test',
    hostname: 'api.example.com',
    inputs: {},
    documents: [],
    resources: [],
    overrides: {},
    version: '0.0.0',
  };
  return [started, ...told].map(({ user = 'ana', atMs, ...event }, index): Entry => {
    const time = new Date(beganMs + (atMs ?? index * 1_000)).toISOString();
    const hash = String(index + 1).padStart(64, '0');
    return { seq: index + 1, time, run: 'run-1', epoch: 1, actor: { user, host: 'here' }, prev: '', hash, ...event };
  });
}

/** The run that these events make; see {@link entriesOf}. */
export function runOf(told: readonly Told[], options?: { speed?: number }): RunState {
  const state = foldRun(entriesOf(told, options));
  if (state === undefined) throw new Error('a run begins with run-started');
  return state;
}

/** Milliseconds since the epoch of a time since such a run began. */
export function timeOf(atMs: number): number {
  return beganMs + atMs;
}
