import type { Visit } from '../../world/visit.ts';
import { type Finding, fine, trouble } from './finding.ts';

const warnMs = 5_000;
const badMs = 60_000;
/** A `Date` header tells a whole second (RFC 9110, section 6.6.1): the moment may be up to this much later. */
const granularityMs = 1_000;

/**
 * This machine's clock against the providers' `Date` headers: how far it is off at least, in milliseconds, more than 0
 * where it is ahead. The middle one of all answers counts, so that one provider's wrong clock does not. AWS refuses
 * signatures that are five minutes off (IAM User Guide, Signature Version 4, "request expired").
 */
export function examineClock(visits: readonly Visit[]): Finding {
  const skews = visits.flatMap((visit) =>
    visit.answered && visit.dateMs !== null ? [leastSkew(visit, visit.dateMs)] : [],
  );
  const skewMs = skews.toSorted((left, right) => left - right)[Math.floor(skews.length / 2)];
  const id = 'clock';
  const remedy = 'let the system set its clock by NTP (timedatectl set-ntp true), then run doctor again';
  if (skewMs === undefined) {
    return trouble(id, 'unknown', {
      found: 'no provider told the time',
      breaks: 'it cannot be told whether signatures for AWS would be in time',
      remedy: 'run doctor again once the network works',
    });
  }
  const sizeMs = Math.abs(skewMs);
  if (sizeMs <= warnMs) return fine(id, `agrees with the providers’ (${skews.length} asked)`);
  const found = `${Math.round(sizeMs / 1_000)} s ${skewMs > 0 ? 'ahead of' : 'behind'} the providers’ clocks`;
  return sizeMs > badMs
    ? trouble(id, 'bad', {
        found,
        breaks: 'AWS refuses every call from 5 minutes on, and the audit log tells wrong times',
        remedy,
      })
    : trouble(id, 'warn', { found, breaks: 'the audit log tells times that nobody else’s log has', remedy });
}

/** How far the clock is off at least, given that the provider read its own clock between the sending and the answer. */
function leastSkew({ sentMs, receivedMs }: { sentMs: number; receivedMs: number }, dateMs: number): number {
  const atMost = receivedMs - dateMs;
  const atLeast = sentMs - (dateMs + granularityMs);
  return atLeast > 0 ? atLeast : atMost < 0 ? atMost : 0;
}
