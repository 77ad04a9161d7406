import { type BackendName, startBackends } from '../../src/simulator/backend.ts';
import { type CertificateAuthority, createCertificateAuthority } from '../../src/simulator/certificates.ts';
import { startCloudFrontEdge } from '../../src/simulator/cloudfront-edge.ts';
import { startEdge } from '../../src/simulator/edge.ts';
import type { RunningServer } from '../../src/simulator/http-server.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../src/simulator/state.ts';
import type { Clock } from '../../src/world/clock.ts';
import { createProber } from '../../src/world/prober.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { sampleEnvironment } from './sample-environment.ts';

/** A key that the simulated backends accept. */
export const apiKey = 're_simulated_0123456789';

/** The HTTP half of the data plane, running on loopback. */
export type DataPlane = {
  world: SimulatedWorld;
  clock: Clock;
  authority: CertificateAuthority;
  backends: Record<BackendName, RunningServer>;
  edge: RunningServer;
  fallback: RunningServer;
  /** Sends one verified request for the hostname (or another one) to a port of 127.0.0.1. */
  send(port: number, request: SentRequest): Promise<Received>;
  close(): Promise<void>;
};

export type SentRequest = {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
  hostname?: string;
};

export type Received = { status: number; headers: Readonly<Record<string, string>>; body: string; json: unknown };

/** Starts both backends and both edges for the sample environment. */
export async function startDataPlane(
  clock: Clock = createClock({ speed: 1 }),
  more: { functionCode?: string } = {},
): Promise<DataPlane> {
  const world = seedWorld(sampleEnvironment(), { seed: 1, ...more });
  world.apiKeys.push(apiKey);
  const authority = createCertificateAuthority();
  const tls = authority.issue({ names: [world.hostname] });
  const backends = await startBackends({ world, tls, now: () => clock.now() });
  const ports = { 'email-api': backends['email-api'].port, 'resend-api': backends['resend-api'].port };
  const edge = await startEdge({ world, clock, authority, backends: ports });
  const fallback = await startCloudFrontEdge({ world, clock, authority, backends: ports });
  const probe = createProber({ ca: authority.caPem });
  return {
    world,
    clock,
    authority,
    backends,
    edge,
    fallback,
    send: async (port, { method = 'GET', path = '/', headers = {}, body, hostname = world.hostname }) => {
      const result = await probe({
        hostname,
        connect: { host: '127.0.0.1', port },
        method,
        path,
        headers: { 'user-agent': 'test/1.0', ...headers },
        timeoutMs: 5_000,
        ...(body === undefined ? {} : { body }),
      });
      if (!result.answered) throw new Error(`${result.phase} ${result.code}: ${result.message}`);
      return { status: result.status, headers: result.headers, body: result.body, json: readJson(result.body) };
    },
    close: async () => {
      await Promise.all([edge.close(), fallback.close(), ...Object.values(backends).map((server) => server.close())]);
    },
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
