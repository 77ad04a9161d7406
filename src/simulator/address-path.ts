import type { Via } from './client-tally.ts';
import type { Region } from './regions.ts';
import type { SimulatedWorld } from './state.ts';

/** Where the published addresses of the edge and the fallback lead: ports of 127.0.0.1. */
export type PathPorts = { edges: Readonly<Record<Region, number>>; fallback: number };

/** The path that an address leads on from a region, and the port that stands for it; undefined for any other address. */
export function pathOf(
  world: SimulatedWorld,
  ports: PathPorts,
  region: Region,
  address: string | undefined,
): { via: Exclude<Via, 'nowhere'>; port: number } | undefined {
  if (address === undefined) return undefined;
  if (world.addresses.edge.v4.includes(address)) return { via: 'edge', port: ports.edges[region] };
  return world.addresses.fallback.v4.includes(address) ? { via: 'fallback', port: ports.fallback } : undefined;
}
