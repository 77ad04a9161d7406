import { createHash } from 'node:crypto';
import { operatorsRegion, type Region } from './regions.ts';
import type { Component, Fault, SetFault, SimulatedWorld } from './state.ts';

type Noise = Extract<SetFault, { kind: 'noise' }>;

/** A fault as it acts at one moment: flapping is resolved to "down with this status" or to no fault at all. */
export type ActingFault = Exclude<Fault, { kind: 'flap' | 'noise' }> | Noise;

/** Whether a noisy fault fails the next request. Each call is one request: the n-th has the same fate for the same seed. */
export function failsByChance(fault: Noise): boolean {
  fault.drawn = (fault.drawn ?? 0) + 1;
  const digest = createHash('sha256').update(`${fault.seed}/${fault.drawn}`).digest();
  return digest.readUInt32BE(0) / 2 ** 32 < fault.share;
}

/**
 * How a component fails at `nowMs` (the rehearsal's clock) in a region, or undefined while it works. A flapping
 * component is down first, from the moment the fault was set.
 */
export function faultFor(
  world: SimulatedWorld,
  component: Component,
  nowMs: number,
  region: Region = operatorsRegion,
): ActingFault | undefined {
  const fault = world.faults.get(component) ?? ofTheFront(world, component);
  if (fault === undefined || fault.regions?.includes(region) === false) return undefined;
  if (fault.kind !== 'flap') return fault;
  const phaseMs = Math.max(0, nowMs - fault.sinceMs) % Math.max(1, fault.downMs + fault.upMs);
  return phaseMs < fault.downMs ? { kind: 'status', status: fault.status } : undefined;
}

/** What stands behind the edge fails as the edge does. */
function ofTheFront(world: SimulatedWorld, component: Component): SetFault | undefined {
  return component === 'slack-api' && world.slackBehindProvider === true ? world.faults.get('edge') : undefined;
}

/** Breaks a component from `nowMs` on, everywhere or in some regions; undefined repairs it everywhere. */
export function setFault(
  world: SimulatedWorld,
  component: Component,
  fault: (Fault & { regions?: readonly Region[] }) | undefined,
  nowMs: number,
): void {
  if (fault === undefined) world.faults.delete(component);
  else world.faults.set(component, { ...fault, sinceMs: nowMs });
}
