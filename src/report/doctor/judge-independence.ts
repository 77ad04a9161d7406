import { cloudflareRanges, matchRanges } from '../../actions/dns/address-ranges.ts';
import { boundedText } from '../../world/bounded-text.ts';
import type { Environment } from '../../world/environment.ts';
import { type Need, needs } from './dependencies.ts';
import { type Finding, fine, trouble } from './finding.ts';
import type { FindingId } from './finding-ids.ts';
import type { Look } from './look-at-dependency.ts';

/** Two kinds of evidence, told apart: headers alone lie, and so can an address be another front's. */
export type Evidence = 'behind' | 'elsewhere' | 'unknown';

/** A row of the table of independence. */
export type Independence = {
  name: string;
  host: string;
  neededFor: Need;
  addresses: string[];
  /** By its addresses, held against the provider's published ranges. */
  byAddress: Evidence;
  /** By what it answers: `Server: cloudflare`, `CF-Ray`. */
  bySignature: Evidence;
  /** What it answered, in words. */
  answered: string;
};

/** A row with what it means. */
export type JudgedDependency = { row: Independence; finding: Finding };

/**
 * Judges what was seen, and sorts: first what would take the plan down with the provider, by what it is needed for; then
 * what could not be told; then the rest.
 */
export function judgeIndependence(env: Environment, looks: readonly Look[]): JudgedDependency[] {
  const isProviders = matchRanges([
    ...cloudflareRanges,
    ...Object.values(env.routes).flatMap(({ provider, answers }) =>
      provider === 'cloudflare' ? (answers?.addresses ?? []) : [],
    ),
  ]);
  const judged = looks.map((look) => {
    const row = rowOf(look, isProviders);
    return { row, finding: judge(row, look.dependency.isTheProviders) };
  });
  const weight = ({ row }: JudgedDependency) =>
    [isBehind(row) ? 0 : isUntold(row) ? 1 : 2, needs.indexOf(row.neededFor)] as const;
  return judged.toSorted((left, right) => {
    const [a, b] = [weight(left), weight(right)];
    return a[0] - b[0] || a[1] - b[1];
  });
}

function rowOf({ dependency, addresses, visit }: Look, isProviders: (address: string) => boolean): Independence {
  const signed = visit.answered && (/^cloudflare/i.test(visit.server ?? '') || visit.cfRay !== null);
  return {
    name: dependency.name,
    host: dependency.host,
    neededFor: dependency.need,
    addresses,
    byAddress: addresses.length === 0 ? 'unknown' : addresses.some(isProviders) ? 'behind' : 'elsewhere',
    bySignature: !visit.answered ? 'unknown' : signed ? 'behind' : 'elsewhere',
    answered: visit.answered
      ? `HTTP ${visit.status}${visit.server === null ? '' : `, server ${boundedText(visit.server, 30)}`}`
      : boundedText(visit.message, 120),
  };
}

function isBehind({ byAddress, bySignature }: Independence): boolean {
  return byAddress === 'behind' || bySignature === 'behind';
}

function isUntold({ byAddress, bySignature }: Independence): boolean {
  return byAddress === 'unknown' || bySignature === 'unknown';
}

const breaksBy: Readonly<Record<Need, string>> = {
  switch: 'it fails with the provider, and without it nothing can be switched',
  telling: 'it fails with the provider: people are not told; the switch does not wait for it',
  checks: 'it fails with the provider: what it checks cannot be checked then',
  setup: 'it fails with the provider: no new machine can be set up then; one that is set up needs it no more',
};

function judge(row: Independence, isTheProviders: boolean): Finding {
  const id: FindingId = `independence-${row.name}`;
  const evidence = `${row.host}: addresses ${words[row.byAddress]}, answers ${words[row.bySignature]} (${row.answered})`;
  if (isBehind(row)) {
    if (isTheProviders && row.neededFor !== 'switch')
      return fine(id, `${row.host}: the provider’s own; the switch does without it`);
    if (isTheProviders) {
      return trouble(id, 'warn', {
        found: 'the provider’s own API is needed, and is behind its own edge',
        breaks: 'the switch needs the API of the provider that fails',
        remedy: 'rehearse the way by hand (scenario throttled), or let the name be served by Route 53 (partial setup)',
      });
    }
    // Both kinds of evidence, or the addresses, make it certain; a header can be anybody's.
    const isCertain = row.byAddress === 'behind';
    return trouble(id, row.neededFor === 'switch' && isCertain ? 'bad' : 'warn', {
      found: evidence,
      breaks: breaksBy[row.neededFor],
      remedy: isCertain
        ? wayOut(row.neededFor)
        : 'find out what stands in front of it: its answers carry the provider’s marks, its addresses do not',
    });
  }
  if (isUntold(row)) {
    return trouble(id, 'unknown', {
      found: evidence,
      breaks: 'it cannot be told whether it fails with the provider',
      remedy: 'run doctor again when it answers; check the address in the environment file',
    });
  }
  return fine(id, `${row.host}: not behind the provider (${row.answered})`);
}

function wayOut(need: Need): string {
  return need === 'setup'
    ? 'set up every machine that may run a failover beforehand, and keep a packed copy and the runbooks on it'
    : 'have another way that is not behind the provider, and put it into the runbook';
}

const words: Readonly<Record<Evidence, string>> = {
  behind: 'the provider’s',
  elsewhere: 'not the provider’s',
  unknown: 'not known',
};
