import { z } from 'zod';
import { wrapText } from '../http/text-columns.ts';

/**
 * Something about the standby that customers would feel. `critical`: requests fail there; `warning`: some may, or soon
 * will; `info`: good to know.
 */
export const findingSchema = z.strictObject({
  id: z.string().describe('stable, for scripts'),
  severity: z.enum(['critical', 'warning', 'info']),
  where: z.string().describe('the cache behavior’s path pattern, the origin or the function; empty for the whole'),
  breaks: z.string().describe('what customers would see'),
  remedy: z.string(),
});

/** See {@link findingSchema}. */
export type Finding = z.output<typeof findingSchema>;

const indent = '     ';
const words = { critical: 'FAIL', warning: 'warn', info: 'note' } as const;

/** Findings as lines of at most 64 characters, the worst first: what is wrong, what it breaks, what to do. */
export function renderFindings(findings: readonly Finding[]): string[] {
  return sorted(findings).flatMap(({ id, severity, where, breaks, remedy }) => [
    ...wrapText(`${words[severity]} ${id}${where === '' ? '' : ` (${where})`}: ${breaks}`, indent),
    // Words are parted by spaces, so that spaces at the beginning are put in afterwards.
    ...wrapText(`.... fix: ${remedy}`, indent).map((line) => line.replace(/^\.{4} /, indent)),
  ]);
}

/** Findings, the worst first, and otherwise as they came. */
export function sorted(findings: readonly Finding[]): Finding[] {
  const rank = Object.keys(words);
  return findings.toSorted((left, right) => rank.indexOf(left.severity) - rank.indexOf(right.severity));
}
