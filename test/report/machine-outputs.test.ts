import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/actions/finding.ts';
import type { RunState, StepState } from '../../src/journal/run-state.ts';
import { renderJUnit } from '../../src/report/junit.ts';
import { renderMetrics } from '../../src/report/metrics.ts';
import { type RunReport, reportSteps, type StepReport } from '../../src/report/run-report.ts';
import { payloads } from '../attack/payloads.ts';
import { problemsOfMetrics } from './openmetrics-check.ts';
import { parseJUnit, python } from './parse-junit.ts';

const finding = (more: Partial<Finding> = {}): Finding => ({
  id: 'cloudfront/alias-missing',
  severity: 'critical',
  where: '',
  breaks: 'every request is answered 403',
  remedy: 'add the alias',
  acceptance: null,
  ...more,
});
const accepted = { reason: 'known', until: '2027-01-01', by: 'ana', lapsed: null };

const step = (more: Partial<StepReport> = {}): StepReport => ({
  id: 'configuration',
  title: 'The distribution carries what the requests need',
  optional: false,
  outcome: 'passed',
  ms: 1_234,
  headline: 'nothing critical',
  detail: [],
  failure: null,
  findings: [],
  certificateDaysLeft: null,
  rehearsal: null,
  ...more,
});

const report = (more: Partial<RunReport> = {}): RunReport => ({
  run: 'r1',
  runbook: 'validate-fallback',
  environment: 'production',
  mode: 'live',
  hostname: 'api.example.com',
  exitCode: 0,
  outcome: 'succeeded',
  message: 'done',
  startedAtMs: Date.UTC(2026, 0, 1),
  endedAtMs: Date.UTC(2026, 0, 1) + 2_500,
  steps: [step()],
  ...more,
});

const failing = report({
  exitCode: 1,
  outcome: 'failed',
  steps: [
    step({
      outcome: 'failed',
      failure: 'failed',
      headline: 'guard standby-configuration: 1 critical',
      findings: [
        finding(),
        finding({ id: 'cloudfront/origin-timeout-short', severity: 'warning', where: 'email-api' }),
        finding({ id: 'cloudfront/origin-timeout-short', severity: 'warning', where: 'resend-api' }),
        finding({ id: 'cloudfront/waf-attached', severity: 'warning', acceptance: accepted }),
        finding({ id: 'cloudfront/error-pages', acceptance: { ...accepted, lapsed: 'expired' } }),
      ],
      certificateDaysLeft: 3,
    }),
    step({ id: 'routing', outcome: 'skipped', headline: 'its condition does not hold', ms: 0 }),
    step({ id: 'answers', outcome: 'unfinished', ms: null, headline: '' }),
    step({ id: 'look', outcome: 'failed', failure: 'bug', headline: 'undefined is not a function' }),
  ],
});

describe('JUnit', () => {
  test.skipIf(python.status !== 0)('a case for each step and each finding, as another parser reads them', () => {
    const [suite, cases] = parseJUnit(renderJUnit(failing));
    expect(suite).toMatchObject({
      name: 'validate-fallback',
      tests: '9',
      failures: '3',
      errors: '2',
      skipped: '2',
      time: '2.500',
      timestamp: '2026-01-01T00:00:00Z',
    });
    expect(cases.map(([className, name, , child]) => [className, name, child?.[0], child?.[1]])).toEqual([
      ['validate-fallback.configuration', step().title, 'failure', 'failed'],
      ['validate-fallback.configuration.findings', 'cloudfront/alias-missing', 'failure', 'critical'],
      ['validate-fallback.configuration.findings', 'cloudfront/origin-timeout-short (email-api)', 'system-out', null],
      ['validate-fallback.configuration.findings', 'cloudfront/origin-timeout-short (resend-api)', 'system-out', null],
      ['validate-fallback.configuration.findings', 'cloudfront/waf-attached', 'skipped', null],
      ['validate-fallback.configuration.findings', 'cloudfront/error-pages', 'failure', 'critical'],
      ['validate-fallback.routing', step().title, 'skipped', null],
      ['validate-fallback.answers', step().title, 'error', 'unfinished'],
      ['validate-fallback.look', step().title, 'error', 'bug'],
    ]);
    expect(cases[0]?.[2]).toBe('1.234');
    expect(cases[4]?.[3]?.[2]).toBe('accepted by ana until 2027-01-01: known');
    expect(cases[5]?.[3]?.[3]).toContain('its acceptance by ana ran out 2027-01-01: known');
  });

  test.skipIf(python.status !== 0)(
    'what an optional step did not do, or found, fails no suite of a run that ended well',
    () => {
      const optional = { optional: true, headline: 'no answer' } as const;
      const steps = [
        step({ ...optional, id: 'smtp', outcome: 'failed', failure: 'failed', findings: [finding()] }),
        step({ ...optional, id: 'room', outcome: 'unfinished', ms: null }),
        step({ ...optional, id: 'vantage', outcome: 'failed', failure: 'bug' }),
      ];
      const [suite, cases] = parseJUnit(renderJUnit(report({ steps })));
      expect(suite).toMatchObject({ tests: '4', failures: '0', errors: '1', skipped: '3' });
      expect(cases.map(([, , , child]) => [child?.[0], child?.[2]])).toEqual([
        ['skipped', 'optional, and not done: no answer'],
        ['skipped', 'of an optional step: every request is answered 403'],
        ['skipped', 'optional, and not done: the run ended before this step did: no answer'],
        ['error', 'no answer'],
      ]);
      // The same in a run that failed: then the run itself is told as what failed.
      const [failed] = parseJUnit(renderJUnit(report({ steps: steps.slice(0, 2), exitCode: 1, outcome: 'failed' })));
      expect(failed).toMatchObject({ tests: '4', failures: '0', errors: '1', skipped: '3' });
    },
  );

  test.skipIf(python.status !== 0)('a run that did not start is one error', () => {
    const refused = report({ run: null, exitCode: 5, outcome: 'refused', message: 'no token', steps: [] });
    const [suite, cases] = parseJUnit(renderJUnit(refused));
    expect(suite).toMatchObject({ tests: '1', errors: '1' });
    expect(cases).toEqual([['validate-fallback', 'the run', '0.000', ['error', 'refused', 'no token', 'exit 5']]]);
  });

  const hostile = [
    ...payloads,
    { name: 'markup', text: `]]></failure><x a="'&#0;">` },
    { name: 'U+FFFE', text: '\ufffe\uffff' },
  ];
  const withText = (text: string) =>
    report({
      exitCode: 1,
      runbook: text,
      message: text,
      steps: [
        step({
          outcome: 'failed',
          id: text,
          title: text,
          headline: text,
          detail: [text],
          failure: text,
          findings: [finding({ where: text, breaks: text, remedy: text, acceptance: { ...accepted, reason: text } })],
        }),
      ],
    });
  const outsideXml = /[^\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|&(?!(?:amp|lt|gt|quot);)/u;

  test.each(hostile)('$name leaves no character that XML 1.0 has not, and no markup of its own', ({ text }) => {
    const xml = renderJUnit(withText(text));
    expect(outsideXml.exec(xml)).toBeNull();
    expect(xml.match(/<[a-z/?-]+/g)).toEqual(renderJUnit(withText('plain')).match(/<[a-z/?-]+/g));
    expect(problemsOfMetrics(renderMetrics(withText(text)))).toEqual([]);
  });

  test.skipIf(python.status !== 0)('all of them at once are read by another parser', () => {
    const [suite] = parseJUnit(renderJUnit(withText(hostile.map(({ text }) => text).join('|'))));
    expect(suite).toMatchObject({ tests: '2', failures: '1', skipped: '1' });
  });
});

describe('OpenMetrics', () => {
  const text = renderMetrics(failing);
  const common = 'runbook="validate-fallback",environment="production",mode="live"';

  test('is well formed', () => expect(problemsOfMetrics(text)).toEqual([]));

  test.each([
    `resend_ops_run_exit_code{${common}} 1`,
    `resend_ops_run_timestamp_seconds{${common}} 1767225602.5`,
    `resend_ops_run_duration_seconds{${common}} 2.5`,
    `resend_ops_run_is_live{${common}} 1`,
    `resend_ops_check_ok{${common},step="configuration"} 0`,
    `resend_ops_check_ok{${common},step="answers"} 0`,
    `resend_ops_check_duration_seconds{${common},step="configuration"} 1.234`,
    `resend_ops_findings{${common},severity="critical",accepted="false"} 2`,
    `resend_ops_findings{${common},severity="warning",accepted="true"} 1`,
    `resend_ops_findings{${common},severity="info",accepted="false"} 0`,
    `resend_ops_finding{${common},step="configuration",id="cloudfront/origin-timeout-short",severity="warning",accepted="false"} 2`,
    `resend_ops_finding{${common},step="configuration",id="cloudfront/waf-attached",severity="warning",accepted="true"} 1`,
    `resend_ops_certificate_days_left{${common},step="configuration"} 3`,
  ])('%s', (line) => expect(text.split('\n')).toContain(line));

  test('a skipped step has no sample', () => expect(text).not.toMatch(/check_ok\{[^}]*step="routing"/));

  test('the check of the format would notice', () => {
    expect(problemsOfMetrics(text.replace('# EOF\n', ''))).not.toEqual([]);
    expect(problemsOfMetrics(text.replace('step="answers"', 'step="an"swers"'))).not.toEqual([]);
    expect(problemsOfMetrics(text.replace('# TYPE resend_ops_check_ok gauge\n', ''))).not.toEqual([]);
    expect(problemsOfMetrics(text.replace('step="answers"', 'step="configuration"'))).not.toEqual([]);
  });
});

describe('the steps of a run', () => {
  const state = (steps: Partial<StepState>[]) =>
    ({
      speed: 10,
      steps: new Map(
        steps.map((one, index) => [
          String(index),
          {
            id: `s${index}`,
            title: 't',
            uses: 'http.check',
            phase: 'succeeded',
            startedAtMs: 1_000,
            endedAtMs: 1_500,
            output: null,
            knowledge: 'known',
            summary: null,
            error: null,
            skippedWhy: null,
            ...one,
          },
        ]),
      ),
    }) as unknown as RunState;

  test('outcomes, the run’s own clock, findings and the certificate', () => {
    const output = { findings: [finding()], certificateDaysLeft: 3 };
    expect(
      reportSteps(
        state([
          { output },
          { knowledge: 'unknown', output: { findings: 'none' } },
          { phase: 'running', endedAtMs: null },
          { phase: 'failed', error: { code: 'timeout', message: 'not done within 5 s', hint: 'wait' } },
          { phase: 'skipped', skippedWhy: 'its condition does not hold' },
        ]),
        new Set(['s3']),
      ),
    ).toMatchObject([
      { outcome: 'passed', optional: false, ms: 5_000, findings: [finding()], certificateDaysLeft: 3 },
      { outcome: 'unknown', findings: [], certificateDaysLeft: null },
      { outcome: 'unfinished', ms: null },
      {
        outcome: 'failed',
        optional: true,
        failure: 'timeout',
        headline: 'not done within 5 s',
        detail: ['hint: wait'],
      },
      { outcome: 'skipped', headline: 'its condition does not hold' },
    ]);
  });

  test('a group is told only where it failed by itself', () => {
    const failed = { phase: 'failed', error: { code: 'failed', message: 'm' } } as const;
    const ids = (steps: Partial<StepState>[]) => reportSteps(state(steps), new Set()).map(({ id }) => id);
    expect(ids([{ uses: null }, {}])).toEqual(['s1']);
    expect(ids([{ uses: null, ...failed }, failed])).toEqual(['s1']);
    expect(ids([{ uses: null, ...failed }, {}])).toEqual(['s0', 's1']);
  });
});
