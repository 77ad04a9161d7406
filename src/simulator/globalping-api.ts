import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import { type ProbeResult, type ProbeWorld, runProbe, type SimulatedProbe } from './globalping-probe.ts';
import { type RunningServer, type ServerAnswer, type ServerRequest, startHttpServer } from './http-server.ts';
import { createRateWindow, type RateWindow } from './rate-window.ts';
import type { Region } from './regions.ts';

type Options = ProbeWorld & { token: string };

const locationSchema = z.strictObject({ magic: z.string().optional(), limit: z.int().min(1).max(200).optional() });

/** `POST /v1/measurements` of type `http` (https://globalping.io/docs/api.globalping.io); other types are not simulated. */
const requestSchema = z.strictObject({
  type: z.literal('http'),
  target: z.string().refine(isPublic, 'Private hostnames are not allowed.'),
  inProgressUpdates: z.boolean().default(false),
  locations: z.array(locationSchema).default([]),
  limit: z.int().min(1).max(500).default(1),
  measurementOptions: z
    .strictObject({
      protocol: z.enum(['HTTP', 'HTTPS', 'HTTP2']).default('HTTPS'),
      port: z.int().min(0).max(65_535).optional(),
      resolver: z.string().optional(),
      request: z
        .strictObject({
          host: z.string().optional(),
          path: z.string().default('/'),
          query: z.string().default(''),
          method: z.enum(['HEAD', 'GET', 'OPTIONS']).default('HEAD'),
          headers: z.record(z.string(), z.string()).default({}),
        })
        .prefault({}),
    })
    .prefault({}),
});

type Measurement = {
  id: string;
  createdAt: string;
  target: string;
  looks: RateWindow;
  results: { probe: SimulatedProbe['place']; result: ProbeResult | { status: 'in-progress'; rawOutput: '' } }[];
};

/** Points for an hour, one for each probe; with a token there are more. */
const hourlyPoints = { anonymous: 250, token: 500 } as const;
const hourMs = 3_600_000;

/**
 * Starts the part of Globalping's API v1 that measures by HTTP, on a free port of 127.0.0.1. Its probes are in the four
 * regions, ask the simulated resolvers, and send real requests to what stands for the address that these give them.
 */
export function startGlobalpingApi(options: Options): Promise<RunningServer> {
  const { world, clock } = options;
  const measurements = new Map<string, Measurement>();
  const limits = { anonymous: createHour(hourlyPoints.anonymous), token: createHour(hourlyPoints.token) };
  return startHttpServer({
    world,
    component: 'globalping-api',
    server: 'globalping-api',
    now: () => clock.now(),
    speed: clock.speed,
    handle: (request) => {
      const { authorization } = request.headers;
      if (authorization !== undefined && authorization !== `Bearer ${options.token}`) {
        return refusal(401, 'unauthorized', 'Unauthorized.');
      }
      if (request.method === 'POST' && request.path === '/v1/measurements') {
        return create(options, measurements, limits[authorization === undefined ? 'anonymous' : 'token'], request);
      }
      const [, id] = /^\/v1\/measurements\/([a-zA-Z0-9]+)$/.exec(request.path) ?? [];
      const found = id === undefined ? undefined : measurements.get(id);
      if (request.method !== 'GET' || found === undefined) {
        return refusal(404, 'not_found', 'Couldn’t find the requested measurement.');
      }
      return show(found, clock.now());
    },
    errorPage: (status) => {
      const { status: _status, ...page } =
        status === 429
          ? refusal(429, 'too_many_probes', 'Too Many Probes Requested', { 'x-ratelimit-reset': '1800' })
          : refusal(status, 'api_error', 'Error');
      return page;
    },
  });
}

/** Ids are public at the real service, too: they need not be hard to guess, and two rehearsals of one seed have the same. */
function idOf(number: number): string {
  return createHash('sha256').update(`measurement ${number}`).digest('hex').slice(0, 32);
}

function create(
  options: Options,
  measurements: Map<string, Measurement>,
  hour: ReturnType<typeof createHour>,
  request: ServerRequest,
): ServerAnswer {
  const parsed = requestSchema.safeParse(parseBody(request.body));
  if (!parsed.success) {
    const params = Object.fromEntries(parsed.error.issues.map(({ path, message }) => [path.join('.'), message]));
    return refusal(400, 'validation_error', 'Parameter validation failed.', {}, params);
  }
  const { target, locations, limit, measurementOptions } = parsed.data;
  const probes = chooseProbes(locations.flatMap(({ magic }) => magic ?? [])).slice(0, limit);
  if (probes.length === 0) return refusal(422, 'no_probes_found', 'No matching probes available.');
  const nowMs = options.clock.now();
  const spent = hour.spend(probes.length, nowMs);
  if (!spent.ok) return refusal(429, 'too_many_probes', 'Too Many Probes Requested', spent.headers);
  const { host = target, path, query, method } = measurementOptions.request;
  const measurement: Measurement = {
    id: idOf(measurements.size + 1),
    createdAt: new Date(nowMs).toISOString(),
    target,
    // The real service limits looks for each measurement and caller too; the numbers are the simulator's own.
    looks: createRateWindow(5, 2_000),
    results: probes.map(({ place }) => ({ probe: place, result: { status: 'in-progress', rawOutput: '' } })),
  };
  measurements.set(measurement.id, measurement);
  const task = { target, host, method, path: `/${path.replace(/^\//, '')}${query === '' ? '' : `?${query}`}` };
  for (const [number, probe] of probes.entries()) {
    void runProbe(options, probe, number, task).then((result) => {
      measurement.results[number] = { probe: probe.place, result };
    });
  }
  const { id } = measurement;
  const headers = { location: `/v1/measurements/${id}`, ...spent.headers };
  return json(202, { id, probesCount: probes.length }, headers);
}

function show({ id, createdAt, target, looks, results }: Measurement, nowMs: number): ServerAnswer {
  const look = looks.take(nowMs);
  if (!look.ok) {
    const words = `Too many requests. Please retry in ${look.retryAfterSeconds} seconds.`;
    return refusal(429, 'too_many_requests', words, { 'retry-after': String(look.retryAfterSeconds) });
  }
  const running = results.some(({ result }) => result.status === 'in-progress');
  const updatedAt = new Date(nowMs).toISOString();
  const status = running ? 'in-progress' : 'finished';
  return json(200, { id, type: 'http', status, createdAt, updatedAt, target, probesCount: results.length, results });
}

const places: Readonly<Record<Region, Omit<SimulatedProbe['place'], 'asn' | 'network'>>> = {
  iad: { continent: 'NA', region: 'Northern America', country: 'US', city: 'Ashburn' },
  nrt: { continent: 'AS', region: 'Eastern Asia', country: 'JP', city: 'Tokyo' },
  dub: { continent: 'EU', region: 'Northern Europe', country: 'IE', city: 'Dublin' },
  gru: { continent: 'SA', region: 'South America', country: 'BR', city: 'São Paulo' },
};
const continents: Readonly<Record<string, string>> = {
  NA: 'north america',
  AS: 'asia',
  EU: 'europe',
  SA: 'south america',
};
const networks = [
  { asn: 64_500, network: 'Example Broadband' },
  { asn: 64_501, network: 'Example Mobile' },
  { asn: 64_502, network: 'Example Hosting' },
];

/** Every probe that fits one of the places, by turns from each place. Everywhere without one. */
function chooseProbes(wanted: readonly string[]): SimulatedProbe[] {
  const all = networks.flatMap((network) =>
    (Object.keys(places) as Region[]).map((region) => ({ region, place: { ...places[region], ...network } })),
  );
  if (wanted.length === 0) return all;
  return all.filter(({ place }) => wanted.some((magic) => fits(place, magic)));
}

function fits(place: SimulatedProbe['place'], magic: string): boolean {
  const known = [...Object.values(place).map(String), continents[place.continent] ?? '', `AS${place.asn}`];
  const terms = magic.split('+').map((term) => term.trim().toLowerCase());
  return terms.every((term) => known.some((text) => text.toLowerCase() === term));
}

function isPublic(target: string): boolean {
  if (isIP(target) !== 0)
    return !/^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd])/i.test(target);
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}$/i.test(target) && !/\.(localhost|local|internal)$/i.test(target);
}

/** Points that are given anew every hour, counted from the first that is taken. */
function createHour(points: number) {
  let left: number = points;
  let resetAtMs = 0;
  return {
    spend(wanted: number, nowMs: number): { ok: boolean; headers: Record<string, string> } {
      if (nowMs >= resetAtMs) [left, resetAtMs] = [points, nowMs + hourMs];
      const ok = wanted <= left;
      if (ok) left -= wanted;
      const headers = {
        'x-ratelimit-limit': String(points),
        'x-ratelimit-consumed': String(ok ? wanted : 0),
        'x-ratelimit-remaining': String(left),
        'x-ratelimit-reset': String(Math.round((resetAtMs - nowMs) / 1_000)),
      };
      return { ok, headers };
    },
  };
}

function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function refusal(
  status: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
  params?: Readonly<Record<string, string>>,
): ServerAnswer {
  return json(status, { error: { type, message, ...(params === undefined ? {} : { params }) } }, headers);
}

function json(status: number, document: object, headers: Readonly<Record<string, string>> = {}): ServerAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(document) };
}
