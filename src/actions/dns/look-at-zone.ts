import { OpsError } from '../../errors.ts';
import type { DnsRecord } from '../../world/dns.ts';
import type { ActionContext } from '../action.ts';
import { askServer, findAuthoritativeServers } from './find-servers.ts';
import { soaNegativeTtl } from './judge-answers.ts';

/** What the zone's own servers say before a record is changed. */
export type ZoneLook = {
  /** How long resolvers may keep the absence of a record, in seconds: the highest that a server tells; null when none does. */
  negativeTtl: number | null;
  /** Each server that answered with authority, and its A and AAAA answers for the name. */
  hops: { server: string; records: DnsRecord[] }[];
  /** Why nothing could be learned, in words; null when something was. */
  problem: string | null;
};

/** Asks every authoritative server for the zone's SOA and the name's addresses. What cannot be learned is in `problem`; nothing is thrown for it. */
export async function lookAtZone(ctx: ActionContext, name: string): Promise<ZoneLook> {
  let addresses: Awaited<ReturnType<typeof findAuthoritativeServers>>['addresses'];
  try {
    ({ addresses } = await findAuthoritativeServers(ctx));
  } catch (error) {
    if (!(error instanceof OpsError) || error.code !== 'failed') throw error;
    return { negativeTtl: null, hops: [], problem: error.message };
  }
  const seen = await Promise.all(
    addresses.map(async (at) => {
      const ask = (of: string, type: 'A' | 'AAAA' | 'SOA') =>
        askServer(ctx, at, { name: of, type, recursionDesired: false });
      const [soa, a, aaaa] = await Promise.all([ask(ctx.env.zone, 'SOA'), ask(name, 'A'), ask(name, 'AAAA')]);
      const answers = [a, aaaa].flatMap((answer) =>
        answer.answered && answer.authoritative && (answer.rcode === 'NOERROR' || answer.rcode === 'NXDOMAIN')
          ? [answer]
          : [],
      );
      return {
        negative: soa.answered ? soa.answers.flatMap(soaNegativeTtl) : [],
        hops: answers.length < 2 ? [] : [{ server: at.server, records: answers.flatMap((answer) => answer.answers) }],
      };
    }),
  );
  const negative = seen.flatMap((each) => each.negative);
  const hops = seen.flatMap((each) => each.hops);
  return {
    negativeTtl: negative.length === 0 ? null : Math.max(...negative),
    hops,
    problem: negative.length + hops.length === 0 ? 'none of the zone’s own servers answers' : null,
  };
}
