import { acceptanceFor } from '../../actions/acceptance.ts';
import { type Finding as CheckFinding, isAccepted } from '../../actions/finding.ts';
import type { Environment } from '../../world/environment.ts';
import type { StepReport } from '../run-report.ts';
import type { Finding, FindingState } from './finding.ts';
import type { Independence } from './judge-independence.ts';

/** A finding, and what the environment file says of it; null where it says nothing, and where all is well. */
export type HeldFinding = Finding & Pick<CheckFinding, 'acceptance'>;

/** The parts of a diagnosis, in their order, as people read of them. */
export const sectionTitles = {
  machine: 'This machine',
  access: 'Credentials, and what they may read',
  dependencies: 'What an incident needs, and whether it falls with the provider',
} as const;

/** One of {@link sectionTitles}. */
export type SectionName = keyof typeof sectionTitles;

/** How many findings there are in each state; accepted ones apart. */
export type Counts = Readonly<Record<FindingState | 'accepted', number>>;

/** All that `doctor` found. */
export type Diagnosis = {
  sections: Readonly<Record<SectionName, readonly HeldFinding[]>>;
  independence: readonly Independence[];
  counts: Counts;
};

/** Holds what was found against the environment's acceptances at `nowMs`, as a run does (`accepted-findings`), and counts it. */
export function diagnose(
  env: Pick<Environment, 'accepted-findings'>,
  nowMs: number,
  found: { sections: Readonly<Record<SectionName, readonly Finding[]>>; independence: readonly Independence[] },
): Diagnosis {
  const hold = (findings: readonly Finding[]) =>
    findings.map((finding): HeldFinding => {
      if (finding.state === 'ok') return { ...finding, acceptance: null };
      const found = { id: finding.id, where: '', severity: severities[finding.state] };
      return { ...finding, acceptance: acceptanceFor(env['accepted-findings'], found, nowMs) };
    });
  const { machine, access, dependencies } = found.sections;
  const sections = { machine: hold(machine), access: hold(access), dependencies: hold(dependencies) };
  return { sections, independence: found.independence, counts: countStates(Object.values(sections).flat()) };
}

function countStates(findings: readonly HeldFinding[]): Counts {
  const counts = { ok: 0, warn: 0, bad: 0, unknown: 0, accepted: 0 };
  for (const finding of findings) counts[isAccepted(finding) ? 'accepted' : finding.state] += 1;
  return counts;
}

/** A diagnosis as machines read a run: a step for each part, failed where something bad in it is not accepted. */
export function reportDiagnosis({ sections }: Diagnosis): StepReport[] {
  return (Object.keys(sectionTitles) as SectionName[]).map((id) => {
    const findings = sections[id];
    const counts = countStates(findings);
    const notWell = findings.length - counts.ok - counts.accepted;
    return {
      id,
      title: sectionTitles[id],
      optional: false,
      outcome: counts.bad > 0 ? 'failed' : 'passed',
      ms: null,
      headline:
        notWell === 0
          ? `${findings.length} looked at, nothing to do`
          : `${notWell} of ${findings.length} ${notWell === 1 ? 'needs' : 'need'} a look`,
      detail: findings.filter(({ state }) => state === 'ok').map((finding) => `ok ${finding.id}: ${finding.found}`),
      failure: counts.bad > 0 ? 'failed' : null,
      findings: findings.flatMap((finding) => asCheckFinding(finding)),
      certificateDaysLeft: null,
      rehearsal: null,
    };
  });
}

/** What could not be found out is no fault by itself. */
const severities = { bad: 'critical', warn: 'warning', unknown: 'info' } as const;

function asCheckFinding({ id, state, found, breaks, remedy, acceptance }: HeldFinding): CheckFinding[] {
  if (state === 'ok') return [];
  return [{ id, severity: severities[state], where: '', breaks: `${found}; ${breaks}`, remedy, acceptance }];
}
