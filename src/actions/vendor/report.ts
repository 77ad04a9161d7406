import { z } from 'zod';
import { boundedText } from '../../world/bounded-text.ts';
import { makeVisible } from '../../world/visible-text.ts';

/** How bad a vendor says it is, in Statuspage's words; `unknown` where it cannot be told, which is never "none". */
export const severities = ['unknown', 'none', 'minor', 'major', 'critical'] as const;

/** One of {@link severities}. */
export type Severity = (typeof severities)[number];

/** An open incident, by its title as the vendor wrote it, made fit for a screen. */
export const incidentSchema = z.strictObject({
  title: z.string(),
  impact: z.enum(severities),
  since: z.string().nullable().describe('ISO 8601; null where the vendor gives no time'),
});

/** What a vendor's document says of the components that matter. */
export type VendorReport = {
  says: Severity;
  /** When the vendor last changed what it says; null where it does not tell. */
  asOf: string | null;
  components: { name: string; state: Severity }[];
  incidents: z.output<typeof incidentSchema>[];
  notes: string[];
};

/** The worst of several; `unknown` counts only where nothing is known to be wrong. */
export function worstOf(all: readonly Severity[]): Severity {
  const worst = severities.findLast((severity) => all.includes(severity)) ?? 'none';
  return worst === 'none' && all.includes('unknown') ? 'unknown' : worst;
}

/** What a vendor says, for a sentence that begins with `NAME says`. */
export function severityInWords(severity: Severity): string {
  if (severity === 'none') return 'all is well';
  return severity === 'unknown' ? 'what cannot be told' : `${severity} trouble`;
}

/** A line of another party's words. */
export function vendorText(text: string): string {
  return boundedText(makeVisible(boundedText(text, 120)), 120);
}

/** ISO 8601 of a time as written, or null where it is none. */
export function timeOf(text: string | number | undefined): string | null {
  const ms = typeof text === 'number' ? text * 1_000 : Date.parse(text ?? '');
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : null;
}

/** How long ago, in one unit. */
export function ageInWords(ms: number): string {
  if (ms < 90_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 90 * 60_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 48 * 3_600_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} days`;
}
