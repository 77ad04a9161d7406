import type { Clock } from '../world/clock.ts';
import { createDnsTransport } from '../world/dns-transport.ts';
import type { Environment } from '../world/environment.ts';
import { answeredPath } from './answered-path.ts';
import { type BackendName, startBackends } from './backend.ts';
import { createCertificateAuthority } from './certificates.ts';
import type { ClientsReport, Via } from './client-tally.ts';
import { type Clients, startClients } from './clients.ts';
import { startCloudFrontEdge } from './cloudfront-edge.ts';
import { castOf, startColleagues } from './colleagues.ts';
import { startControlPort } from './control-port.ts';
import { dependencyHostsOf } from './dependencies.ts';
import { startDnsServer, startParentServer } from './dns-server.ts';
import { startEdge } from './edge.ts';
import { type Endpoint, listEndpoints } from './endpoints.ts';
import { pointAtSimulator, type SimulatedPorts, writeEnvironment } from './environment-file.ts';
import { endpointTokens, generateSecrets, withOwnSecrets } from './generated-secrets.ts';
import { startGlobalpingApi } from './globalping-api.ts';
import { leaveFailedOver } from './leave-failed-over.ts';
import { oddTtl } from './odd-ttl.ts';
import { operatorsRegion, type Region } from './regions.ts';
import { startResolver } from './resolver.ts';
import type { TtlLimits } from './resolver-cache.ts';
import type { Scenario } from './scenario.ts';
import { playScenario } from './scenario-player.ts';
import { seedWorld } from './seed.ts';
import { smtpHostname, startSmtpService } from './smtp-service.ts';
import { startApis } from './start-apis.ts';
import type { SimulatedWorld } from './state.ts';

/** What a simulator is made of: see {@link startSimulator}. */
export type SimulatorOptions = {
  /** The operator's environment; the simulated world takes its names and its real ids. */
  environment: Environment;
  /** Where `environment.yaml` and `ca.pem` are written; made when absent. It stays when the simulator stops. */
  directory: string;
  /** The rehearsal's clock; its speed is the simulator's. */
  clock: Clock;
  /** Ids, addresses and the clients' rhythm follow from it; 1 unless given. */
  seed?: number;
  /** Plays from the moment the simulator has started; without one nothing breaks. */
  scenario?: Scenario;
  /** The scenario's marked moment to begin at; its beginning unless given. */
  from?: string;
  /** The function at CloudFront that chooses the backend, LIVE and DEVELOPMENT; a short one of the simulator's own unless given. */
  functionCode?: string;
  /** The person who rehearses, as the log names them: a colleague is somebody else. */
  operator?: string;
  /** Gets the scenario's words for people. */
  say?(text: string): void;
  /** How many simulated customers send requests; 8 unless given, 0 for none. */
  clients?: number;
};

/** A running simulator. */
export type Simulator = {
  /** The operator's environment, pointed at the simulator: what `environmentFile` holds. */
  environment: Environment;
  environmentFile: string;
  caFile: string;
  /** Process variable → the credential that the simulator accepts, one for each secret of the environment. */
  secrets: Record<string, string>;
  endpoints: Endpoint[];
  /** Base URL of the control port. */
  control: string;
  world: SimulatedWorld;
  clientsReport(): ClientsReport;
  /** The path that authoritative DNS sends customers on at this moment. */
  answeredPath(): Via;
  /** Closes every server and connection. Safe to call twice. Rejects if the scenario failed to play. */
  stop(): Promise<void>;
};

/**
 * Starts the providers on loopback: the authoritative servers and one of the zone above, as many resolvers as the
 * environment lists (four at most), both edges, both backends, the APIs (Cloudflare, AWS, Slack, the status page,
 * paging), the control port, and customers; and writes the
 * environment that points at them. Throws `invalid` where the environment cannot be simulated; then nothing is left running.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const running: { close(): Promise<void> }[] = [];
  const closeAll = () => Promise.all(running.map((server) => server.close()));
  try {
    return await start(options, running, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function start(
  options: SimulatorOptions,
  running: { close(): Promise<void> }[],
  closeAll: () => Promise<unknown>,
): Promise<Simulator> {
  const { clock, directory, seed = 1 } = options;
  const world = seedWorld(options.environment, {
    seed,
    servedBy: options.scenario?.['served-by'],
    ds: options.scenario?.ds,
    functionCode: options.functionCode,
  });
  world.sites = Object.keys(options.environment.sites ?? {});
  world.dependencyHosts = dependencyHostsOf(options.environment.dependencies);
  if (options.scenario?.begins === 'failed-over') leaveFailedOver(world);
  const authority = createCertificateAuthority();
  const cast = castOf(options.environment, {
    operator: options.operator ?? 'operator',
    acts: options.scenario?.approvals,
  });
  const environment = withOwnSecrets(cast.environment);
  const secrets = generateSecrets(environment);
  world.apiKeys.push(...secrets.apiKeys);

  const ports = await startServers({
    ...{ world, clock, authority, secrets, running, environment },
    oddTtl: oddTtl(options.scenario),
  });
  const pointed = pointAtSimulator(environment, world, ports);
  const files = await writeEnvironment(directory, { environment: pointed, caPem: authority.caPem });

  const scenario =
    options.scenario === undefined
      ? undefined
      : playScenario({
          scenario: options.scenario,
          world,
          clock,
          ...(options.from === undefined ? {} : { from: options.from }),
          ...(options.say === undefined ? {} : { say: options.say }),
        });
  // A scenario that fails is told by `stop`; until then its rejection must not end the process.
  scenario?.done.catch(() => undefined);
  const clients: Clients = startClients({
    world,
    clock,
    ask: createDnsTransport(),
    resolvers: ports.resolvers.map((port) => ({ address: '127.0.0.1', port })),
    ports: { edges: ports.edges, fallback: ports.fallback },
    caPem: authority.caPem,
    apiKey: secrets.apiKeys[0] ?? '',
    count: options.clients ?? 8,
    seed,
  });
  running.push(clients);
  running.push(startColleagues({ world, clock, cast }));
  const control = await startControlPort({ world, now: () => clock.now(), clientsReport: () => clients.report() });
  running.push(control);

  let stopped: Promise<void> | undefined;
  return {
    environment: pointed,
    ...files,
    secrets: secrets.variables,
    endpoints: listEndpoints({
      world,
      ports,
      controlPort: control.port,
      caFile: files.caFile,
      smtpHostname: smtpHostname(environment),
      tokens: endpointTokens(secrets),
    }),
    control: `http://127.0.0.1:${control.port}`,
    world,
    clientsReport: () => clients.report(),
    answeredPath: () => answeredPath(world, clock.now()),
    stop: () => {
      scenario?.stop();
      stopped ??= closeAll().then(() => scenario?.done);
      return stopped;
    },
  };
}

async function startServers(parts: {
  world: SimulatedWorld;
  clock: Clock;
  authority: ReturnType<typeof createCertificateAuthority>;
  secrets: ReturnType<typeof generateSecrets>;
  environment: Environment;
  running: { close(): Promise<void> }[];
  /** What the last resolver makes of TTLs. */
  oddTtl: TtlLimits;
}): Promise<SimulatedPorts> {
  const { world, clock, authority, secrets, running } = parts;
  const now = () => clock.now();
  /** Notes what has started, so that it is closed even when something after it fails. */
  const open = async <Server extends { close(): Promise<void> }>(starting: Promise<Server>): Promise<Server> => {
    const server = await starting;
    running.push(server);
    return server;
  };
  const names = [...new Set([world.hostname, ...world.loadBalancers.map(({ name }) => name)])];
  const backends = await startBackends({ world, tls: authority.issue({ names }), now });
  running.push(...Object.values(backends));
  const backendPorts = portsOf(backends);

  const edgeOptions = { world, clock, authority, backends: backendPorts };
  const apiOptions = { world, now, speed: clock.speed };
  const edgeIn = async (region: Region) => (await open(startEdge(edgeOptions, region))).port;
  const edges = {
    iad: await edgeIn('iad'),
    nrt: await edgeIn('nrt'),
    dub: await edgeIn('dub'),
    gru: await edgeIn('gru'),
  };
  const fallback = await open(startCloudFrontEdge(edgeOptions));
  const apis = await startApis(apiOptions, secrets, open);
  const smtp = await startSmtpService({
    ...{ world, clock, authority, hostname: smtpHostname(parts.environment) },
    ports: { edge: edges[operatorsRegion], fallback: fallback.port },
    started: (server) => running.push(server),
  });
  const nameservers: Record<string, number> = {};
  for (const { name } of world.zone.nameservers)
    nameservers[name] = (await open(startDnsServer(world, clock, name))).port;
  const parent = await open(startParentServer(world));
  const authorities = Object.values(nameservers).map((port) => ({ address: '127.0.0.1', port }));
  const resolvers: number[] = [];
  const listed = parts.environment.dns.resolvers.slice(0, 4);
  for (const number of listed.keys()) {
    const ttl = number === listed.length - 1 ? parts.oddTtl : {};
    const resolver = await open(startResolver({ world, clock, ask: createDnsTransport(), authorities, ttl }));
    resolvers.push(resolver.port);
  }
  const globalping = await open(
    startGlobalpingApi({
      ...{ world, clock, ask: createDnsTransport(), ports: { edges, fallback: fallback.port } },
      resolvers: resolvers.map((port) => ({ address: '127.0.0.1', port })),
      token: secrets.globalpingToken,
    }),
  );
  return {
    edge: edges[operatorsRegion],
    edges,
    fallback: fallback.port,
    backends: backendPorts,
    resolvers,
    nameservers,
    parent: parent.port,
    ...apis,
    globalpingApi: globalping.port,
    smtp,
  };
}

function portsOf(backends: Record<BackendName, { port: number }>): Record<BackendName, number> {
  return { 'email-api': backends['email-api'].port, 'resend-api': backends['resend-api'].port };
}
