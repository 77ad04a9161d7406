import type { Entry, Event } from '../../src/journal/events.ts';
import type { RunState } from '../../src/journal/run-state.ts';
import { foldRun } from '../../src/journal/state.ts';

type Started = Extract<Event, { type: 'run-started' }>;

const started: Started = {
  type: 'run-started',
  runbook: 'switch',
  title: 'A test',
  mode: 'live',
  speed: 1,
  environment: 'production',
  hostname: 'api.example.com',
  inputs: {},
  documents: [],
  resources: [],
  overrides: {},
  version: '0.0.0',
};

/** The id of a run that is told by {@link entriesOf}. */
export const run = '20261201-101112-abcdef';

/** Entries as the log would hold them: one a second from 10:11:12 on, by Ada, who drives the run. */
export function entriesOf(events: readonly Event[], first: Partial<Started> = {}, id = run): Entry[] {
  return [{ ...started, ...first }, ...events].map((event, index) => ({
    seq: index + 1,
    time: new Date(Date.UTC(2026, 11, 1, 10, 11, 12 + index)).toISOString(),
    run: id,
    epoch: 1,
    actor: { user: 'ada', host: 'desk' },
    prev: '',
    hash: `hash-${index + 1}`,
    ...event,
  }));
}

/** What such entries lead to. */
export function stateOf(events: readonly Event[], first: Partial<Started> = {}, id = run): RunState {
  const state = foldRun(entriesOf(events, first, id));
  if (state === undefined) throw new Error('there is no run');
  return state;
}

/** A step whose change was intended, and what came next. */
export function changing(step: string, next: readonly Event[] = [], more: Partial<Intended> = {}): Event[] {
  return [
    { type: 'step-started', step, title: `Title of ${step}`, uses: 'test.set' },
    { ...intended, step, ...more },
    ...next,
  ];
}

type Intended = Extract<Event, { type: 'change-intended' }>;

const intended: Intended = {
  type: 'change-intended',
  step: 'one',
  uses: 'test.set',
  input: {},
  before: 0,
  after: 1,
  digest: 'd'.repeat(64),
  undoable: true,
  rollback: 'auto',
};

/** The step's change was answered as done. */
export const applied = (step: string): Event => ({ type: 'change-applied', step, how: 'answered', output: { n: 1 } });

/** The step went well. `command`: what it recommends. */
export const succeeded = (step: string, command?: string): Event => ({
  type: 'step-succeeded',
  step,
  output: { n: 1 },
  summary: { headline: 'as asked', detail: [], ...(command === undefined ? {} : { command }) },
  knowledge: 'known',
});

/** What an error is recorded as. */
export const error = { code: 'failed', message: 'the provider said no' } as const;
