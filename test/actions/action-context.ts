import { expect } from 'vitest';
import type { ActionContext, AnyAction, Summary } from '../../src/actions/action.ts';
import { OpsError } from '../../src/errors.ts';
import type { Clock } from '../../src/world/clock.ts';
import { environmentSchema } from '../../src/world/environment.ts';
import type { Json } from '../../src/world/json.ts';
import type { Answer, Operator } from '../../src/world/operator.ts';

/** An environment for tests; `more` replaces whole fields. */
export function testEnvironment(more: object = {}) {
  return environmentSchema.parse({
    hostname: 'api.example.com',
    zone: 'example.com',
    routes: {
      edge: { provider: 'cloudflare', connect: '104.16.0.1' },
      fallback: { provider: 'cloudfront', connect: 'd1.cloudfront.net' },
    },
    dns: { resolvers: ['192.0.2.53'] },
    ...more,
  });
}

/** A clock whose sleeps are over at once; each first lets the test change the world. */
export function testClock(onSleep: (ms: number, turn: number) => void = () => {}): Clock & { slept: number[] } {
  let now = Date.UTC(2026, 0, 1);
  const slept: number[] = [];
  return {
    speed: 1,
    slept,
    now: () => now,
    timeOfDay: () => now,
    async sleep(ms, signal) {
      slept.push(ms);
      onSleep(ms, slept.length);
      if (signal?.aborted === true) throw signal.reason;
      now += ms;
    },
    timeBox: () => ({ signal: new AbortController().signal, cancel: () => undefined }),
  };
}

/** An operator who answers yes-or-no questions with the given answers, in order, and keeps what was said to them. */
export function testOperator(answers: readonly Answer<boolean>[]): Operator & { told: string[]; asked: string[] } {
  const left = [...answers];
  const told: string[] = [];
  const asked: string[] = [];
  return {
    interactive: true,
    told,
    asked,
    async confirm({ message }) {
      asked.push(message);
      const answer = left.shift();
      if (answer === undefined) throw new Error(`unexpected question: ${message}`);
      return answer;
    },
    typePhrase: () => unexpected('a phrase was asked for'),
    choose: () => unexpected('a choice was asked for'),
    interrupt: () => false,
    tell: (text) => {
      told.push(text);
    },
  };
}

/** A context in which everything that is not given throws when it is touched. `notes` holds what was noted. */
export function testContext(given: Partial<ActionContext> = {}): ActionContext & { notes: Json[]; said: string[] } {
  const notes: Json[] = [];
  const said: string[] = [];
  return {
    env: testEnvironment(),
    run: { id: '01', shortId: '01', runbook: 'failover', title: 'Fail over', mode: 'live' },
    step: 'step',
    clock: testClock(),
    signal: new AbortController().signal,
    mayWait: true,
    probe: () => unexpected('a probe was sent'),
    dns: () => unexpected('a DNS server was asked'),
    smtp: () => unexpected('an SMTP server was talked to'),
    clients: uncalledClients,
    operator: testOperator([]),
    suite: (name) => {
      throw new Error(`unexpected: suite ${name}`);
    },
    secret: () => undefined,
    runCheck: (name) => unexpected(`${name} was run`),
    planChange: (name) => unexpected(`${name} was planned`),
    past: {
      rehearsals: () => unexpected('rehearsals were read'),
      lastOutput: () => unexpected('an earlier run was read'),
    },
    noted: undefined,
    note: async (fact) => {
      notes.push(fact);
    },
    progress: (text) => {
      said.push(text);
    },
    notes,
    said,
    ...given,
  };
}

function unexpected(what: string): Promise<never> {
  return Promise.reject(new Error(`unexpected: ${what}`));
}

/** Runs a check as the engine does: input and output go through its schemas, and its summary keeps to the width. */
export async function runCheck(
  action: AnyAction,
  input: Json,
  ctx: ActionContext,
): Promise<{ output: Json; summary: Summary }> {
  if (action.kind !== 'check') throw new Error(`${action.name} is no check`);
  const parsed = action.input.parse(input);
  const output = action.output.parse(await action.run(parsed, ctx));
  const summary = action.summarise(output, parsed);
  for (const line of [summary.headline, ...summary.detail]) expect(line.length, line).toBeLessThanOrEqual(76);
  return { output, summary };
}

/** The change, as the engine holds it. */
export function asChange(action: AnyAction): Extract<AnyAction, { kind: 'change' }> {
  if (action.kind !== 'change') throw new Error(`${action.name} is no change`);
  return action;
}

const uncalled = (name: string) => () => unexpected(`${name} was called`);

/** Clients of every provider, none of which a test expects to be called; it puts in the one that is. */
export const uncalledClients: ActionContext['clients'] = {
  cloudflare: uncalled('Cloudflare'),
  slack: uncalled('Slack'),
  route53: uncalled('Route 53'),
  cloudfront: uncalled('CloudFront'),
  statuspage: uncalled('the status page'),
  pagerduty: uncalled('PagerDuty'),
  vendorStatus: uncalled('a vendor’s status page'),
  pagerdutyRest: uncalled('PagerDuty’s REST API'),
  datadog: uncalled('Datadog'),
  globalping: uncalled('Globalping'),
};

/** The failure of a call that must fail as expected. */
export async function failureOf(work: Promise<unknown>): Promise<OpsError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof OpsError) return error;
  throw new Error(`no OpsError: ${String(error)}`, { cause: error });
}
