import type { SimulatedHostedZone, SimulatedRecordSet } from './state.ts';

/** The hosted zone of CloudFront's distributions, the target of aliases (Route 53 API Reference, AliasTarget). */
export const cloudFrontZoneId = 'Z2FDTNDATAQYW2';

/** A name as Route 53 keeps it: lower case, with a trailing dot, anything but letters, digits, `-` and `_` as `\` and octal. */
export function storedName(name: string): string {
  const lower = name.toLowerCase().replace(/\.$/, '');
  return `${lower.replace(/\*/g, '\\052')}.`;
}

/** Whether a change has reached all of the zone's servers. */
export function isInSync(zone: SimulatedHostedZone, submittedMs: number, nowMs: number): boolean {
  return nowMs >= submittedMs + zone.propagationMs;
}

/**
 * What one of the zone's servers answers from at `nowMs`: changes reach the servers one after the other, the last one
 * when the change is INSYNC.
 */
export function servedRecordSets(
  zone: SimulatedHostedZone,
  { server, servers, nowMs }: { server: number; servers: number; nowMs: number },
): readonly SimulatedRecordSet[] {
  const delayMs = (zone.propagationMs * (server + 1)) / Math.max(1, servers);
  const reached = zone.changes.findLast(({ submittedMs }) => nowMs >= submittedMs + delayMs);
  return reached?.recordSets ?? zone.seeded;
}

/** Puts new record sets in place; servers get them by and by. Answers the change's id. */
export function submitChange(
  zone: SimulatedHostedZone,
  { recordSets, comment, nowMs }: { recordSets: SimulatedRecordSet[]; comment: string | undefined; nowMs: number },
): string {
  const id = `C${(zone.changes.length + 1).toString(36).toUpperCase().padStart(6, '0')}${zone.id.slice(1, 9)}`;
  zone.recordSets = recordSets;
  zone.changes.push({ id, comment, submittedMs: nowMs, recordSets });
  return id;
}
