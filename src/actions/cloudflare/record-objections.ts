import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import type { ActionContext } from '../action.ts';
import { cloudflareRanges, matchRanges } from '../dns/address-ranges.ts';
import type { ZoneLook } from '../dns/look-at-zone.ts';
import type { GuardFinding } from '../guard-finding.ts';
import type { LoadBalancer } from './load-balancer.ts';
import { changesType } from './record-writes.ts';
import { describeRecord, type ZoneRecord } from './records-at-name.ts';
import type { RecordState } from './zone-record-state.ts';

/** Absence may be kept this long before it is worth stopping for. */
const tolerableNegativeSeconds = 60;

/**
 * Throws `refused` when an enabled load balancer of exactly this name answers: it takes precedence over the records of
 * its name (https://developers.cloudflare.com/load-balancing/load-balancers/dns-records/), so that changing them
 * succeeds and changes nothing for clients. A wildcard load balancer does not shadow a record of the exact name.
 */
export function assertNotShadowed(balancers: readonly LoadBalancer[], name: string): void {
  const shadowing = balancers.find((balancer) => balancer.enabled && balancer.name === name);
  if (shadowing === undefined) return;
  throw new OpsError(
    'refused',
    `the load balancer ${name} (${shadowing.id}) answers for the name: changing the record would change nothing for clients`,
    { hint: 'switch with cloudflare.set-load-balancer, `enabled: false`, which lets the record beneath answer' },
  );
}

/** Throws `refused` when the name is delegated: its records, but NS, are then not Cloudflare's to answer with. */
export function assertNotDelegated(records: readonly ZoneRecord[], name: string): void {
  const servers = records.filter(({ type }) => type === 'NS').map(({ content }) => boundedText(content, 80));
  if (servers.length === 0) return;
  throw new OpsError('refused', `${name} is delegated to ${servers.join(', ')}: this zone does not answer for it`, {
    hint: 'change the record where those servers take it from',
  });
}

/** What the load balancers mean for the record, where none of them shadows it. */
export function balancerNotes(balancers: readonly LoadBalancer[], name: string): string[] {
  const off = balancers.some((balancer) => balancer.name === name);
  const wildcard = balancers.find(
    (balancer) => balancer.enabled && balancer.name.startsWith('*.') && name.endsWith(balancer.name.slice(1)),
  );
  return [
    ...(off ? ['its load balancer is off; turned on again, it would answer in the record’s place'] : []),
    ...(wildcard === undefined
      ? []
      : [`the load balancer ${boundedText(wildcard.name, 80)} gives way to a record of this exact name`]),
  ];
}

/**
 * The guard `negative-cache`: a change of type deletes before it creates, and the servers do not get both at one moment;
 * a resolver that asks between keeps "no such record" for the zone's negative TTL (RFC 2308, section 5).
 */
export function negativeCacheFinding(
  before: readonly RecordState[],
  after: readonly RecordState[],
  look: ZoneLook,
): GuardFinding | undefined {
  if (!changesType(before, after)) return undefined;
  const { negativeTtl, problem } = look;
  if (negativeTtl !== null && negativeTtl <= tolerableNegativeSeconds) return undefined;
  const kept =
    negativeTtl === null ? `for a time that could not be read (${problem ?? 'no SOA'})` : `for ${negativeTtl} s`;
  return {
    guard: 'negative-cache',
    message: `the record’s type changes: a resolver that asks in between may keep “no such record” ${kept}`,
    hint: `take a way that keeps the type; or lower the minimum of the zone’s SOA to ${tolerableNegativeSeconds} s and wait until the old one is over`,
  };
}

/**
 * The guard `dns-drift`: the zone's own servers answer for the name with something else than the record that the API
 * shows (a custom hostname, another provider's zone, a change on its way), so that changing the record may do nothing.
 */
export function driftFinding(
  ctx: Pick<ActionContext, 'env'>,
  { name, before, look }: { name: string; before: readonly RecordState[]; look: ZoneLook },
): GuardFinding | undefined {
  const strange = look.hops.flatMap(({ server, records }) => {
    const answer = records.filter((record) => record.name === name);
    const objection = objectionTo(ctx, name, before, answer);
    return objection === undefined ? [] : [`${server} ${objection}`];
  });
  const [first] = strange;
  if (first === undefined) return undefined;
  const shown = before.length === 0 ? 'no record' : before.map(describeRecord).join('; ');
  const more = strange.length > 1 ? ` (and ${strange.length - 1} more)` : '';
  return {
    guard: 'dns-drift',
    message: `${first}${more}, but the API shows ${shown}`,
    hint: 'something else answers for the name, or a change is on its way: find out before you switch here',
  };
}

function objectionTo(
  ctx: Pick<ActionContext, 'env'>,
  name: string,
  before: readonly RecordState[],
  answer: readonly { type: string; data: string }[],
): string | undefined {
  const hops = answer.filter(({ type }) => type === 'A' || type === 'AAAA' || type === 'CNAME');
  const said = `answers ${[...new Set(hops.map(({ type, data }) => `${type} ${boundedText(data, 80)}`))].slice(0, 8).join(', ') || 'nothing'}`;
  const proxied = before.some((record) => record.proxied);
  if (proxied) {
    const isEdge = edgeAddresses(ctx.env);
    return hops.length > 0 && hops.every(({ type, data }) => type !== 'CNAME' && isEdge(data)) ? undefined : said;
  }
  const alias = before.find(({ type }) => type === 'CNAME');
  if (alias === undefined) {
    const wanted = new Set(
      before.filter(({ type }) => type !== 'HTTPS' && type !== 'SVCB').map(({ content }) => content),
    );
    return hops.length === wanted.size && hops.every(({ data }) => wanted.has(data)) ? undefined : said;
  }
  // A flattened CNAME answers with its target's addresses, whichever they are now; only the proxy's give it away.
  const flattened = name === ctx.env.zone || hops.every(({ type }) => type !== 'CNAME');
  if (flattened) {
    const isEdge = edgeAddresses(ctx.env);
    return hops.length === 0 || hops.some(({ data }) => isEdge(data)) ? said : undefined;
  }
  return hops.every(({ type, data }) => type === 'CNAME' && data === alias.content) ? undefined : said;
}

/** Cloudflare's published ranges, and what the environment says of its own routes through Cloudflare. */
function edgeAddresses(env: ActionContext['env']): (address: string) => boolean {
  const routes = Object.values(env.routes).filter(({ provider }) => provider === 'cloudflare');
  return matchRanges([...cloudflareRanges, ...routes.flatMap(({ answers }) => answers?.addresses ?? [])]);
}
