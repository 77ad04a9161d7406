import { request } from 'node:https';
import type { Clock } from '../world/clock.ts';
import type { DnsTransport } from '../world/dns.ts';
import { type PathPorts, pathOf } from './address-path.ts';
import type { Region } from './regions.ts';
import type { SimulatedWorld } from './state.ts';

/** A probe of the simulated Globalping: its place as the API tells it, and the region from which it looks. */
export type SimulatedProbe = {
  region: Region;
  place: { continent: string; region: string; country: string; city: string; asn: number; network: string };
};

/** What is asked of every probe. */
export type ProbeTask = { target: string; host: string; method: string; path: string };

/** What the probes look through. */
export type ProbeWorld = {
  world: SimulatedWorld;
  clock: Clock;
  ask: DnsTransport;
  resolvers: readonly { address: string; port: number }[];
  ports: PathPorts;
};

/** A test's result, in the API's own terms. */
export type ProbeResult = {
  status: 'finished' | 'failed';
  statusCode: number | null;
  statusCodeName: string;
  resolvedAddress: string | null;
  headers: Record<string, string | string[] | undefined>;
  rawOutput: string;
};

/** A real probe gives up by itself after so long. */
const probeTimeoutMs = 10_000;

/**
 * Sends one request as a real probe does: over the address that a resolver gives it, with the target's name in the handshake,
 * no matter what certificate answers. Never rejects.
 */
export async function runProbe(
  { world, clock, ask, resolvers, ports }: ProbeWorld,
  { region }: SimulatedProbe,
  number: number,
  task: ProbeTask,
): Promise<ProbeResult> {
  const resolver = resolvers[number % Math.max(1, resolvers.length)];
  if (resolver === undefined) return failed('no resolver');
  const { signal, cancel } = clock.timeBox(probeTimeoutMs);
  try {
    const query = { server: resolver, name: task.target, type: 'A', recursionDesired: true, timeoutMs: 2_000 } as const;
    const answer = await ask({ ...query, signal });
    const addresses = answer.answered ? answer.answers.filter(({ type }) => type === 'A') : [];
    const address = addresses[number % Math.max(1, addresses.length)]?.data;
    if (address === undefined) return failed(`queryA ENOTFOUND ${task.target}`);
    const path = pathOf(world, ports, region, address);
    if (path === undefined) return failed(`connect EHOSTUNREACH ${address}:443`);
    return await send(task, path.port, address, signal);
  } catch {
    return failed('Request timeout.');
  } finally {
    cancel();
  }
}

function send(task: ProbeTask, port: number, address: string, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const fail = (error: Error) => resolve(failed(signal.aborted ? 'Request timeout.' : error.message));
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        servername: task.target,
        agent: false,
        signal,
        rejectUnauthorized: false,
        method: task.method,
        path: task.path,
        headers: { host: task.host, 'user-agent': 'globalping probe (https://github.com/jsdelivr/globalping)' },
      },
      (response) => {
        response.resume();
        response.on('error', fail);
        response.on('end', () => {
          const { statusCode = 0, statusMessage = '', headers } = response;
          const rawOutput = `HTTP/1.1 ${statusCode}`;
          const seen = { statusCode, statusCodeName: statusMessage, headers, rawOutput };
          resolve({ status: 'finished', resolvedAddress: address, ...seen });
        });
      },
    );
    outgoing.on('error', fail);
    outgoing.end();
  });
}

/** A failed test keeps nothing but its words. */
function failed(rawOutput: string): ProbeResult {
  return { status: 'failed', statusCode: null, statusCodeName: '', resolvedAddress: null, headers: {}, rawOutput };
}
