import { type Finding, isAccepted } from '../actions/finding.ts';
import { makeVisible } from '../world/visible-text.ts';
import type { RehearsalReport, RunReport } from './run-report.ts';

type Labels = Readonly<Record<string, string>>;
type Sample = { labels: Labels; value: number };
type Family = { name: string; help: string; samples: readonly Sample[] };

const severities: readonly Finding['severity'][] = ['critical', 'warning', 'info'];

/**
 * A run as OpenMetrics text (https://prometheus.io/docs/specs/om/open_metrics_spec/), gauges without timestamps: what
 * node_exporter's textfile collector reads, too. Every sample names runbook, environment and mode; places of findings
 * are left out, so that the number of series stays bounded.
 */
export function renderMetrics(report: RunReport): string {
  const { runbook, environment, mode } = report;
  const common = { runbook, environment, mode };
  const lines = familiesOf(report).flatMap(({ name, help, samples }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...samples.map(({ labels, value }) => `${name}${renderLabels({ ...common, ...labels })} ${value}`),
  ]);
  return `${[...lines, '# EOF'].join('\n')}\n`;
}

function familiesOf(report: RunReport): Family[] {
  const { steps, startedAtMs, endedAtMs, exitCode, mode } = report;
  const one = (value: number): Sample[] => [{ labels: {}, value }];
  return [
    { name: 'resend_ops_run_exit_code', help: 'Exit code of the run; 0 is as asked.', samples: one(exitCode) },
    {
      name: 'resend_ops_run_timestamp_seconds',
      help: 'When the run ended, Unix time; old means that it no longer runs.',
      samples: one(endedAtMs / 1_000),
    },
    {
      name: 'resend_ops_run_duration_seconds',
      help: 'How long the run took, real time.',
      samples: one(Math.max(0, endedAtMs - startedAtMs) / 1_000),
    },
    {
      name: 'resend_ops_run_is_live',
      help: '1 for a run against the real providers, 0 for a dry run or a rehearsal.',
      samples: one(mode === 'live' ? 1 : 0),
    },
    {
      name: 'resend_ops_check_ok',
      help: '1 where the step passed, 0 where it failed or did not end; skipped steps have no sample.',
      samples: steps
        .filter(({ outcome }) => outcome !== 'skipped' && outcome !== 'unknown')
        .map(({ id, outcome }) => ({ labels: { step: id }, value: outcome === 'passed' ? 1 : 0 })),
    },
    {
      name: 'resend_ops_check_duration_seconds',
      help: 'How long the step took, by the clock of the run.',
      samples: steps.flatMap(({ id, ms }) => (ms === null ? [] : [{ labels: { step: id }, value: ms / 1_000 }])),
    },
    {
      name: 'resend_ops_findings',
      help: 'Number of findings by severity; accepted ones apart.',
      samples: severities.flatMap((severity) =>
        [false, true].map((accepted) => ({
          labels: { severity, accepted: String(accepted) },
          value: steps
            .flatMap(({ findings }) => findings)
            .filter((finding) => finding.severity === severity && isAccepted(finding) === accepted).length,
        })),
      ),
    },
    {
      name: 'resend_ops_finding',
      help: 'Number of places with this finding.',
      samples: steps.flatMap(({ id, findings }) => countFindings(id, findings)),
    },
    {
      name: 'resend_ops_certificate_days_left',
      help: 'Whole days until the certificate of the standby runs out.',
      samples: steps.flatMap(({ id, certificateDaysLeft }) =>
        certificateDaysLeft === null ? [] : [{ labels: { step: id }, value: certificateDaysLeft }],
      ),
    },
    ...rehearsalFamilies(steps),
  ];
}

/** Of the last rehearsal; a clock that was not reached has no sample. */
function rehearsalFamilies(steps: RunReport['steps']): Family[] {
  const family = (name: string, help: string, told: (rehearsal: RehearsalReport) => number | null): Family => ({
    name: `resend_ops_rehearsal_${name}`,
    help,
    samples: steps.flatMap(({ id, rehearsal }) => {
      const value = rehearsal === null ? null : told(rehearsal);
      return value === null ? [] : [{ labels: { step: id }, value }];
    }),
  });
  const inSeconds = (ms: number | null) => (ms === null ? null : ms / 1_000);
  return [
    family('age_days', 'Whole days since the last rehearsal.', ({ daysAgo }) => daysAgo),
    family('ok', '1 where the last rehearsal ended as it must, within the objective.', ({ good }) => (good ? 1 : 0)),
    family('switched_seconds', 'From go until DNS answered with the fallback, in the last rehearsal.', ({ score }) =>
      inSeconds(score.switchedMs),
    ),
    family('recovered_seconds', 'From go until clients had drained, in the last rehearsal.', ({ score }) =>
      inSeconds(score.recoveredMs),
    ),
    family('requests_sent', 'Requests of simulated customers in the last rehearsal.', ({ score }) => score.sent),
    family('requests_lost', 'Of these, those that were lost.', ({ score }) => score.lost),
  ];
}

function countFindings(step: string, findings: readonly Finding[]): Sample[] {
  const counted = new Map<string, Sample>();
  for (const finding of findings) {
    const { id, severity } = finding;
    const labels = { step, id, severity, accepted: String(isAccepted(finding)) };
    const key = JSON.stringify(labels);
    counted.set(key, { labels, value: (counted.get(key)?.value ?? 0) + 1 });
  }
  return [...counted.values()];
}

function renderLabels(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',')}}`;
}

/** A label's value: unseen characters made visible, so that neither a line nor the encoding breaks; then the format's own escapes. */
function escapeLabel(text: string): string {
  return makeVisible(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
