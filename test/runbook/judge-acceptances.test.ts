import { expect, test } from 'vitest';
import { actions } from '../../src/actions/index.ts';
import { judgeAcceptances } from '../../src/runbook/judge-acceptances.ts';
import { loadEnvironment } from '../../src/runbook/load-environment.ts';
import { formatProblem } from '../../src/runbook/problem.ts';

const nowMs = Date.UTC(2026, 5, 1);

const load = (acceptances: string) =>
  loadEnvironment(
    'test.yaml',
    `hostname: api.example.com
zone: example.com
routes: { edge: { provider: cloudflare, connect: 192.0.2.1 } }
dns: { resolvers: [192.0.2.53] }
accepted-findings:
${acceptances}`,
  );

const judge = (acceptances: string) => {
  const loaded = load(acceptances);
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return judgeAcceptances(loaded.acceptances, actions, nowMs).map(formatProblem);
};

test('one that holds is silent', () => {
  expect(judge('  - { id: cloudfront/waf-attached, reason: known, until: 2026-06-01 }')).toEqual([]);
});

test('one that ran out, and an id that no check knows, are named at their place', () => {
  expect(
    judge(`  - { id: cloudfront/waf-atached, reason: known, until: 2027-01-01 }
  - id: http/request-failed
    reason: known
    until: 2026-05-31T23:59:59Z`),
  ).toEqual([
    'test.yaml:6:11: no check gives the finding cloudfront/waf-atached; did you mean "cloudfront/waf-attached"?',
    'test.yaml:9:12: the acceptance of http/request-failed ran out 2026-05-31T23:59:59Z (known); put right what it accepts, or accept it again with a later day',
  ]);
});

test.each([
  ['no such day', '{ id: a/b, reason: x, until: 2026-02-30 }'],
  ['a moment without a zone', '{ id: a/b, reason: x, until: "2026-02-03T10:00:00" }'],
  ['no end', '{ id: a/b, reason: x }'],
  ['no reason', '{ id: a/b, reason: " ", until: 2026-02-03 }'],
  ['an id of another form', '{ id: waf, reason: x, until: 2026-02-03 }'],
])('%s is a problem', (_what, acceptance) => {
  expect(load(`  - ${acceptance}`)).toMatchObject({
    problems: [{ where: { line: 6 } }],
  });
});

test('every check with findings names ids of the right form, each once', () => {
  const ids = [...actions.values()].flatMap((action) => (action.kind === 'check' ? (action.findings ?? []) : []));
  expect(ids.length).toBeGreaterThan(30);
  expect(ids.filter((id) => !/^[a-z0-9-]+\/[a-z0-9-]+$/.test(id))).toEqual([]);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});
