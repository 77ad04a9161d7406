import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type AnyAction, change, check } from '../../src/actions/action.ts';
import { manualChange } from '../../src/actions/manual/change.ts';
import { wait } from '../../src/actions/wait/wait.ts';
import { createInterrupts } from '../../src/engine/interrupts.ts';
import type { ContinueOptions, StartOptions } from '../../src/engine/options.ts';
import { OpsError } from '../../src/errors.ts';
import type { Entry } from '../../src/journal/events.ts';
import { loadRunbook } from '../../src/runbook/load-runbook.ts';
import { assertMayWrite } from '../../src/world/access.ts';
import { environmentSchema } from '../../src/world/environment.ts';
import type { Json } from '../../src/world/json.ts';
import type { Answer, Operator } from '../../src/world/operator.ts';
import type { ProcessIdentity } from '../../src/world/process-identity.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { storeOn } from '../journal/support/store-fixture.ts';

/** How a write to the small world misbehaves, once. */
type Mischief =
  | 'refuse'
  | 'not-sent'
  | 'lost-but-done'
  | 'lost'
  | 'late'
  | 'ok-but-not-done'
  | 'error-but-done'
  | 'hang';

/** A small world of named switches, with the log of every write that reached it. */
type SmallWorld = {
  switches: Map<string, Json>;
  writes: string[];
  mischief: Map<string, Mischief[]>;
  blind: boolean;
  /** What the last look before a write says against it. */
  objection: string | null;
  /** What a plan says against the change from now on. */
  planObjection: string | null;
  /** A write on its way: it lands at the read that `afterReads` counts down to, once that is set. */
  late: { name: string; value: Json; afterReads: number | null } | null;
};

const outputSchema = z.object({ value: z.json() });

/** Actions on a small world: `test.set` (a change), `test.say` (cannot be undone), `test.look` (a check), `test.rogue` (writes in plan). */
function smallWorldActions(
  world: SmallWorld,
  access: () => Parameters<typeof assertMayWrite>[0] | undefined,
): ReadonlyMap<string, AnyAction> {
  const write = async (name: string, value: Json, signal: AbortSignal, what = 'set'): Promise<void> => {
    const now = access();
    if (now !== undefined) await assertMayWrite(now, `PUT /${name}`, 1_000);
    const mischief = world.mischief.get(name)?.shift();
    if (mischief === 'not-sent') throw new OpsError('not-sent', 'connection refused');
    if (mischief === 'refuse') throw new OpsError('refused', 'the provider said no');
    world.writes.push(`${what} ${name}=${JSON.stringify(value)}`);
    if (mischief !== 'lost' && mischief !== 'late' && mischief !== 'ok-but-not-done' && mischief !== 'hang')
      world.switches.set(name, value);
    if (mischief === 'late') world.late = { name, value, afterReads: null };
    if (mischief === 'lost-but-done' || mischief === 'lost' || mischief === 'late')
      throw new OpsError('lost-answer', 'the connection was reset');
    if (mischief === 'error-but-done') throw new OpsError('lost-answer', 'HTTP 500');
    if (mischief === 'hang')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const read = (name: string): Json => {
    if (world.blind) throw new OpsError('lost-answer', 'the provider does not answer');
    if (world.late !== null && world.late.afterReads !== null) {
      world.late.afterReads -= 1;
      if (world.late.afterReads === 0) world.switches.set(world.late.name, world.late.value);
    }
    return world.switches.get(name) ?? null;
  };
  const same = (a: Json, b: Json) => JSON.stringify(a) === JSON.stringify(b);
  const state = z.object({ name: z.string(), value: z.json() });
  const set = change({
    name: 'test.set',
    summary: 'Set a switch',
    input: z.strictObject({ name: z.string(), value: z.json() }),
    state,
    output: outputSchema,
    async plan(input) {
      const before = { name: input.name, value: read(input.name) };
      const after = { name: input.name, value: input.value };
      return {
        before,
        after,
        diff: same(before, after) ? [] : [`- ${JSON.stringify(before.value)}`, `+ ${JSON.stringify(after.value)}`],
        notes: [],
        guards:
          world.planObjection === null
            ? []
            : [{ guard: 'plan-objection', message: world.planObjection, hint: 'look again' }],
      };
    },
    guards: ['objection', 'plan-objection'],
    lastLook: async () =>
      world.objection === null ? [] : [{ guard: 'objection', message: world.objection, hint: 'hold' }],
    async apply(planned, ctx) {
      if (!same(read(planned.before.name), planned.before.value))
        throw new OpsError('drift', 'someone else changed it');
      await write(planned.after.name, planned.after.value, ctx.signal);
      return { value: planned.after.value };
    },
    async observe(planned) {
      const now = read(planned.before.name);
      return same(now, planned.after.value) ? 'after' : same(now, planned.before.value) ? 'before' : 'other';
    },
    async revert(planned, ctx) {
      if (!same(read(planned.after.name), planned.after.value)) throw new OpsError('drift', 'someone else changed it');
      await write(planned.before.name, planned.before.value, ctx.signal, 'revert');
    },
    summarise: (output) => ({ headline: `set to ${JSON.stringify(output.value)}`, detail: [] }),
  });
  const say = change({
    name: 'test.say',
    summary: 'Say something',
    input: z.strictObject({ text: z.string() }),
    state: z.union([z.null(), z.object({ text: z.string() })]),
    output: outputSchema,
    plan: async (input) => ({
      before: null,
      after: { text: input.text },
      diff: [`+ ${input.text}`],
      notes: ['cannot be unsent'],
      guards: [],
    }),
    async apply(planned, ctx) {
      await write('said', planned.after?.text ?? null, ctx.signal, 'say');
      return { value: planned.after?.text ?? null };
    },
    observe: async (planned) => (read('said') === planned.after?.text ? 'after' : 'before'),
    summarise: () => ({ headline: 'said', detail: [] }),
  });
  const look = check({
    name: 'test.look',
    summary: 'Look at a switch',
    input: z.strictObject({ name: z.string() }),
    output: outputSchema,
    run: async (input) => ({ value: read(input.name) }),
    summarise: (output) => ({ headline: `it is ${JSON.stringify(output.value)}`, detail: [], milestone: 'switched' }),
  });
  const slow = check({
    name: 'test.slow',
    summary: 'Never end by itself',
    input: z.strictObject({}),
    output: outputSchema,
    run: (_input, ctx) =>
      new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))),
    summarise: () => ({ headline: 'slow', detail: [] }),
  });
  return new Map([set, say, look, slow].map((action) => [action.name, action]));
}

/** An operator with prepared answers; unprepared questions fail the test. */
function scriptedOperator(interactive: boolean, answers: unknown[] = []): Operator & { asked: string[] } {
  const asked: string[] = [];
  const next = (message: string): Answer<never> => {
    asked.push(message);
    if (answers.length === 0) throw new Error(`nobody prepared an answer to: ${message}`);
    const value = answers.shift();
    if (value === 'CTRL-C') return { kind: 'interrupted' };
    return { kind: 'answered', value: value as never, by: 'terminal' };
  };
  return {
    interactive,
    asked,
    typePhrase: async ({ message }) => next(message),
    confirm: async ({ message }) => next(message),
    choose: async ({ message }) => next(message),
    interrupt: () => false,
    tell: () => undefined,
  };
}

const environment = environmentSchema.parse({
  hostname: 'api.example.com',
  zone: 'example.com',
  routes: { edge: { provider: 'cloudflare', connect: '127.0.0.1:1' } },
  dns: { resolvers: ['127.0.0.1:1'] },
});

/** A bench for the engine: a real log in a temporary directory, a small world, and scripted answers. */
export function createBench(
  steps: string,
  more: {
    answers?: unknown[];
    interactive?: boolean;
    head?: string;
    self?: ProcessIdentity;
    /** Actions beside those of the small world. */
    actions?: readonly AnyAction[];
  } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'resend-ops-engine-'));
  const world: SmallWorld = {
    switches: new Map(),
    writes: [],
    mischief: new Map(),
    blind: false,
    objection: null,
    planObjection: null,
    late: null,
  };
  const actions = new Map([
    ...smallWorldActions(world, () => undefined),
    [manualChange.name, manualChange],
    [wait.name, wait],
    ...(more.actions ?? []).map((action): [string, AnyAction] => [action.name, action]),
  ]);
  const text = `title: A test\n${more.head ?? ''}steps:\n${steps}`;
  const loaded = loadRunbook({ file: 'test.yaml', text, actions, environment, suites: new Map<string, never>() });
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems, null, 1));
  const store = storeOn(join(directory, 'state'), more.self === undefined ? {} : { self: more.self });
  const operator = scriptedOperator(more.interactive ?? false, more.answers ?? []);
  const interrupts = createInterrupts();
  const entries: Entry[] = [];
  const listeners: ((entry: Entry) => void)[] = [];
  const options: StartOptions = {
    runbook: loaded.runbook,
    environment,
    environmentName: 'test',
    suites: new Map(),
    documents: [{ kind: 'runbook', name: 'test', file: 'test.yaml', text }],
    inputs: {},
    mode: 'live',
    overrides: {},
    version: '0.0.0',
    store,
    actor: { user: 'tester', host: 'here' },
    operator,
    clock: createClock({ speed: 20 }),
    edges: {
      probe: () => Promise.reject(new Error('no probes here')),
      dns: () => Promise.reject(new Error('no DNS here')),
      smtp: () => Promise.reject(new Error('no SMTP here')),
      cloudflare: () => Promise.reject(new Error('no Cloudflare here')),
      slack: () => Promise.reject(new Error('no Slack here')),
      route53: () => Promise.reject(new Error('no Route 53 here')),
      cloudfront: () => Promise.reject(new Error('no CloudFront here')),
      statuspage: () => Promise.reject(new Error('no status page here')),
      pagerduty: () => Promise.reject(new Error('no PagerDuty here')),
      vendorStatus: () => Promise.reject(new Error('no vendor here')),
      pagerdutyRest: () => Promise.reject(new Error('no PagerDuty here')),
      datadog: () => Promise.reject(new Error('no Datadog here')),
      globalping: () => Promise.reject(new Error('no Globalping here')),
      secret: () => undefined,
    },
    interrupts,
    rehearsals: async () => ({ rehearsals: [], unreadable: 0 }),
    actions,
    subscribe: (entry) => {
      entries.push(entry);
      for (const listener of listeners) listener(entry);
    },
  };
  return {
    directory,
    world,
    store,
    operator,
    interrupts,
    entries,
    options,
    /** Calls `listener` at each entry from now on. */
    onEntry: (listener: (entry: Entry) => void) => listeners.push(listener),
    again: (run: string): ContinueOptions => ({ ...options, run }),
    /** The same, by somebody who answers every confirmation with yes. */
    confirmed: (run: string): ContinueOptions => ({
      ...options,
      run,
      operator: { ...operator, confirm: async () => ({ kind: 'answered', value: true, by: 'terminal' }) },
    }),
    /** The same, as a process that comes after the first has died. */
    afterDeath: (run: string): ContinueOptions => ({ ...options, store: storeOn(join(directory, 'state')), run }),
    types: () => entries.map(({ type }) => type),
    async dispose() {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
