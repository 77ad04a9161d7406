import { expect, test } from 'vitest';
import { examineClock } from '../../src/report/doctor/clock-skew.ts';
import { listDependencies } from '../../src/report/doctor/dependencies.ts';
import { diagnose, reportDiagnosis } from '../../src/report/doctor/diagnosis.ts';
import { fine, trouble } from '../../src/report/doctor/finding.ts';
import { findingIdsOf } from '../../src/report/doctor/finding-ids.ts';
import { judgeIndependence } from '../../src/report/doctor/judge-independence.ts';
import type { Look } from '../../src/report/doctor/look-at-dependency.ts';
import { examineNode } from '../../src/report/doctor/machine.ts';
import { environmentSchema } from '../../src/world/environment.ts';
import { mountNamed } from '../../src/world/try-directory.ts';
import type { Visit } from '../../src/world/visit.ts';
import { sampleEnvironment } from '../simulator/sample-environment.ts';

const answered = (given: Partial<Extract<Visit, { answered: true }>> = {}): Visit => ({
  answered: true,
  status: 200,
  server: null,
  cfRay: null,
  dateMs: null,
  sentMs: 0,
  receivedMs: 0,
  ...given,
});

test.each([
  ['v20.19.0', '>=20.19', 'ok'],
  ['v22.1.0', '>=20.19', 'ok'],
  ['v20.18.3', '>=20.19', 'bad'],
  ['v18.20.8', '>=20.19', 'bad'],
])('Node %s where %s is wanted: %s', (running, wanted, state) => {
  expect(examineNode(running, wanted).state).toBe(state);
});

/** A visit of a server whose clock shows `dateMs` while ours goes from `sentMs` to `receivedMs`. */
const at = (dateMs: number, sentMs: number, receivedMs: number) => answered({ dateMs, sentMs, receivedMs });
const second = 1_000;

test.each([
  ['a slow answer excuses what it spans', [at(100 * second, 93 * second, 101 * second)], 'ok'],
  ['5 s beyond what a whole second hides', [at(100 * second, 106 * second, 106 * second)], 'ok'],
  ['just more than that, ahead', [at(100 * second, 106 * second + 1, 106 * second + 1)], 'warn'],
  ['just more than that, behind', [at(100 * second, 95 * second - 1, 95 * second - 1)], 'warn'],
  ['60 s', [at(100 * second, 161 * second, 161 * second)], 'warn'],
  ['more than 60 s', [at(100 * second, 161 * second + 1, 161 * second + 1)], 'bad'],
  [
    'one provider’s wrong clock among three does not count',
    [at(0, 900 * second, 900 * second), at(100 * second, 100 * second, 100 * second), at(7, 7, 7)],
    'ok',
  ],
  ['nobody tells the time', [answered(), { answered: false, message: 'refused' } as const], 'unknown'],
])('the clock: %s', (_title, visits, state) => {
  expect(examineClock(visits).state).toBe(state);
});

const look = (
  name: string,
  need: 'switch' | 'telling' | 'checks' | 'setup',
  addresses: string[],
  visit: Visit,
): Look => ({
  dependency: { name, host: `${name}.example`, url: new URL(`https://${name}.example/`), need, isTheProviders: false },
  addresses,
  visit,
});
const marked = answered({ server: 'cloudflare', cfRay: '8f0e1d2c3b4a5968-IAD' });
const silent: Visit = { answered: false, message: 'nothing complete within 5 s' };
const theirs = ['104.16.1.2'];
const others = ['198.51.100.7'];

test.each([
  ['addresses and answers', theirs, marked, 'bad'],
  ['addresses alone: the answer may be passed on without marks', theirs, answered(), 'bad'],
  ['addresses alone, no answer', theirs, silent, 'bad'],
  ['one address of two', [...others, ...theirs], answered(), 'bad'],
  ['answers alone: a header is anybody’s', others, marked, 'warn'],
  ['answers alone, no address known', [], marked, 'warn'],
  ['neither', others, answered({ server: 'nginx' }), 'ok'],
  ['not marked, and no address known: headers alone say nothing', [], answered(), 'unknown'],
  ['elsewhere, and no answer', others, silent, 'unknown'],
  ['nothing known', [], silent, 'unknown'],
] as const)('behind the provider by %s', (_title, addresses, visit, state) => {
  const [judged] = judgeIndependence(sampleEnvironment(), [look('login', 'switch', [...addresses], visit)]);
  expect(judged?.finding.state).toBe(state);
});

test('what takes the switch down comes first, then what silences us, then what is not known', () => {
  const looks = [
    look('fine', 'switch', others, answered()),
    look('chat', 'telling', theirs, marked),
    look('unknown', 'switch', [], silent),
    look('inspection', 'checks', theirs, marked),
    look('login', 'switch', theirs, marked),
  ];
  const judged = judgeIndependence(sampleEnvironment(), looks);
  expect(judged.map(({ row }) => row.name)).toEqual(['login', 'chat', 'inspection', 'unknown', 'fine']);
  expect(judged.map(({ finding }) => finding.state)).toEqual(['bad', 'warn', 'warn', 'unknown', 'ok']);
});

test.each([
  [0x6969, 'NFS'],
  [-11317950, 'CIFS'], // 0xff534d42 as a signed number, as some kernels tell it
  [0xef53, 'local'],
])('file system %s is %s', (type, name) => {
  expect(mountNamed(type)).toBe(name);
});

test('the systems that the environment names are listed with their own hosts; what is not filled in is not asked', () => {
  const environment = environmentSchema.parse({
    ...sampleEnvironment(),
    datadog: { site: 'datadoghq.eu' },
    pagerduty: { 'service-region': 'eu' },
    secrets: { 'aws-access-key-id': 'AWS_ACCESS_KEY_ID', 'pagerduty-rest': 'PAGERDUTY_REST_API_KEY' },
    dependencies: {
      login: { url: 'PLACEHOLDER-login' },
      registry: { url: 'https://registry.example.com', 'needed-for': 'setup', endpoint: 'http://127.0.0.1:9' },
    },
  });
  const listed = listDependencies(environment);
  expect(listed.map(({ name, host, need }) => [name, host, need])).toEqual([
    ['cloudflare-api', 'api.cloudflare.com', 'switch'],
    ['sts-api', 'sts.us-east-1.amazonaws.com', 'checks'],
    ['slack', 'slack.com', 'telling'],
    ['paging', 'events.eu.pagerduty.com', 'telling'],
    ['pagerduty-rest', 'api.eu.pagerduty.com', 'checks'],
    ['datadog', 'api.datadoghq.eu', 'checks'],
    ['registry', 'registry.example.com', 'setup'],
  ]);
  expect(listed.at(-1)?.url.href).toBe('http://127.0.0.1:9/');
  // Whatever can be found of them can be accepted.
  const known = findingIdsOf(environment);
  for (const { name } of listed) expect(known).toContain(`independence-${name}`);
});

test('without a key, and without a name, AWS and PagerDuty’s REST API are not asked', () => {
  const names = listDependencies(environmentSchema.parse({ ...sampleEnvironment(), pagerduty: {} })).map(
    ({ name }) => name,
  );
  expect(names).toEqual(['cloudflare-api', 'slack', 'paging']);
});

test('a registry behind the provider does not stop a failover', () => {
  const [judged] = judgeIndependence(sampleEnvironment(), [look('registry', 'setup', theirs, marked)]);
  expect(judged?.finding).toMatchObject({ state: 'warn', breaks: expect.stringContaining('no new machine') });
});

test('what is well needs no acceptance, what is accepted does not count, and what ran out does', () => {
  const nowMs = Date.UTC(2026, 5, 1);
  const accept = (id: string, until: string) => ({ id, until, reason: 'known', by: 'ana' });
  const { sections, counts } = diagnose(
    {
      'accepted-findings': [
        accept('clock', '2099-01-01'),
        accept('runbooks', '2026-06-01'),
        accept('environment', '2026-05-31'),
        { ...accept('installation', '2099-01-01'), where: 'elsewhere' },
      ],
    },
    nowMs,
    {
      independence: [],
      sections: {
        machine: [
          fine('clock', 'agrees'),
          trouble('runbooks', 'bad', { found: 'f', breaks: 'b', remedy: 'r' }),
          trouble('environment', 'bad', { found: 'f', breaks: 'b', remedy: 'r' }),
          trouble('installation', 'warn', { found: 'f', breaks: 'b', remedy: 'r' }),
        ],
        access: [trouble('slack-scopes', 'unknown', { found: 'f', breaks: 'b', remedy: 'r' })],
        dependencies: [],
      },
    },
  );
  expect(counts).toEqual({ ok: 1, accepted: 1, bad: 1, warn: 1, unknown: 1 });
  expect(sections.machine.map(({ acceptance }) => acceptance?.lapsed)).toEqual([undefined, null, 'expired', undefined]);
  const steps = reportDiagnosis({ sections, counts, independence: [] });
  expect(steps.map(({ id, outcome, headline }) => [id, outcome, headline])).toEqual([
    ['machine', 'failed', '2 of 4 need a look'],
    ['access', 'passed', '1 of 1 needs a look'],
    ['dependencies', 'passed', '0 looked at, nothing to do'],
  ]);
  expect(steps[0]?.findings.map(({ id, severity, breaks }) => [id, severity, breaks])).toEqual([
    ['runbooks', 'critical', 'f; b'],
    ['environment', 'critical', 'f; b'],
    ['installation', 'warning', 'f; b'],
  ]);
  expect(steps[1]?.findings.map(({ severity }) => severity)).toEqual(['info']);
});
