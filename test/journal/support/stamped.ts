import { sha256 } from '../../../src/journal/chain.ts';
import type { Entry, Event } from '../../../src/journal/events.ts';
import { stampedBy } from './entries.ts';
import { alice } from './store-fixture.ts';

/** When the first of some {@link stamped} events was written; each of the others a second after the one before. */
export const firstAtMs = Date.UTC(2026, 10, 18, 11, 48);

/** Events as entries of `run-1`, numbered from `from`, by its first driver; not linked, for those who only fold them. */
export function stamped(events: readonly Event[], from = 1): Entry[] {
  const hashOf = (seq: number) => sha256(String(seq));
  return stampedBy({ run: 'run-1', beganMs: firstAtMs, actor: alice, hashOf }, events, from);
}
