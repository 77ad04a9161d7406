import { z } from 'zod';
import { type AnyAction, change, check } from '../../src/actions/action.ts';
import { suiteSchema } from '../../src/actions/http/suite.ts';
import { loadRunbook } from '../../src/runbook/load-runbook.ts';
import type { Problem } from '../../src/runbook/problem.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { type Environment, environmentSchema } from '../../src/world/environment.ts';

const duration = z.union([
  z
    .string()
    .regex(/^\d+(ms|s)$/, 'a duration such as 5s')
    .transform((text) => Number.parseInt(text, 10)),
  z.int().nonnegative(),
]);

const none = async (): Promise<never> => {
  throw new Error('small actions are only linted');
};

/** A check with typed outputs of every kind. */
const look = check({
  name: 'test.look',
  summary: 'Look at something',
  input: z.strictObject({
    route: z.string().optional(),
    routes: z.array(z.string()).optional(),
    suite: z.string().optional(),
    rounds: z.int().min(1).max(9).default(3),
    mode: z.enum(['fast', 'slow']).default('fast'),
    over: duration.default(0),
    deep: z.strictObject({ on: z.boolean() }).optional(),
  }),
  output: z.strictObject({
    verdict: z.enum(['healthy', 'provider-fault']),
    passed: z.int(),
    total: z.int(),
    ratio: z.number(),
    ok: z.boolean(),
    note: z.string().nullable(),
    names: z.array(z.string()),
    results: z.array(z.strictObject({ id: z.string(), ok: z.boolean(), 'took-ms': z.number() })),
    routes: z.record(z.string(), z.strictObject({ state: z.enum(['good', 'bad']) })),
  }),
  run: none,
  summarise: () => ({ headline: '', detail: [] }),
});

/** A change with a proof in its input, as `manual.change` has. */
const set = change({
  name: 'test.set',
  summary: 'Set something',
  input: z.strictObject({
    value: z.union([z.string(), z.number()]),
    proof: z.strictObject({ uses: z.string(), with: z.record(z.string(), z.json()).default({}) }).optional(),
  }),
  state: z.json(),
  output: z.strictObject({ 'change-id': z.string() }),
  plan: none,
  apply: none,
  observe: none,
  summarise: () => ({ headline: '', detail: [] }),
});

/** The actions that these tests' runbooks use. */
export const actions: ReadonlyMap<string, AnyAction> = new Map([look, set].map((action) => [action.name, action]));

export const environment: Environment = environmentSchema.parse({
  hostname: 'api.example.com',
  zone: 'example.com',
  routes: {
    edge: { provider: 'cloudflare', connect: 'api.example.com' },
    'edge-canary': { provider: 'cloudflare', connect: '192.0.2.7' },
    fallback: { provider: 'cloudfront', connect: 'd1.cloudfront.net' },
  },
  backends: { 'email-api': { header: 'x-backend', value: 'email' } },
  dns: { resolvers: ['192.0.2.53'] },
  secrets: { 'bad-key': 'BAD_KEY' },
});

const suite = suiteSchema.parse({
  title: 'Critical',
  requests: [{ id: 'root', method: 'GET', path: '/', expect: { status: 200 } }],
});

/** Loads a runbook of these steps; the first line of `steps` is line 4 of the file. */
export function loadSteps(steps: string, head = 'inputs: {}'): { runbook: Runbook } | { problems: Problem[] } {
  return load(`title: Test\n${head}\nsteps:\n${steps}`);
}

/** Loads a runbook's text with the small actions, the environment, and the suite `critical`. */
export function load(text: string): { runbook: Runbook } | { problems: Problem[] } {
  return loadRunbook({
    file: 'runbooks/test.yaml',
    text,
    actions,
    environment,
    suites: new Map([['critical', suite]]),
  });
}

/** The runbook, or a failed test that shows its problems. */
export function expectRunbook(loaded: { runbook: Runbook } | { problems: Problem[] }): Runbook {
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems, null, 1));
  return loaded.runbook;
}

/** `line:column: what; remedy` of each problem. */
export function problemsOf(loaded: object): string[] {
  if (!('problems' in loaded) || !Array.isArray(loaded.problems)) return [];
  return loaded.problems.map(({ where, what, remedy }: Problem) => `${where.line}:${where.column}: ${what}; ${remedy}`);
}
