import type { AnyAction } from '../actions/action.ts';
import type { Suite } from '../actions/http/suite.ts';
import type { Past } from '../actions/past.ts';
import type { Actor, Entry } from '../journal/events.ts';
import type { RunState } from '../journal/run-state.ts';
import type { Store } from '../journal/store.ts';
import type { Runbook } from '../runbook/runbook.ts';
import type { Clock } from '../world/clock.ts';
import type { Edges } from '../world/edges.ts';
import type { Environment } from '../world/environment.ts';
import type { Json } from '../world/json.ts';
import type { Operator } from '../world/operator.ts';
import type { Interrupts } from './interrupts.ts';

/** What driving a run needs, whether it starts, resumes or rolls back. */
export type Drive = {
  store: Store;
  actor: Actor;
  operator: Operator;
  clock: Clock;
  edges: Edges;
  interrupts: Interrupts;
  actions: ReadonlyMap<string, AnyAction>;
  /** The scores of rehearsals, from the state directory. */
  rehearsals: Past['rehearsals'];
  /** Told of each entry after it is durable, with the state that it led to. */
  subscribe?: (entry: Entry, state: RunState) => void;
  /** Resolves once the subscriber's outputs took, or refused, what they were given: before the last entry, for that to be in the log. */
  outputsHeard?: () => Promise<void>;
  /** One line on what a step is doing, for a spinner. */
  progress?: (step: string, text: string) => void;
};

/** The files of a run, loaded and linted. */
export type Material = {
  runbook: Runbook;
  environment: Environment;
  environmentName: string;
  suites: ReadonlyMap<string, Suite>;
  /** Their exact texts, to be pinned. */
  documents: readonly { kind: 'runbook' | 'environment' | 'suite'; name: string; file: string; text: string }[];
};

/** A new run. */
export type StartOptions = Drive &
  Material & {
    inputs: Readonly<Record<string, Json>>;
    mode: 'live' | 'dry-run' | 'rehearsal';
    overrides: Readonly<Record<string, string>>;
    version: string;
    /** Makes the run's id repeatable, apart from its date and time; for rehearsals. */
    seed?: number;
  };

/** An existing run, with its material loaded from the pinned documents. */
export type ContinueOptions = Drive & Material & { run: string; force?: boolean };
