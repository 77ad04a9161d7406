import type { Access } from '../../../src/world/access.ts';
import type { DnsTransport } from '../../../src/world/dns.ts';
import { createHttpsFetch } from '../../../src/world/https-fetch.ts';
import { createRoute53Client, isRoute53Write, type Route53Client } from '../../../src/world/route53.ts';
import { testClock, testContext, testEnvironment, uncalledClients } from '../action-context.ts';

export const zoneId = 'Z0123456789ABCDEFGHIJ';
export const key = { accessKeyId: 'AKIAEXAMPLE000000001', secretAccessKey: 'abcdEFGH/ijkl+mnop0123456789abcdEFGHijkl' };

/** Resolvers that name these servers for every zone, each with one address. */
export function dnsWithServers(servers: readonly string[]): DnsTransport {
  return async ({ name, type }) => ({
    answered: true,
    rcode: 'NOERROR',
    authoritative: false,
    answers:
      type === 'NS'
        ? servers.map((data) => ({ name, type, ttl: 60, data }))
        : type === 'A'
          ? [{ name, type, ttl: 60, data: '192.0.2.1' }]
          : [],
    authorities: [],
    additionals: [],
    overTcp: false,
    rttMs: 1,
  });
}

type Given = {
  access?: Access;
  environment?: object;
  clock?: ReturnType<typeof testClock>;
  signal?: AbortSignal;
  dns?: DnsTransport;
  credentials?: typeof key;
  /** Between the action and the real client. */
  wrap?: (client: Route53Client) => Route53Client;
  attemptTimeoutMs?: number;
};

/** A context whose Route 53 is at `base`. */
export function route53Context(base: string, more: Given = {}) {
  const {
    access = { mode: 'write', ensure: async () => undefined },
    environment = {},
    wrap = (client) => client,
  } = more;
  const {
    clock = testClock(),
    signal = new AbortController().signal,
    credentials = key,
    attemptTimeoutMs = 2_000,
  } = more;
  const fetch = createHttpsFetch({
    origins: [new URL(base).origin],
    access: () => access,
    isWrite: isRoute53Write,
    attemptTimeoutMs,
    maxBodyBytes: 1_000_000,
  });
  return testContext({
    env: testEnvironment({
      routes: {
        edge: {
          provider: 'cloudflare',
          connect: '104.16.0.1',
          answers: { cname: 'api.example.com.cdn.cloudflare.net', addresses: ['104.16.0.0/13'] },
        },
        fallback: { provider: 'cloudfront', connect: 'd1.cloudfront.net:443' },
        origin: { provider: 'load-balancer', connect: '192.0.2.1' },
      },
      aws: { 'hosted-zone-id': zoneId },
      ...environment,
    }),
    run: { id: '01RUN', shortId: 'run1', runbook: 'failover', title: 'Fail over', mode: 'live' },
    clock,
    signal,
    ...(more.dns === undefined ? {} : { dns: more.dns }),
    clients: {
      ...uncalledClients,
      route53: async () => wrap(await createRoute53Client({ credentials, endpoint: base, fetch })),
    },
  });
}
