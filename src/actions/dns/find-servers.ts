import { isIP } from 'node:net';
import { OpsError } from '../../errors.ts';
import type { DnsQuestion, RecordType } from '../../world/dns.ts';
import type { ActionContext } from '../action.ts';
import { splitTarget } from './split-target.ts';

/** One address of one server. `server` is the name people know it by. */
export type ServerAddress = { server: string; address: string; port: number };

/** Time box of one question. Sockets do not get faster in a rehearsal, so it is real time. */
const questionTimeoutMs = 2_000;

/** Asks one question with the action's signal and this action's time box. */
export function askServer(
  ctx: ActionContext,
  at: ServerAddress,
  question: Pick<DnsQuestion, 'name' | 'type' | 'recursionDesired'>,
) {
  const server = { address: at.address, port: at.port };
  return ctx.dns({ ...question, server, timeoutMs: questionTimeoutMs, signal: ctx.signal });
}

/** The listed resolvers. Throws `invalid` for one that is no address. */
export function listResolvers(ctx: ActionContext): ServerAddress[] {
  return ctx.env.dns.resolvers.map((text) => {
    const { host: address, port } = splitTarget(text, 53);
    if (isIP(address) !== 0) return { server: text, address, port };
    throw new OpsError('invalid', `the resolver ${text} is no address`, {
      hint: 'write resolvers in the environment’s dns.resolvers as address or address:port',
    });
  });
}

/**
 * Every address of every authoritative server of the zone: its NS records and their A and AAAA, as the resolvers tell
 * them; the environment's `dns.nameservers` overrides addresses. A server that surely has no address is in
 * `unaddressed`. Throws `failed` when no resolver tells.
 */
export async function findAuthoritativeServers(
  ctx: ActionContext,
): Promise<{ addresses: ServerAddress[]; unaddressed: string[] }> {
  const { zone, dns } = ctx.env;
  const resolvers = listResolvers(ctx);
  const names = await resolve(ctx, resolvers, { name: zone, type: 'NS', mayBeNone: false });
  const servers = await Promise.all(
    [...new Set(names)].sort().map(async (server) => {
      const given = Object.hasOwn(dns.nameservers, server) ? dns.nameservers[server] : undefined;
      const { host, port } = given === undefined ? { host: server, port: 53 } : splitTarget(given, 53);
      const addresses = isIP(host) === 0 ? await findAddresses(ctx, resolvers, host) : [host];
      return { server, addresses: addresses.map((address) => ({ server, address, port })) };
    }),
  );
  return {
    addresses: servers.flatMap(({ addresses }) => addresses),
    unaddressed: servers.filter(({ addresses }) => addresses.length === 0).map(({ server }) => server),
  };
}

async function findAddresses(ctx: ActionContext, resolvers: readonly ServerAddress[], name: string): Promise<string[]> {
  const families = await Promise.all([
    resolve(ctx, resolvers, { name, type: 'A', mayBeNone: true }),
    resolve(ctx, resolvers, { name, type: 'AAAA', mayBeNone: true }),
  ]);
  return families.flat();
}

/**
 * Asks all resolvers at once, so that a dead one costs no time, and takes the first that knows; where that may be so, a
 * definite "there is none" counts as knowing. Throws `failed`, with each one's reason.
 */
async function resolve(
  ctx: ActionContext,
  resolvers: readonly ServerAddress[],
  { name, type, mayBeNone }: { name: string; type: RecordType; mayBeNone: boolean },
): Promise<string[]> {
  const reasons: string[] = [];
  const asking = resolvers.map(async (resolver) => {
    const answer = await askServer(ctx, resolver, { name, type, recursionDesired: true });
    const found = answer.answered ? answer.answers.filter((each) => each.type === type).map((each) => each.data) : [];
    const sure = answer.answered && (answer.rcode === 'NOERROR' || answer.rcode === 'NXDOMAIN');
    if (found.length > 0 || (sure && mayBeNone)) return found;
    const why = answer.answered ? `answers ${answer.rcode} without ${type} records` : `gives ${answer.code}`;
    reasons.push(`${resolver.server} ${why}`);
    throw new OpsError('failed', why);
  });
  try {
    return await Promise.any(asking);
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    if (ctx.signal.aborted) throw ctx.signal.reason;
    const bug = error.errors.find((each) => !(each instanceof OpsError));
    if (bug !== undefined) throw bug;
    const what = type === 'NS' ? `the authoritative servers of ${name}` : `the address of ${name}`;
    throw new OpsError('failed', `no resolver names ${what}: ${reasons.join('; ')}`, {
      hint: `check the network and the environment’s dns.resolvers; compare with \`dig ${type} ${name}\``,
    });
  }
}
