import type { Clock } from '../world/clock.ts';
import { type DnsListener, startDnsListener } from './dns-listener.ts';
import { type DnsQuery, type DnsReply, nothing } from './dns-wire.ts';
import { faultFor } from './faults.ts';
import { answerFromHostedZone } from './hosted-zone-answers.ts';
import type { SimulatedWorld } from './state.ts';
import { answerFromZone } from './zone-answers.ts';

/**
 * Starts one authoritative server of the simulated zone, on UDP and TCP of a free port of 127.0.0.1; `name` is one of the
 * zone's nameservers, the first unless given. Cloudflare's follow the simulated control plane at once, Route 53's when
 * the change has reached them. The fault of component `dns` makes it silent (`hang`), refuse
 * (`refuse`), or answer SERVFAIL (`status`, `flap`).
 */
export function startDnsServer(world: SimulatedWorld, clock: Clock, name?: string): Promise<DnsListener> {
  const server = Math.max(0, world.hostedZone.nameservers.indexOf(name ?? ''));
  return startDnsListener((query) => {
    const fault = faultFor(world, 'dns', clock.now());
    if (fault?.kind === 'hang') return 'hang';
    if (fault?.kind === 'refuse') return { ...nothing, rcode: 'REFUSED' };
    if (fault?.kind === 'status') return { ...nothing, rcode: 'SERVFAIL' };
    return authoritativeReply(world, query, { server, nowMs: clock.now() });
  });
}

function authoritativeReply(world: SimulatedWorld, query: DnsQuery, at: { server: number; nowMs: number }): DnsReply {
  if (query.class !== 'IN' || query.type === 'AXFR' || query.type === 'IXFR') return { ...nothing, rcode: 'REFUSED' };
  const { name, type } = query;
  const answer =
    world.servedBy === 'route53'
      ? answerFromHostedZone(world, { name, type, ...at })
      : answerFromZone(world, name, type);
  return { ...answer, recursionAvailable: false };
}
