import type { Position } from '../errors.ts';
import type { Json } from '../world/json.ts';

/** A checked CEL expression and where it stands. */
export type Expression = {
  source: string;
  where: Position;
  /** Ids of the steps whose outputs it reads. */
  stepsRead: readonly string[];
  /** Of these, the ones that `has(steps.ID.outputs)` asks about: they may have none. */
  stepsAsked?: readonly string[];
  /** Names of the inputs that it reads, where there are any. */
  inputsRead?: readonly string[];
};

/** A value that may hold `${{ … }}`: text parts and expressions. One lone expression keeps its type; else text is joined. */
export type Template =
  | { kind: 'literal'; value: Json; where: Position }
  | { kind: 'expression'; expression: Expression; where: Position }
  | { kind: 'text'; parts: readonly (string | Expression)[]; where: Position }
  | { kind: 'list'; items: readonly Template[]; where: Position }
  | { kind: 'map'; entries: Readonly<Record<string, Template>>; where: Position };

/** A typed input of a runbook; becomes the option `--NAME` of its command. */
export type InputSpec = {
  type: 'string' | 'number' | 'boolean' | 'duration';
  required: boolean;
  /** Durations are milliseconds. */
  default?: string | number | boolean;
  prompt?: string;
  description?: string;
  oneOf?: readonly string[];
};

/** What the run promises, in milliseconds from the operator's "go". */
export type Objective = { switchedWithinMs?: number; recoveredWithinMs?: number; from: 'go' };

/** What happens when a step fails. Unset: `ask` on a terminal, `rollback` without one. */
export type OnFailure = 'stop' | 'rollback' | 'ask' | 'continue';

/** How often and how far apart a check is tried again (on an error, or on a failed expectation). Changes are never retried. */
export type Retry = { attempts: number; everyMs: number };

/** Approvals that a change needs before it is made. */
export type ApprovalRule = {
  /** How many people, none of them the one who runs. */
  count: number;
  /** A list of names; the people of the environment unless given. */
  from?: Template;
  /** How long they are waited for, and how long each is good. */
  withinMs: number;
  /** None is needed unless this holds. */
  when?: Expression;
};

type StepBase = {
  id: string;
  title: string;
  where: Position;
  when?: Expression;
  expect?: Expression;
  /** Plain: yes or no. Typed: the operator types the phrase. */
  confirm?: { kind: 'plain'; message?: Template } | { kind: 'typed'; phrase: Template };
  approvals?: ApprovalRule;
  optional: boolean;
  onFailure?: OnFailure;
};

/** A step that uses an action. */
export type ActionStep = StepBase & {
  kind: 'action';
  uses: string;
  with: Template;
  /** Time box; the engine's default when not given. */
  timeoutMs?: number;
  retry?: Retry;
  rollback: 'auto' | 'none';
};

/** Steps that run together. Ends when its steps that are not optional have ended. */
export type ParallelStep = StepBase & { kind: 'parallel'; steps: readonly Step[] };

/** Alternatives, in order: the next only if the one before is proven not applied. Its outputs are `{ by: string }`. */
export type FirstOfStep = StepBase & { kind: 'first-of'; steps: readonly ActionStep[] };

/** An entry of a runbook. */
export type Step = ActionStep | ParallelStep | FirstOfStep;

/** A loaded, linted runbook. */
export type Runbook = {
  /** The file's name without `.yaml`; the command's name. */
  name: string;
  file: string;
  title: string;
  description?: string;
  objective?: Objective;
  inputs: Readonly<Record<string, InputSpec>>;
  /** The resource that one run at a time may hold; evaluated with `env` and `inputs`. */
  lock?: Template;
  /** The lock is held only where this is true; always unless given. */
  lockWhen?: Expression;
  steps: readonly Step[];
  /** Names of the suites that its steps use. */
  suites: readonly string[];
};

/** What a step's outputs are, for the expressions of later steps. */
export type StepOutputs =
  | { kind: 'value'; outputs: Json }
  /** Dry run: depends on a change that did not happen. */
  | { kind: 'unknown' }
  /** The step was skipped or failed; `why` is for people. */
  | { kind: 'unavailable'; why: string };

/** What expressions see. `env` is the environment; `run` is `{ id, shortId, runbook, mode }`. */
export type Scope = {
  inputs: Readonly<Record<string, Json>>;
  env: Json;
  run: Json;
  steps: Readonly<Record<string, StepOutputs>>;
  outputs?: Json;
};

/** The value of an expression or template. */
export type Evaluated =
  | { kind: 'value'; value: Json }
  | { kind: 'unknown'; because: string }
  | { kind: 'unavailable'; because: string; why: string };
