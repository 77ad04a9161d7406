import type { Entry, Event } from '../../src/journal/events.ts';
import type { RunState } from '../../src/journal/run-state.ts';
import { folded, type Started, stampedBy, started } from '../journal/support/entries.ts';

/** The id of a run that is told by {@link entriesOf}. */
export const run = '20261201-101112-abcdef';

const byAda = {
  beganMs: Date.UTC(2026, 11, 1, 10, 11, 12),
  actor: { user: 'ada', host: 'desk' },
  hashOf: (seq: number) => `hash-${seq}`,
};

/** Entries as the log would hold them: one a second from 10:11:12 on, by Ada, who drives the run. */
export function entriesOf(events: readonly Event[], first: Partial<Started> = {}, id = run): Entry[] {
  const begun = { ...started, runbook: 'switch', environment: 'production', ...first };
  return stampedBy({ ...byAda, run: id }, [begun, ...events]);
}

/** What such entries lead to. */
export function stateOf(events: readonly Event[], first: Partial<Started> = {}, id = run): RunState {
  return folded(entriesOf(events, first, id));
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
