import type { z } from 'zod';
import type { Clock } from '../world/clock.ts';
import type { CloudflareClient } from '../world/cloudflare.ts';
import type { CloudFrontClient } from '../world/cloudfront.ts';
import type { DnsTransport } from '../world/dns.ts';
import type { Environment } from '../world/environment.ts';
import type { Json } from '../world/json.ts';
import type { JsonApi } from '../world/json-api.ts';
import type { Operator } from '../world/operator.ts';
import type { Prober } from '../world/probe.ts';
import type { Route53Client } from '../world/route53.ts';
import type { SlackClient } from '../world/slack.ts';
import type { SmtpProber } from '../world/smtp.ts';
import type { Vendor, VendorStatusPage } from '../world/vendor-status.ts';
import type { EmptyEnding, LeftOpen, RunNews } from './afterwards.ts';
import type { GuardFinding } from './guard-finding.ts';
import type { Suite } from './http/suite.ts';
import type { Past } from './past.ts';

/** Which run an action works for. `shortId` is safe in names (lower-case letters and digits). */
export type RunIdentity = {
  id: string;
  shortId: string;
  runbook: string;
  title: string;
  mode: 'live' | 'dry-run' | 'rehearsal';
};

/** Everything an action may touch. There is nothing else: no process, no globals, no clock of its own. */
export type ActionContext = {
  readonly env: Environment;
  readonly run: RunIdentity;
  /** Id of the step that uses the action. */
  readonly step: string;
  readonly clock: Clock;
  /** Aborted when the step's time is over or the operator stops; reads end at once, a running write settles. */
  readonly signal: AbortSignal;
  /**
   * False where waiting for the world to change makes no sense (a dry run after a change that did not happen): look
   * once and answer what is.
   */
  readonly mayWait: boolean;
  readonly probe: Prober;
  /** Talks to SMTP servers, as far as a login; it cannot send a message. */
  readonly smtp: SmtpProber;
  readonly dns: DnsTransport;
  readonly clients: {
    cloudflare(): Promise<CloudflareClient>;
    slack(): Promise<SlackClient>;
    route53(): Promise<Route53Client>;
    cloudfront(): Promise<CloudFrontClient>;
    /** The API of the environment's status page, whoever runs it. */
    statuspage(): Promise<JsonApi>;
    /** PagerDuty's Events API. */
    pagerduty(): Promise<JsonApi>;
    /** A vendor's public word on itself; needs no credentials. */
    vendorStatus(vendor: Vendor): Promise<VendorStatusPage>;
    /** PagerDuty's REST API. */
    pagerdutyRest(): Promise<JsonApi>;
    /** Datadog's API. */
    datadog(): Promise<JsonApi>;
    /** Globalping's API: probes elsewhere; needs no credentials. */
    globalping(): Promise<JsonApi>;
  };
  readonly operator: Operator;
  /** A suite that the runbook names; loaded and pinned when the run starts. */
  suite(name: string): Suite;
  /** The value of a secret that the environment names, or undefined where its process variable is not set. */
  secret(name: string): string | undefined;
  /** Runs a check inside another action (the proof of a manual change), in a time box of its own. Throws `invalid` for unknown names and inputs. */
  runCheck(name: string, input: Json, withinMs: number): Promise<{ output: Json; summary: Summary }>;
  /** Plans a change with nothing but reads: it is never applied from here. Throws what its plan throws, and `invalid` for unknown names and inputs. */
  planChange(name: string, input: Json): Promise<Plan<Json>>;
  /** What earlier runs left for this step. */
  readonly past: Past;
  /** What an earlier attempt of this step noted (durably), or undefined. */
  readonly noted: Json | undefined;
  /** Keeps a fact that a crash must not lose (an id just created). Durable once resolved. */
  note(fact: Json): Promise<void>;
  /** One line on what is going on, for the spinner; not journaled. */
  progress(text: string): void;
};

/** What a person reads of an output, and what it means for the run's clocks. Plain text, no colours, lines ≤ 64 characters (80 with indent and banner). */
export type Summary = {
  /** One line: the result in words. */
  headline: string;
  /** More lines (a matrix, servers with TTLs), shown with the step and on the go/no-go screen. */
  detail: string[];
  /** What of the detail a decision needs; all of it unless given. The go/no-go screen must fit on a screen. */
  evidence?: string[];
  /** The detail is what the step is for, and is shown also when all went well. */
  always?: true;
  /** What to run next, without options that a command line has for all commands: those that were given are put behind it. */
  command?: string;
  /** The output proves this milestone, if it holds after "go". */
  milestone?: 'switched' | 'recovered';
  /** How long clients may keep the old answers after a switch made now. */
  predictedDrainMs?: number;
};

/** What a change would do. `before` and `after` are plain JSON, journaled before apply; another process can finish or undo from them. */
export type Plan<State> = {
  before: State;
  after: State;
  /** For people: what changes, e.g. `- enabled: true` / `+ enabled: false`. Empty when there is nothing to do. */
  diff: string[];
  /** For people: what else matters (what is beneath, what cannot be undone). */
  notes: string[];
  guards: GuardFinding[];
};

/** What the engine hands back to apply, observe and revert: the plan's states as journaled, and the input. */
export type Planned<Input, State> = { input: Input; before: State; after: State };

/** An action that only reads. */
export type Check<Input, Output> = {
  kind: 'check';
  /** `system.verb-noun`. */
  name: string;
  /** One line, in the imperative. */
  summary: string;
  input: z.ZodType<Input>;
  output: z.ZodType<Output>;
  /** Names of the environment's secrets without which it cannot run. */
  secrets?: readonly string[];
  /** Groups of secrets, by what the environment names: without one whole group there is nothing that it can look at. */
  oneGroupOfSecrets?(env: Environment): readonly (readonly string[])[];
  /** The guard that a failed `expect` of a step with this action raises; the step's id when not given. */
  guard?: string;
  /** Ids of every finding that its output may hold, as `system/what-is-wrong`: only these can be accepted. */
  findings?: readonly string[];
  /** It waits for a person: no time box unless the step gives one. */
  attended?: true;
  run(input: Input, ctx: ActionContext): Promise<Output>;
  summarise(output: Output, input: Input): Summary;
};

/** An action that changes the world, from four parts that the engine composes. */
export type Change<Input, State, Output> = {
  kind: 'change';
  name: string;
  summary: string;
  input: z.ZodType<Input>;
  state: z.ZodType<State>;
  output: z.ZodType<Output>;
  secrets?: readonly string[];
  guard?: string;
  /** Every guard that its plan or its last look may raise: only these can be passed by `--override`. */
  guards?: readonly string[];
  /** As of a check: ids of every finding that its output may hold. */
  findings?: readonly string[];
  /**
   * It writes what is already there: nothing of it is left in place, nothing is to be undone, and no "go" is given by it.
   * That holds whenever the write lands: its precondition, or what it leaves out, keeps it from turning back what others
   * have changed since. So a run that made nothing else is ended by the next one once its process is dead.
   * Its plan's states differ only in that it was written; `observe` answers `after` where the world is as planned.
   */
  leavesNothing?: true;
  /** It waits for a person: no time box unless the step gives one. */
  attended?: true;
  /** Reads only. Throws `refused` where the change must not be made at all. */
  plan(input: Input, ctx: ActionContext): Promise<Plan<State>>;
  /** Reads only, after the operator's go and just before the intent: what speaks against writing now. */
  lastLook?(input: Input, ctx: ActionContext): Promise<GuardFinding[]>;
  /**
   * Compare-and-set: throws `drift` if the world is not `before`. Throws `not-sent` or `refused` only when the write
   * surely did not happen; whatever else it throws leaves the step in doubt until `observe` has looked.
   */
  apply(planned: Planned<Input, State>, ctx: ActionContext): Promise<Output>;
  /** Reads only: what the world is now. */
  observe(planned: Planned<Input, State>, ctx: ActionContext): Promise<'before' | 'after' | 'other'>;
  /** The output of an apply whose answer was lost, read from the world. Else it is lost, and what is expected of it fails. */
  outputOf?(planned: Planned<Input, State>, ctx: ActionContext): Promise<Output>;
  /** Compare-and-set: throws `drift` if the world is not `after`. Absent: cannot be undone (a message). */
  revert?(planned: Planned<Input, State>, ctx: ActionContext): Promise<void>;
  /** Keeps what was made up to date while the run proceeds (a status message). Failures are noted, never raised. */
  follow?(output: Output, news: RunNews, ctx: ActionContext): Promise<void>;
  /** Where what it has made tells of the run, line after line, while it proceeds (a thread). */
  timeline?: Timeline;
  /** Says how the run ended, where people were told of its beginning. */
  lastWord?: LastWord<Input, Output>;
  /**
   * What others see standing open as of this change of the run, until somebody closes it. Of several changes that speak of
   * the same id, the newest counts. `output` is null where it was lost, or where nobody can tell whether the change was made; then
   * undefined says that nothing is known of it.
   */
  leavesOpen?(output: Output | null, input: Input, run: string): LeftOpen | undefined;
  /** Where what it has made can ask people for approvals (a room). */
  approvals?: ApprovalDesk;
  /** Fails with `credentials` when the provider refuses the credentials; any other trouble is no finding. */
  preflight?(ctx: ActionContext): Promise<void>;
  summarise(output: Output, input: Input): Summary;
};

/** A request for approvals: of which plan, and which of those that the run has made (its entry in the log). */
type ShownRequest = { digest: string; request: number };

/** Asks for approvals where a change has made a place for people, and reads their answers. `output` is that change's. */
export type ApprovalDesk = {
  /** Shows the request; answers where, for the others. The digest is what people approve of: it is in the lines, too. */
  ask(output: Json, request: ShownRequest & { lines: readonly string[] }, ctx: ActionContext): Promise<Json>;
  /** Reads only: where the request is shown, whether or not `ask` lived to answer. Throws where nobody can tell. */
  find(output: Json, request: ShownRequest, ctx: ActionContext): Promise<readonly Json[]>;
  /** Reads only: the accounts whose answer, as of now, is yes. Whose they are, and whether they count, is not its to say. */
  read(place: Json, ctx: ActionContext): Promise<readonly string[]>;
  /** Replaces what is shown there, once nothing more is asked. */
  close(place: Json, lines: readonly string[], ctx: ActionContext): Promise<void>;
};

/**
 * A place where the run's story is told in order. `output` is that of the change which made it. Failures are noted, never
 * raised; lines whose answer was lost are looked for before they are sent again.
 */
export type Timeline = {
  /** Adds lines as one message; `mark` tells it from the others of this run. Answers false where there is no place for any. */
  add(output: Json, told: { lines: readonly string[]; mark: number }, ctx: ActionContext): Promise<boolean>;
  /** Reads only: whether the message with this mark is there. Where nobody can tell, it counts as being there. */
  holds(output: Json, mark: number, ctx: ActionContext): Promise<boolean>;
};

/**
 * A message that a change posts when the run ends with nothing of it left in the world. Only then: what is in doubt is
 * not told. Failures are noted, never raised.
 */
export type LastWord<Input, Output> = {
  /** The words, from the step's input; undefined where there is nothing to say. */
  words(input: Input, ending: EmptyEnding): string | undefined;
  /**
   * Posts them, unless they are there already. Answers how things stand then, in a word; undefined where they are not
   * needed any more. Throws `drift` where somebody else has taken the word since: it is left to them.
   */
  say(said: { output: Output; words: string; ending: EmptyEnding }, ctx: ActionContext): Promise<string | undefined>;
};

/** An action with its types erased, as the engine and the linter hold it. Values are parsed by its schemas at each edge. */
export type AnyAction = Check<Json, Json> | Change<Json, Json, Json>;

/** An action that changes the world, as the engine holds it. */
export type ChangeAction = Extract<AnyAction, { kind: 'change' }>;

/** Declares a check; exists for inference, and erases the types (inputs and outputs are JSON, parsed by the schemas). */
export function check<Input, Output>(definition: Omit<Check<Input, Output>, 'kind'>): AnyAction {
  return { kind: 'check', ...definition } as unknown as AnyAction;
}

/** Declares a change; see {@link check}. */
export function change<Input, State, Output>(definition: Omit<Change<Input, State, Output>, 'kind'>): AnyAction {
  return { kind: 'change', ...definition } as unknown as AnyAction;
}
