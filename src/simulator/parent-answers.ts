import type { DnsRecord } from '../world/dns.ts';
import type { SimulatedWorld } from './state.ts';
import type { NameAnswer } from './zone-answers.ts';

/** How long resolvers keep a delegation of most top-level domains, two days: changing nameservers is no quick way out. */
const delegationTtl = 172_800;
const dsTtl = 86_400;
const soaTtl = 900;

/**
 * What a server of the parent zone answers: for names in the zone a referral to its nameservers, which is not
 * authoritative (RFC 1034, section 4.3.2); the zone's DS records itself (RFC 4035, section 3.1.4.1), or that there are none.
 */
export function answerFromParent(world: SimulatedWorld, name: string, type: string): NameAnswer {
  const { parent, zone } = world;
  const asked = name.replace(/\.$/, '').toLowerCase();
  const isParent = asked === parent.name;
  if (!isParent && !asked.endsWith(`.${parent.name}`)) {
    return { rcode: 'REFUSED', authoritative: false, answers: [], authorities: [] };
  }
  const here = (answers: DnsRecord[]): NameAnswer => ({
    rcode: 'NOERROR',
    authoritative: true,
    answers,
    authorities: answers.length > 0 ? [] : [soa(parent.name, parent.server.name)],
  });
  if (isParent && type === 'NS') {
    return here([{ name: parent.name, type: 'NS', ttl: delegationTtl, data: parent.server.name }]);
  }
  if (isParent) return here(type === 'SOA' ? [soa(parent.name, parent.server.name)] : []);
  const isZone = asked === zone.name;
  if (isZone && type === 'DS') return here(parent.ds.map((data) => ({ name: zone.name, type, ttl: dsTtl, data })));
  if (isZone || asked.endsWith(`.${zone.name}`)) {
    const authorities = zone.nameservers.map((server): DnsRecord => {
      return { name: zone.name, type: 'NS', ttl: delegationTtl, data: server.name.replace(/\.$/, '') };
    });
    return { rcode: 'NOERROR', authoritative: false, answers: [], authorities };
  }
  return { rcode: 'NXDOMAIN', authoritative: true, answers: [], authorities: [soa(parent.name, parent.server.name)] };
}

function soa(name: string, server: string): DnsRecord {
  return { name, type: 'SOA', ttl: soaTtl, data: `${server} hostmaster.${name} 1767225600 1800 900 604800 ${soaTtl}` };
}
