import { expect, test } from 'vitest';
import { actions } from '../../src/actions/index.ts';
import { findingIdsOf } from '../../src/report/doctor/finding-ids.ts';
import { findingIdsOfChecks, judgeAcceptances } from '../../src/runbook/judge-acceptances.ts';
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
secrets: { slack: SLACK_BOT_TOKEN }
dependencies: { okta: { url: https://login.example.com } }
accepted-findings:
${acceptances}`,
  );

const judge = (acceptances: string) => {
  const loaded = load(acceptances);
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  const known = new Set([...findingIdsOfChecks(actions), ...findingIdsOf(loaded.environment)]);
  return judgeAcceptances(loaded.acceptances, known, nowMs).map(formatProblem);
};

test('one that holds is silent', () => {
  expect(judge('  - { id: cloudfront/error-pages, reason: known, until: 2026-06-01 }')).toEqual([]);
});

test('one that ran out, and an id that no check knows, are named at their place', () => {
  expect(
    judge(`  - { id: cloudfront/waf-atached, reason: known, until: 2027-01-01 }
  - id: http/request-failed
    reason: known
    until: 2026-05-31T23:59:59Z`),
  ).toEqual([
    'test.yaml:8:11: no check gives the finding cloudfront/waf-atached; did you mean "cloudfront/waf-attached"?',
    'test.yaml:11:12: the acceptance of http/request-failed ran out 2026-05-31T23:59:59Z (known); put right what it accepts, or accept it again with a later day',
  ]);
});

test.each(['drift/changed', 'cloudfront/function-drift', 'cloudfront/waf-attached', 'cloudfront/query-stripped'])(
  '%s is accepted by what was seen',
  (id) => {
    expect(judge(`  - { id: ${id}, seen: 0123456789ab, reason: known, until: 2026-06-01 }`)).toEqual([]);
    expect(judge(`  - { id: ${id}, reason: known, until: 2026-06-01 }`)).toEqual([
      `test.yaml:8:11: the acceptance of ${id} does not name what was seen, and accepts nothing; write \`seen\`, the fingerprint that the finding shows`,
    ]);
  },
);

test.each(['cloudflare-token', 'secret-slack', 'independence-okta', 'independence-paging', 'unnamed-login', 'clock'])(
  'doctor’s %s is known',
  (id) => expect(judge(`  - { id: ${id}, reason: known, until: 2026-06-01 }`)).toEqual([]),
);

test.each([
  ['secret-slak', 'secret-slack'],
  ['independence-okt', 'independence-okta'],
  ['cloudflare-tokn', 'cloudflare-token'],
])('%s, which this environment does not have, is told with what is near', (id, near) => {
  expect(judge(`  - { id: ${id}, reason: known, until: 2026-06-01 }`)).toEqual([
    `test.yaml:8:11: no check gives the finding ${id}; did you mean "${near}"?`,
  ]);
});

test.each([
  ['no such day', '{ id: a/b, reason: x, until: 2026-02-30 }'],
  ['a moment without a zone', '{ id: a/b, reason: x, until: "2026-02-03T10:00:00" }'],
  ['no end', '{ id: a/b, reason: x }'],
  ['no reason', '{ id: a/b, reason: " ", until: 2026-02-03 }'],
  ['an id of another form', '{ id: cloudfront/waf/attached, reason: x, until: 2026-02-03 }'],
])('%s is a problem', (_what, acceptance) => {
  expect(load(`  - ${acceptance}`)).toMatchObject({
    problems: [{ where: { line: 8 } }],
  });
});

test('every check with findings names ids of the right form, each once', () => {
  const ids = [...actions.values()].flatMap((action) => (action.kind === 'check' ? (action.findings ?? []) : []));
  expect(ids.length).toBeGreaterThan(30);
  expect(ids.filter((id) => !/^[a-z0-9-]+\/[a-z0-9-]+$/.test(id))).toEqual([]);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});
