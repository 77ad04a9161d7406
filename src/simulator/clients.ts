import { setMaxListeners } from 'node:events';
import { Agent } from 'node:https';
import type { Clock } from '../world/clock.ts';
import type { DnsTransport } from '../world/dns.ts';
import { type PathPorts, pathOf } from './address-path.ts';
import { sendClientRequest } from './client-request.ts';
import { createClientResolution } from './client-resolution.ts';
import { type ClientsReport, type ClientTally, createClientTally, type Via } from './client-tally.ts';
import { regions } from './regions.ts';
import type { SimulatedWorld } from './state.ts';

/** What the simulated customers are made of: see {@link startClients}. */
type ClientsOptions = {
  world: SimulatedWorld;
  clock: Clock;
  /** How they ask their resolvers, over real sockets. */
  ask: DnsTransport;
  /** The resolvers, shared out among the clients in turn. */
  resolvers: readonly { address: string; port: number }[];
  ports: PathPorts;
  /** The authority that the edges' certificates come from. */
  caPem: string;
  /** A key that the backends accept. */
  apiKey: string;
  /** 8 unless given. */
  count?: number;
  /** Between two requests of one client, by the clock; 200 unless given. */
  intervalMs?: number;
  /** Spreads the requests over time, the same way for the same seed. */
  seed?: number;
};

/** Simulated customers at work. */
export type Clients = {
  report(): ClientsReport;
  /** Stops them and cuts their connections. Safe to call twice. */
  close(): Promise<void>;
};

/** However fast the clock, a client leaves the machine this much air between two requests. */
const leastIntervalRealMs = 200;
const requestTimeoutMs = 10_000;
/** Most clients open a new connection after a few requests; every fourth holds one far longer, as SDK pools do. */
const requestsPerConnection = { fresh: 5, holding: 60 };

/**
 * Starts customers who keep resolving the hostname and sending requests (sending and reading by turns) over verified
 * TLS to whatever loopback port stands for the address that DNS gave them (for the edge's, their region's), and records what they saw. A connection
 * once open is used on, whatever DNS says meanwhile: a DNS switch is not moved traffic.
 */
export function startClients(options: ClientsOptions): Clients {
  const count = options.count ?? 8;
  const tally = createClientTally(count);
  const stopped = new AbortController();
  // Every client listens, some twice; Node would take that for a leak and warn on the operator's terminal.
  setMaxListeners(0, stopped.signal);
  const running = Array.from({ length: count }, (_, number) => runClient(number, options, tally, stopped.signal));
  return {
    report: () => tally.report(),
    close: async () => {
      stopped.abort();
      await Promise.all(running);
    },
  };
}

async function runClient(
  number: number,
  options: ClientsOptions,
  tally: ClientTally,
  stopped: AbortSignal,
): Promise<void> {
  const { world, clock, ask, resolvers, caPem, apiKey, seed = 1 } = options;
  const resolver = resolvers[number % Math.max(1, resolvers.length)];
  if (resolver === undefined) return;
  const { hostname } = world;
  // In pairs, so that no region has all the long connections.
  const region = regions[Math.floor(number / 2) % regions.length] ?? regions[0];
  const random = randomFrom(seed * 1_000 + number);
  const resolve = createClientResolution({ hostname, clock, ask, resolver });
  const perConnection = number % 4 === 3 ? requestsPerConnection.holding : requestsPerConnection.fresh;
  const intervalMs = Math.max(options.intervalMs ?? 200, leastIntervalRealMs * clock.speed);
  const pause = (ms: number) => clock.sleep(ms, stopped).catch(() => undefined);

  let path: { agent: Agent; via: Via; port: number; used: number } | undefined;
  const leave = () => {
    path?.agent.destroy();
    path = undefined;
  };
  // Stopping cuts the connection, and with it the request that waits for its answer.
  stopped.addEventListener('abort', leave, { once: true });

  /** Sends over the open connection, or over a new one to where DNS points now. */
  const sendOne = async (turn: number): Promise<{ via: Via; failure: string | undefined }> => {
    if (path === undefined || path.used >= perConnection) {
      leave();
      const addresses = await resolve(stopped);
      const to = pathOf(world, options.ports, region, addresses?.[Math.floor(random() * addresses.length)]);
      if (to === undefined || stopped.aborted) return { via: 'nowhere', failure: 'dns' };
      path = { ...to, agent: new Agent({ keepAlive: true, maxSockets: 1, ca: caPem }), used: 0 };
    }
    path.used += 1;
    const { agent, port, via } = path;
    const kind = turn % 2 === 0 ? 'send' : 'read';
    const idempotencyKey = `simulated-${seed}-${number}-${turn}`;
    const { signal, cancel } = clock.timeBox(requestTimeoutMs);
    const failure = await sendClientRequest({ hostname, port, agent, apiKey, kind, idempotencyKey, signal });
    cancel();
    // A failed connection is not used again; an HTTP error leaves it open, as clients do.
    if (failure !== undefined && !/^\d+$/.test(failure)) leave();
    return { via, failure };
  };

  await pause(random() * intervalMs);
  for (let turn = 0; !stopped.aborted; turn += 1) {
    const sentAtMs = clock.now();
    const { via, failure } = await sendOne(turn);
    // What was cut off because the rehearsal ended says nothing about the world.
    if (!stopped.aborted) tally.record({ client: number, via, failure, sentAtMs });
    await pause(intervalMs * (0.75 + random() / 2));
  }
}

/** Mulberry32: small, fast, and the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
