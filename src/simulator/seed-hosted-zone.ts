import type { SimulatedHostedZone, SimulatedRecordSet } from './state.ts';

/** A change is on all servers after so long; "generally within 60 seconds" (Route 53 docs, GetChange), most often within a few. */
const propagationMs = 6_000;

/** Names of Cloudflare's proxied hostnames in a partial setup end so (Cloudflare docs, dns/zone-setups/partial-setup). */
export const partialSetupSuffix = 'cdn.cloudflare.net';

/** The TTL of a record that is meant to be switched: how long clients keep the old answer. */
const switchTtl = 60;

/**
 * Lays out the zone at Route 53: its own SOA and NS, a TXT record, and for each name that goes through Cloudflare a
 * CNAME to the name that a partial setup has for it. `hex` gives digits that follow from the seed.
 */
export function seedHostedZone(options: {
  id: string;
  zone: string;
  names: readonly string[];
  hex(what: string, digits?: number): string;
}): SimulatedHostedZone {
  const { id, zone, names, hex } = options;
  const number = (what: string, below: number) => Number.parseInt(hex(what, 4), 16) % below;
  const nameservers = ['com', 'net', 'org', 'co.uk'].map((ending, index) => {
    const server = number(`awsdns/${ending}`, 500) + 512 * index;
    return `ns-${server}.awsdns-${String(number(`awsdns/group/${ending}`, 64)).padStart(2, '0')}.${ending}`;
  });
  const name = `${zone}.`;
  const recordSets: SimulatedRecordSet[] = [
    { name, type: 'NS', ttl: 172_800, values: nameservers.map((server) => `${server}.`) },
    {
      name,
      type: 'SOA',
      ttl: 900,
      values: [`${nameservers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`],
    },
    { name, type: 'TXT', ttl: 300, values: ['"v=spf1 -all"'] },
    ...names.map((each) => ({
      name: `${each}.`,
      type: 'CNAME',
      ttl: switchTtl,
      values: [`${each}.${partialSetupSuffix}`],
    })),
  ];
  return {
    id,
    name,
    callerReference: hex('caller-reference'),
    nameservers,
    recordSets,
    seeded: recordSets,
    protections: [],
    changes: [],
    propagationMs,
  };
}
