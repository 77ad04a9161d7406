import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import type { JsonApi } from '../../world/json-api.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { routeAnswers } from '../dns/route-answers.ts';
import { durationSchema } from '../duration.ts';
import { isEdgeOwnPath } from '../http/edge-own-path.ts';
import { fillLine, wrapText } from '../http/text-columns.ts';
import {
  createdSchema,
  type Measurement,
  measurementSchema,
  type Probe,
  probeSchema,
  readProbes,
} from './measurement.ts';

const ipv4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

const inputSchema = z.strictObject({
  target: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'a public hostname in lower case')
    .optional()
    .describe('the environment’s hostname unless given; Globalping refuses private names and addresses'),
  method: z
    .enum(['GET', 'HEAD', 'OPTIONS'])
    .default('GET')
    .describe('Globalping knows no other: a probe sends no body and changes nothing'),
  path: z
    .string()
    .regex(/^\//, 'a path that begins with /')
    .refine((path) => !isEdgeOwnPath(path), 'not /cdn-cgi/…: the edge answers it itself, also when it fails all else')
    .default('/')
    .describe('no key can go along: anyone may read a measurement'),
  statuses: z
    .array(z.int().min(100).max(599))
    .min(1)
    .optional()
    .describe('what a working path answers to it without a key; any status below 500 unless given'),
  probes: z.int().min(1).max(50).optional().describe('the environment’s number unless given'),
  resolver: z
    .string()
    .regex(ipv4, 'an IPv4 address')
    .optional()
    .describe('whom the probes ask for the address; each its own resolver unless given'),
  within: durationSchema.default(7_000).describe('the time box of it all; what has not been told by then is missing'),
});

const count = z.int().nonnegative();

const outputSchema = z.strictObject({
  verdict: z
    .enum(['served', 'failing', 'mixed', 'unknown'])
    .describe('`served` or `failing`: all that told; `unknown`: fewer than half of the probes told'),
  missing: z.string().describe('why nothing, or not everything, could be seen; empty when all of it was'),
  target: z.string(),
  measurement: z.string().nullable().describe('its id: https://globalping.io shows it for days, to anyone'),
  total: count.describe('probes that were asked'),
  served: count,
  failed: count,
  silent: count.describe('probes that have not told'),
  probes: z.array(probeSchema),
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;

/** "At most one look per 500 ms" (Globalping's client guidelines, in its API's description). */
const lookEveryMs = 500;

/**
 * `globalping.measure`: one request for the hostname from probes around the world, each over what DNS tells it there. One
 * source beside others, and never a gate: a service that is down, late, or takes no more calls for now is found missing, and
 * the step succeeds. A probe checks no certificate, and gives up after 10 s by itself.
 */
export const globalpingMeasure = check<Input, Output>({
  name: 'globalping.measure',
  summary:
    'Ask Globalping’s probes around the world for the hostname; what they do not tell in time is told as missing',
  input: inputSchema,
  output: outputSchema,
  run,
  summarise,
});

type Seen = { id: string | null; total: number; measurement: Measurement | undefined; missing: string };

async function run(input: Input, ctx: ActionContext): Promise<Output> {
  const { globalping } = ctx.env;
  if (globalping === undefined) {
    throw new OpsError('refused', 'the environment names no vantage points', {
      hint: 'add `globalping` to the environment file',
    });
  }
  const target = input.target ?? ctx.env.hostname;
  const seen = await measure(input, target, globalping, ctx);
  const isServed = (status: number) => input.statuses?.includes(status) ?? status < 500;
  const probes =
    seen.measurement === undefined ? [] : readProbes(seen.measurement, { isServed, routeOf: routeBy(ctx) });
  const tally = (saw: Probe['saw']) => probes.filter((probe) => probe.saw === saw).length;
  const [served, failed] = [tally('served'), tally('failed')];
  const total = Math.max(seen.total, probes.length);
  const verdict = (served + failed) * 2 < Math.max(1, total) ? 'unknown' : verdictOf(served, failed);
  const silent = total - served - failed;
  const missing = seen.missing === '' && silent > 0 ? `${silent} of ${total} probes told nothing` : seen.missing;
  return { verdict, missing, target, measurement: seen.id, total, served, failed, silent, probes };
}

function verdictOf(served: number, failed: number): Output['verdict'] {
  if (failed === 0) return 'served';
  return served === 0 ? 'failing' : 'mixed';
}

/** Asks for the measurement, and looks until it is over or the time is. */
async function measure(
  input: Input,
  target: string,
  { locations, probes }: NonNullable<ActionContext['env']['globalping']>,
  ctx: ActionContext,
): Promise<Seen> {
  const box = ctx.clock.timeBox(input.within);
  const signal = AbortSignal.any([ctx.signal, box.signal]);
  const seen: Seen = { id: null, total: 0, measurement: undefined, missing: '' };
  try {
    const api = await ctx.clients.globalping();
    const created = await api.call({ ...creation(input, target, locations, probes), answer: createdSchema }, signal);
    seen.id = created.id;
    seen.total = created.probesCount;
    seen.measurement = await look(api, seen, ctx, signal);
    return seen;
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (box.signal.aborted) return { ...seen, missing: `not all told within ${input.within / 1_000} s` };
    if (error instanceof OpsError && tells(error)) return { ...seen, missing: boundedText(error.message, 200) };
    throw error;
  } finally {
    box.cancel();
  }
}

function tells({ code }: OpsError): boolean {
  return ['not-sent', 'lost-answer', 'refused', 'credentials'].includes(code);
}

function creation(input: Input, target: string, locations: readonly string[], probes: number) {
  const { method, path, resolver } = input;
  const [pathname = '/', query] = path.split('?', 2);
  return {
    what: 'ask for a measurement',
    method: 'POST',
    path: '/v1/measurements',
    body: {
      type: 'http',
      target,
      locations: locations.map((magic) => ({ magic })),
      limit: input.probes ?? probes,
      measurementOptions: {
        protocol: 'HTTPS',
        port: 443,
        request: { method, host: target, path: pathname, ...(query === undefined ? {} : { query }) },
        ...(resolver === undefined ? {} : { resolver }),
      },
    },
  } as const;
}

/** Looks again and again; what was seen last is kept in `seen`, for when the time is over. */
async function look(api: JsonApi, seen: Seen, ctx: ActionContext, signal: AbortSignal): Promise<Measurement> {
  const call = { what: 'look at the measurement', method: 'GET', path: `/v1/measurements/${seen.id}` } as const;
  for (;;) {
    ctx.progress('waiting for the probes');
    await ctx.clock.sleep(lookEveryMs, signal);
    const measurement = await api.call({ ...call, answer: measurementSchema }, signal);
    seen.measurement = measurement;
    if (measurement.status !== 'in-progress') return measurement;
  }
}

/** Which of the environment's routes an address belongs to; a route whose answers cannot be told is none. */
function routeBy(ctx: ActionContext): (address: string) => string | null {
  const known = Object.keys(ctx.env.routes).flatMap((name) => {
    try {
      return [{ name, includes: routeAnswers(ctx.env, name).includes }];
    } catch (error) {
      if (error instanceof OpsError && error.code === 'invalid') return [];
      throw error;
    }
  });
  return (address) => known.find(({ includes }) => includes(address))?.name ?? null;
}

const shownProbes = 12;

function summarise({ verdict, missing, total, served, failed, probes }: Output): Summary {
  const state = {
    served: 'vantage points: all that told are served',
    failing: 'vantage points: none that told is served',
    mixed: 'vantage points: some are served',
    unknown: 'vantage points: missing',
  }[verdict];
  const facts = total === 0 ? [state] : [state, `${served} of ${total} served`, `${failed} failed`];
  const rows = probes.slice(0, shownProbes).flatMap(({ saw, country, city, network, route, status, why }) => {
    const over = route === null ? '' : ` over ${route}`;
    const told = saw === 'served' ? `HTTP ${status}` : why;
    return wrapText(`${saw.padEnd(7)} ${country} ${city}, ${network}${over}: ${told}`, '        ');
  });
  const more = probes.length > shownProbes ? [`and ${probes.length - shownProbes} more`] : [];
  const why = missing === '' ? [] : wrapText(`missing: ${missing}`, '      ');
  return { headline: fillLine(facts).fitting, detail: [...rows, ...more, ...why] };
}
