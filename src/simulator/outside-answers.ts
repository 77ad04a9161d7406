import { isIPv4, isIPv6 } from 'node:net';
import type { DnsRecord } from '../world/dns.ts';
import { answerFromParent } from './parent-answers.ts';
import { addressesOfProvider } from './provider-hosts.ts';
import { partialSetupSuffix } from './seed-hosted-zone.ts';
import type { SimulatedWorld } from './state.ts';
import { isProxied, type NameAnswer } from './zone-answers.ts';

const cloudFrontTtl = 60;
const nameserverTtl = 300;
/** Proxied names are always "automatic": 300 s (Cloudflare docs, dns/ttl), and so are those of a partial setup. */
const proxiedTtl = 300;

/**
 * What the rest of the simulated Internet answers, for the resolvers: the distribution's domain with the fallback's
 * addresses and a TTL of 60 s, the names of a partial setup with the edge's, the providers' own names and the
 * nameservers' with their addresses, the parent's NS and the zone's DS records, and NXDOMAIN for everything else.
 */
export function answerFromOutside(world: SimulatedWorld, name: string, type: string): NameAnswer {
  const asked = name.toLowerCase().replace(/\.$/, '');
  if (asked === world.distribution.domain.toLowerCase()) {
    const { v4, v6 } = world.addresses.fallback;
    return present(name, type, { A: v4, AAAA: v6 }, cloudFrontTtl);
  }
  if (asked.endsWith(`.${partialSetupSuffix}`) && isProxied(world, asked.slice(0, -partialSetupSuffix.length - 1))) {
    const { v4, v6 } = world.addresses.edge;
    return present(name, type, { A: v4, AAAA: v6 }, proxiedTtl);
  }
  const provider = addressesOfProvider(world, asked);
  if (provider !== undefined) return present(name, type, { A: provider.v4, AAAA: provider.v6 }, proxiedTtl);
  // A zone's DS records are the parent's to tell (RFC 4035, section 3.1.4.1).
  if (asked === world.parent.name || (asked === world.zone.name && type === 'DS')) {
    return { ...answerFromParent(world, asked, type), authoritative: false };
  }
  const server = [world.parent.server, ...world.zone.nameservers].find(
    (candidate) => candidate.name.toLowerCase().replace(/\.$/, '') === asked,
  );
  if (server !== undefined) {
    const address = addressOf(server.address);
    return present(
      name,
      type,
      { A: isIPv4(address) ? [address] : [], AAAA: isIPv6(address) ? [address] : [] },
      nameserverTtl,
    );
  }
  return { rcode: 'NXDOMAIN', authoritative: false, answers: [], authorities: [soa('.')] };
}

function present(name: string, type: string, addresses: { A: string[]; AAAA: string[] }, ttl: number): NameAnswer {
  const found = type === 'A' || type === 'AAAA' ? addresses[type] : [];
  const answers = found.map((data): DnsRecord => ({ name, type, ttl, data }));
  const authorities = answers.length === 0 ? [soa(name)] : [];
  return { rcode: 'NOERROR', authoritative: false, answers, authorities };
}

function soa(zone: string): DnsRecord {
  return { name: zone, type: 'SOA', ttl: 60, data: 'ns.outside.test hostmaster.outside.test 1 7200 900 1209600 60' };
}

/** The address of `address`, `address:port` or `[address]:port`. */
function addressOf(target: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(target);
  if (bracketed?.[1] !== undefined) return bracketed[1];
  return isIPv6(target) ? target : target.replace(/:\d+$/, '');
}
