import { createHash } from 'node:crypto';
import { OpsError } from '../errors.ts';
import type { Environment, Route } from '../world/environment.ts';
import { isPlaceholder } from '../world/placeholder.ts';
import { originName } from './choose-backend.ts';
import { seedAlerting } from './seed-alerting.ts';
import { originDomains, plainRouter, seedCloudFront } from './seed-cloudfront.ts';
import { seedHostedZone } from './seed-hosted-zone.ts';
import { seedStatusPage } from './seed-status-page.ts';
import type { ServedBy, SimulatedLoadBalancer, SimulatedRecord, SimulatedWorld } from './state.ts';

/** The two backends that are simulated; they are components of their own, so their names are fixed. */
export const backendNames = ['email-api', 'resend-api'] as const;

/** When everything in the simulated account was made. */
const longAgo = '2025-01-15T09:00:00.000Z';

/**
 * Lays out the simulated world for an environment: its zone at Cloudflare and at Route 53, the load balancer on its
 * hostname with the rule that parts the two backends, the standby record beneath it (or a proxied record instead of
 * both), a proxied load balancer for each other name that a route through Cloudflare asks for, and the distribution. Real ids of the environment are kept, placeholders become ids;
 * the same environment and seed give the same world. Throws `invalid` where the environment cannot be simulated.
 */
export function seedWorld(
  environment: Environment,
  {
    seed,
    servedBy = servedByDefault(environment),
    ds = [],
    functionCode,
  }: {
    seed: number;
    servedBy?: ServedBy | undefined;
    ds?: readonly string[] | undefined;
    functionCode?: string | undefined;
  },
): SimulatedWorld {
  const hex = (what: string, digits = 32) => digest(seed, `${environment.zone}/${what}`).slice(0, digits);
  const byte = (what: string) => Number.parseInt(hex(what, 2), 16);
  const { hostname, zone, cloudflare } = environment;
  const canaries = namesThroughCloudflare(environment).filter((name) => name !== hostname);
  for (const name of [hostname, ...canaries]) assertWithin(name, zone);

  const domain = standbyDomain(environment) ?? `d${hex('distribution', 13)}.cloudfront.net`;
  const emailPool = hex('pool/email-api');
  const resendPool = hex('pool/resend-api');
  const balancer = (name: string, id: string): SimulatedLoadBalancer => ({
    id,
    name,
    enabled: true,
    proxied: true,
    ttl: 30,
    defaultPools: [resendPool],
    fallbackPool: resendPool,
    rules: [
      {
        name: 'sending goes to the Email API',
        condition: 'http.request.method == "POST" and http.request.uri.path == "/emails"',
        priority: 0,
        disabled: false,
        terminates: true,
        overrides: { default_pools: [emailPool] },
      },
    ],
    createdOn: longAgo,
    modifiedOn: longAgo,
  });
  const record = (given: Pick<SimulatedRecord, 'type' | 'name' | 'content' | 'ttl' | 'comment'>): SimulatedRecord => ({
    ...given,
    id: hex(`record/${given.type}/${given.name}`),
    proxied: false,
    createdOn: longAgo,
    modifiedOn: longAgo,
  });

  const hostedZone = seedHostedZone({
    id: realId(environment.aws?.['hosted-zone-id']) ?? `Z${hex('hosted-zone', 20).toUpperCase()}`,
    zone,
    names: [hostname, ...canaries],
    hex,
  });
  const cloudflareServers = [
    { name: 'ada.ns.cloudflare.com', address: '173.245.58.50' },
    { name: 'bob.ns.cloudflare.com', address: '173.245.59.104' },
  ];

  const domains = originDomains(backendNames, { functionCode, environment: originHosts(environment) });
  const pool = (name: (typeof backendNames)[number]) => ({ name, backend: name, domain: domains[name] ?? name });

  return {
    ...seedCloudFront({
      distributionId: realId(environment.aws?.['distribution-id']) ?? `E${hex('distribution', 13).toUpperCase()}`,
      domain,
      hostname,
      functionName: realId(environment.aws?.['function-name']) ?? 'edge-router',
      functionCode: functionCode ?? plainRouter(domains),
      origins: domains,
      hex,
    }),
    hostname,
    servedBy,
    parent: {
      name: parentOf(zone),
      server: { name: `a.nic.${parentOf(zone)}`, address: '192.5.6.30' },
      ds,
    },
    hostedZone,
    zone: {
      id: realId(cloudflare?.['zone-id']) ?? hex('zone'),
      name: zone,
      soaMinimum: 1_800,
      serial: 2_300_000_000 + byte('serial'),
      nameservers:
        servedBy === 'route53'
          ? hostedZone.nameservers.map((name, index) => ({ name, address: `205.251.${192 + index}.${byte(name)}` }))
          : cloudflareServers,
    },
    records: [
      servedBy === 'record'
        ? {
            ...record({ type: 'CNAME', name: hostname, content: originName(zone), ttl: 1, comment: null }),
            proxied: true,
          }
        : record({
            type: 'CNAME',
            name: hostname,
            content: domain,
            ttl: 60,
            comment: 'standby, beneath the load balancer',
          }),
      record({ type: 'TXT', name: zone, content: '"v=spf1 -all"', ttl: 300, comment: null }),
    ],
    loadBalancers: [
      ...(servedBy === 'record'
        ? []
        : [balancer(hostname, realId(cloudflare?.['load-balancer-id']) ?? hex('load-balancer'))]),
      ...canaries.map((name) => balancer(name, hex(`load-balancer/${name}`))),
    ],
    pools: new Map([
      [emailPool, pool('email-api')],
      [resendPool, pool('resend-api')],
    ]),
    signatures: signatures(environment),
    apiKeys: [],
    addresses: {
      edge: edgeAddresses([byte('edge/1'), byte('edge/2'), byte('edge/3'), byte('edge/4')]),
      fallback: {
        v4: [1, 2, 3, 4].map((n) => `13.32.${byte('pop')}.${10 + 30 * n + (byte(`fallback/${n}`) % 30)}`),
        v6: [1, 2, 3, 4].map((n) => `2600:9000:20${hex('pop', 2)}:${n}a00:7:f${hex(`fallback/${n}`, 3)}:93a1:1`),
      },
    },
    faults: new Map(),
    channels: [],
    statusPage: seedStatusPage(environment.statuspage, hex),
    ...seedAlerting(environment, hex),
    requests: [],
  };
}

function parentOf(zone: string): string {
  return zone.includes('.') ? zone.slice(zone.indexOf('.') + 1) : 'test';
}

/** The environment says that Route 53 answers by naming the zone there. */
function servedByDefault(environment: Environment): ServedBy {
  return environment.aws?.['hosted-zone-id'] === undefined ? 'load-balancer' : 'route53';
}

/** Every name that a route through Cloudflare asks for, the environment's own hostname first. */
function namesThroughCloudflare(environment: Environment): string[] {
  const routes = Object.values(environment.routes).filter(({ provider }) => provider === 'cloudflare');
  return [...new Set([environment.hostname, ...routes.map((route) => route.hostname ?? environment.hostname)])];
}

/** The domain of the distribution that the environment's standby route names, if it names one. */
function standbyDomain(environment: Environment): string | undefined {
  const route = Object.values(environment.routes).find(({ provider }) => provider === 'cloudfront');
  const domain = route?.answers?.cname ?? dialled(route);
  return domain === environment.hostname ? undefined : domain;
}

/** The load balancers that the environment names for the backends, to be reached without an edge. */
function originHosts(environment: Environment): Record<string, string> {
  const route = Object.values(environment.routes).find(({ provider }) => provider === 'load-balancer');
  const targets = typeof route?.connect === 'object' ? Object.entries(route.connect) : [];
  return Object.fromEntries(targets.map(([backend, target]) => [backend, target.replace(/:\d+$/, '')]));
}

function dialled(route: Route | undefined): string | undefined {
  if (typeof route?.connect !== 'string' || isPlaceholder(route.connect)) return undefined;
  const host = route.connect.replace(/:\d+$/, '').toLowerCase();
  return host.endsWith('.cloudfront.net') ? host : undefined;
}

function signatures(environment: Environment): SimulatedWorld['signatures'] {
  const known: readonly string[] = backendNames;
  const unknown = Object.keys(environment.backends).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new OpsError('invalid', `the simulator has no backend named ${unknown.join(', ')}`, {
      hint: `it simulates two: ${backendNames.join(' and ')}; name the environment's backends so`,
    });
  }
  return new Map(
    backendNames.map((name) => [name, environment.backends[name] ?? { header: 'x-served-by', value: name }]),
  );
}

/** Cloudflare's addresses, each IPv6 one spelling the IPv4 one beside it, as the real ones do. */
function edgeAddresses([a, b, c, d]: [number, number, number, number]): { v4: string[]; v6: string[] } {
  const pairs = [
    [a, b],
    [c, d],
  ] as const;
  const hex = (high: number, low: number) => ((high << 8) | low).toString(16);
  return {
    v4: pairs.map(([high, low]) => `104.18.${high}.${low}`),
    v6: pairs.map(([high, low]) => `2606:4700::6812:${hex(high, low)}`),
  };
}

function assertWithin(name: string, zone: string): void {
  if (name === zone || name.endsWith(`.${zone}`)) return;
  throw new OpsError('invalid', `${name} is not in the zone ${zone}, so it cannot be simulated`, {
    hint: 'the simulator holds one zone; correct `zone`, or leave that route out of the rehearsal',
  });
}

function realId(id: string | undefined): string | undefined {
  return id === undefined || isPlaceholder(id) ? undefined : id;
}

function digest(seed: number, what: string): string {
  return createHash('sha256').update(`${seed}/${what}`).digest('hex');
}
