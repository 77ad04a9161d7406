import { createDnsTransport } from '../../../src/world/dns-transport.ts';
import {
  type Asked,
  flagBits,
  response,
  startDnsServer,
  type TestDnsServer,
  type TestRecord,
} from '../../world/start-dns-server.ts';
import { testEnvironment } from '../action-context.ts';

/** What one server answers for the hostname; the test changes it while it runs. */
type Zone = {
  records: TestRecord[];
  /** Takes the place of the usual answer. */
  instead?: (asked: Asked) => readonly Buffer[] | undefined;
};

/** The name that all tests ask for. */
export const hostname = 'api.example.com';
/** Records of the hostname as they are behind Cloudflare. */
export const edgeRecords: readonly TestRecord[] = [
  { name: hostname, type: 'A', ttl: 300, data: '104.16.1.1' },
  { name: hostname, type: 'AAAA', ttl: 300, data: '2606:4700::6810:101' },
];
/** The hostname as an alias of the standby. */
export const fallbackRecords: readonly TestRecord[] = [
  { name: hostname, type: 'CNAME', ttl: 60, data: 'd1.cloudfront.net' },
];

const soa: TestRecord = {
  name: 'example.com',
  type: 'SOA',
  ttl: 3_600,
  data: 'ada.ns.example.net dns.example.com 1 10000 2400 604800 1800',
};

/**
 * Authoritative servers and resolvers on loopback, each with its own zone, and an environment that leads to them.
 * Resolvers also know the zone's NS records.
 */
export async function startDnsWorld({ authoritative = 2, resolvers = 2 } = {}) {
  const servers: TestDnsServer[] = [];
  const start = async (kind: 'authoritative' | 'resolver') => {
    const zone: Zone = { records: [...edgeRecords] };
    const server = await startDnsServer((asked) => zone.instead?.(asked) ?? [answerFrom(zone, asked, kind, names)]);
    servers.push(server);
    return { zone, server };
  };
  const names = ['ada.ns.example.net', 'bob.ns.example.net', 'cyd.ns.example.net'].slice(0, authoritative);
  const authorities = await Promise.all(names.map(() => start('authoritative')));
  const caches = await Promise.all(Array.from({ length: resolvers }, () => start('resolver')));
  const at = ({ server }: { server: TestDnsServer }) => `127.0.0.1:${server.port}`;
  const nameservers = Object.fromEntries(
    names
      .map((name, i) => [name, authorities[i]])
      .flatMap(([name, each]) => (typeof each === 'object' ? [[name, at(each)]] : [])),
  );
  return {
    env: testEnvironment({ dns: { resolvers: caches.map(at), nameservers } }),
    dns: createDnsTransport(),
    authorities,
    caches,
    /** Every server answers so from now on. */
    setAll(records: readonly TestRecord[], which: readonly { zone: Zone }[] = [...authorities, ...caches]) {
      for (const { zone } of which) zone.records = [...records];
    },
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** As a server does: a CNAME answers every type; a resolver adds where it leads; nothing there is told with the SOA. */
function answerFrom(zone: Zone, asked: Asked, kind: 'authoritative' | 'resolver', names: readonly string[]): Buffer {
  const flags = kind === 'authoritative' ? flagBits.AA : 0;
  if (asked.type === 'NS' && asked.name === 'example.com') {
    const answers = names.map((data): TestRecord => ({ name: 'example.com', type: 'NS', ttl: 86_400, data }));
    return response(asked, { flags, answers });
  }
  if (asked.type === 'SOA' && asked.name === 'example.com') return response(asked, { flags, answers: [soa] });
  const own = zone.records.filter(({ name }) => name === asked.name);
  const answers = own.filter(({ type }) => type === asked.type || type === 'CNAME');
  if (own.length === 0) return response(asked, { flags: flags | flagBits.NXDOMAIN, authorities: [soa] });
  if (answers.length === 0) return response(asked, { flags, authorities: [soa] });
  const leadsTo: TestRecord = { name: 'd1.cloudfront.net', type: 'A', ttl: 17, data: '13.32.0.9' };
  const chain =
    kind === 'resolver' && asked.type === 'A' && answers.some(({ type }) => type === 'CNAME') ? [leadsTo] : [];
  return response(asked, { flags, answers: [...answers, ...chain] });
}
