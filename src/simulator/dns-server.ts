import type { Clock } from '../world/clock.ts';
import { authoritativeAnswer } from './authoritative-answer.ts';
import { type DnsListener, startDnsListener } from './dns-listener.ts';
import { type DnsQuery, type DnsReply, nothing } from './dns-wire.ts';
import { faultFor } from './faults.ts';
import { answerFromParent } from './parent-answers.ts';
import type { SimulatedWorld } from './state.ts';

/**
 * Starts one authoritative server of the simulated zone, on UDP and TCP of a free port of 127.0.0.1; `name` is one of the
 * zone's nameservers, the first unless given. Cloudflare's follow the simulated control plane, Route 53's when
 * the change has reached them. The fault of component `dns` makes it silent (`hang`), refuse
 * (`refuse`), late (`slow`), or answer SERVFAIL (`status`, `flap`).
 */
export function startDnsServer(world: SimulatedWorld, clock: Clock, name?: string): Promise<DnsListener> {
  const server = Math.max(0, world.hostedZone.nameservers.indexOf(name ?? ''));
  return startDnsListener(async (query) => {
    const fault = faultFor(world, 'dns', clock.now());
    if (fault?.kind === 'hang') return 'hang';
    if (fault?.kind === 'refuse') return { ...nothing, rcode: 'REFUSED' };
    if (fault?.kind === 'status') return { ...nothing, rcode: 'SERVFAIL' };
    if (fault?.kind === 'slow') await clock.sleep(fault.ms);
    return authoritativeReply(world, query, { server, nowMs: clock.now() });
  });
}

/** Starts the server of the zone above, which refers to the zone's servers and holds its DS records. No fault reaches it. */
export function startParentServer(world: SimulatedWorld): Promise<DnsListener> {
  return startDnsListener((query) =>
    query.class === 'IN'
      ? { ...answerFromParent(world, query.name, query.type), recursionAvailable: false }
      : { ...nothing, rcode: 'REFUSED' },
  );
}

function authoritativeReply(world: SimulatedWorld, query: DnsQuery, at: { server: number; nowMs: number }): DnsReply {
  if (query.class !== 'IN' || query.type === 'AXFR' || query.type === 'IXFR') return { ...nothing, rcode: 'REFUSED' };
  return { ...authoritativeAnswer(world, { name: query.name, type: query.type, ...at }), recursionAvailable: false };
}
