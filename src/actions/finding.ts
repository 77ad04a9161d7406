import { z } from 'zod';
import { acceptanceFor } from './acceptance.ts';
import type { ActionContext } from './action.ts';
import { wrapText } from './http/text-columns.ts';

const acceptanceSchema = z.strictObject({
  reason: z.string(),
  until: z.string().describe('as the environment file has it'),
  by: z.string().nullable(),
  lapsed: z
    .enum(['expired', 'changed', 'worse'])
    .nullable()
    .describe(
      'why the finding counts all the same: it ran out, what is seen is not what was accepted, or is worse; null where it holds',
    ),
});

/**
 * Something that a check found, in one shape for all checks. `critical`: customers' requests fail, or the switch would;
 * `warning`: some may, or soon will; `info`: good to know. With `acceptance`, a person knows of it and takes it until then.
 */
export const findingSchema = z.strictObject({
  id: z.string().describe('`system/what-is-wrong`: stable, for scripts and acceptances'),
  severity: z.enum(['critical', 'warning', 'info']),
  where: z.string().describe('the place: a request, a cache behavior, a name; empty for the whole'),
  breaks: z.string().describe('what was seen, and what it breaks'),
  remedy: z.string(),
  seen: z
    .string()
    .exactOptional()
    .describe(
      'a fingerprint of what was found: where there is one, an acceptance must name it, and holds for nothing else',
    ),
  numbers: z.record(z.string(), z.number()).exactOptional().describe('what it follows from; units in the names'),
  acceptance: acceptanceSchema.nullable().describe('what the environment file says of it; null where it says nothing'),
});

/** See {@link findingSchema}. */
export type Finding = z.output<typeof findingSchema>;

/** A finding as a check's own code makes it, its id one of those that the check declares. */
export type Found<Id extends string = string> = Omit<Finding, 'id' | 'acceptance'> & { id: Id };

/** Counts of findings that no acceptance holds, by severity, and of those that one does. */
export const findingCounts = {
  critical: z.int().nonnegative().describe('findings with which requests or the switch fail, not accepted'),
  warnings: z.int().nonnegative().describe('findings that may soon fail, not accepted'),
  infos: z.int().nonnegative(),
  accepted: z.int().nonnegative().describe('findings of any severity that are accepted for now'),
  findings: z.array(findingSchema).describe('the worst first'),
};

/** What every check with findings gives: see {@link findingCounts}. */
export type CountedFindings = Record<'critical' | 'warnings' | 'infos' | 'accepted', number> & { findings: Finding[] };

/** Holds what was found against the acceptances of the environment, by the run's clock, and counts what is left. */
export function holdFindings(ctx: Pick<ActionContext, 'env' | 'clock'>, found: readonly Found[]): CountedFindings {
  const nowMs = ctx.clock.now();
  const findings = sortFindings(
    found.map((one): Finding => ({ ...one, acceptance: acceptanceFor(ctx.env['accepted-findings'], one, nowMs) })),
  );
  const counted = findings.filter((finding) => !isAccepted(finding));
  const count = (severity: Finding['severity']) => counted.filter((finding) => finding.severity === severity).length;
  return {
    critical: count('critical'),
    warnings: count('warning'),
    infos: count('info'),
    accepted: findings.length - counted.length,
    findings,
  };
}

/** Whether a finding is accepted at the time of the check. */
export function isAccepted({ acceptance }: Pick<Finding, 'acceptance'>): boolean {
  return acceptance !== null && acceptance.lapsed === null;
}

const indent = '     ';
const words = { critical: 'FAIL', warning: 'warn', info: 'note' } as const;

/**
 * Findings as lines of at most 64 characters, the worst first: what is wrong, what it breaks, what to do or who accepted
 * it. What differs in its place alone is told once, with the places.
 */
export function renderFindings(findings: readonly Finding[]): string[] {
  const alike = new Map<string, { finding: Finding; places: string[] }>();
  for (const finding of sortFindings(findings)) {
    const { id, severity, where, breaks, remedy, acceptance, seen } = finding;
    const key = JSON.stringify([id, severity, breaks, remedy, acceptance, seen]);
    const { places } = alike.get(key) ?? { places: [] };
    alike.set(key, { finding, places: where === '' ? places : [...places, where] });
  }
  return [...alike.values()].flatMap(({ finding, places: all }) => {
    const { id, severity, breaks, remedy, acceptance, seen } = finding;
    const word = isAccepted(finding) ? 'okay' : words[severity];
    const places = all.join(', ');
    return [
      ...wrapText(`${word} ${id}${places === '' ? '' : ` (${places})`}: ${breaks}`, indent),
      ...(acceptance === null ? [] : below(describeAcceptance(acceptance))),
      ...(isAccepted(finding) ? [] : below(`fix: ${remedy}`)),
      ...(isAccepted(finding) || seen === undefined || remedy.includes(seen) ? [] : below(`seen: ${seen}`)),
    ];
  });
}

/** An acceptance in words: until when, why, and by whom; or why it holds no longer. */
export function describeAcceptance({ reason, until, by, lapsed }: NonNullable<Finding['acceptance']>): string {
  const whose = by === null ? '' : ` by ${by}`;
  switch (lapsed) {
    case null:
      return `accepted${whose} until ${until}: ${reason}`;
    case 'expired':
      return `its acceptance${whose} ran out ${until}: ${reason}`;
    case 'changed':
      return `its acceptance${whose} is not of what is seen now (\`seen\`): ${reason}`;
    case 'worse':
      return `its acceptance${whose} is of something less severe: ${reason}`;
  }
}

/** What to write into the environment file to accept what was seen, and nothing else, as a remedy says it. */
export function acceptanceOf({ id, where, seen }: Pick<Finding, 'id' | 'where'> & { seen: string }): string {
  return `accepted-findings: ${id}, where: ${where}, seen: ${seen}`;
}

/** Words are parted by spaces, so that spaces at the beginning are put in afterwards. */
function below(text: string): string[] {
  return wrapText(`.... ${text}`, indent).map((line) => line.replace(/^\.{4} /, indent));
}

/** Findings, those that count before the accepted ones, the worst first, and otherwise as they came. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const severities = Object.keys(words);
  const rank = (finding: Finding) => severities.indexOf(finding.severity) + (isAccepted(finding) ? 10 : 0);
  return findings.toSorted((left, right) => rank(left) - rank(right));
}
