import type { SimulatedWorld } from './state.ts';

/**
 * What a failover leaves behind: the hostname's load balancer off with the record beneath it answering, the record no
 * longer proxied and leading to the distribution, or the CNAME at Route 53 leading there.
 */
export function leaveFailedOver(world: SimulatedWorld): void {
  const { hostname, hostedZone, distribution } = world;
  switch (world.servedBy) {
    case 'load-balancer':
      for (const balancer of world.loadBalancers) if (balancer.name === hostname) balancer.enabled = false;
      return;
    case 'record':
      world.records = world.records.map((record) =>
        record.name === hostname ? { ...record, content: distribution.domain, proxied: false, ttl: 60 } : record,
      );
      return;
    case 'route53':
      hostedZone.recordSets = hostedZone.recordSets.map((set) =>
        set.name === `${hostname}.` ? { ...set, values: [distribution.domain] } : set,
      );
      hostedZone.seeded = hostedZone.recordSets;
  }
}
