import type { Clock } from '../world/clock.ts';
import { type DnsListener, startDnsListener } from './dns-listener.ts';
import { type DnsQuery, type DnsReply, nothing } from './dns-wire.ts';
import { faultFor } from './faults.ts';
import type { SimulatedWorld } from './state.ts';
import { answerFromZone, answerWhileSettling } from './zone-answers.ts';

/**
 * Starts one authoritative server of the simulated zone, on UDP and TCP of a free port of 127.0.0.1. Its answers
 * follow the simulated control plane at once. The fault of component `dns` makes it silent (`hang`), refuse
 * (`refuse`), or answer SERVFAIL (`status`, `flap`).
 */
export function startDnsServer(world: SimulatedWorld, clock: Clock): Promise<DnsListener> {
  return startDnsListener((query) => {
    const fault = faultFor(world, 'dns', clock.now());
    if (fault?.kind === 'hang') return 'hang';
    if (fault?.kind === 'refuse') return { ...nothing, rcode: 'REFUSED' };
    if (fault?.kind === 'status') return { ...nothing, rcode: 'SERVFAIL' };
    const settling = answerWhileSettling(world, query.name, clock.now());
    return settling === undefined ? authoritativeReply(world, query) : { ...settling, recursionAvailable: false };
  });
}

function authoritativeReply(world: SimulatedWorld, query: DnsQuery): DnsReply {
  if (query.class !== 'IN' || query.type === 'AXFR' || query.type === 'IXFR') return { ...nothing, rcode: 'REFUSED' };
  return { ...answerFromZone(world, query.name, query.type), recursionAvailable: false };
}
