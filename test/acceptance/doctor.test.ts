import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { problemsOfMetrics } from '../report/openmetrics-check.ts';
import { parseJUnit, python } from '../report/parse-junit.ts';
import { start, startWorld } from './program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'resend-ops-doctor-'));

type Acceptance = { reason: string; until: string; by: string | null; lapsed: string | null };
type Finding = {
  id: string;
  state: string;
  found: string;
  breaks: string;
  remedy: string;
  acceptance: Acceptance | null;
};
type Row = { name: string; neededFor: string; byAddress: string; bySignature: string };
type Counts = Record<'ok' | 'warn' | 'bad' | 'unknown' | 'accepted', number>;
type Diagnosis = { code: number | null; findings: Finding[]; rows: Row[]; counts: Counts; stdout: string };
type World = Awaited<ReturnType<typeof startWorld>>;
type Fields = Record<string, unknown>;

let healthy: World;
const servers: http.Server[] = [];
beforeAll(async () => {
  healthy = await startWorld(['--scenario', 'healthy']);
}, 60_000);
afterAll(async () => {
  await healthy.stop();
  for (const server of servers) server.close();
  rmSync(home, { recursive: true, force: true });
});

function read(code: number | null, stdout: string): Diagnosis {
  const lines: ({ type: string; counts: Counts } & Finding & Row)[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const last = lines.at(-1);
  expect(last).toMatchObject({ type: 'result', exitCode: code });
  if (last === undefined) throw new Error('nothing was told');
  const of = (type: string) => lines.filter((line) => line.type === type);
  return { code, findings: of('finding'), rows: of('dependency'), counts: last.counts, stdout };
}

/** `resend-ops doctor --json` against a simulator; with an environment that is edited by `edit`. */
async function examine(
  world: World,
  {
    edit,
    variables = {},
    args = [],
  }: { edit?: (environment: Fields) => void; variables?: Record<string, string>; args?: string[] } = {},
): Promise<Diagnosis> {
  const environment = edit === undefined ? world.environmentFile : edited(world, edit);
  const { code, stdout, stderr } = await world.run(['doctor', '--env', environment, '--json', ...args], variables)
    .ended;
  expect(stderr).toBe('');
  return read(code, stdout);
}

let count = 0;
/** The simulator's environment file, changed, beside the original: its certificate authority is there. */
function edited({ environmentFile }: World, edit: (environment: Fields) => void): string {
  const environment: Fields = parse(readFileSync(environmentFile, 'utf8'));
  edit(environment);
  count += 1;
  const file = join(dirname(environmentFile), `edited-${count}.yaml`);
  writeFileSync(file, stringify(environment));
  return file;
}

/** What is not well and not accepted, by id. */
function troubles({ findings }: Diagnosis): Record<string, string> {
  const counts = findings.filter(({ state, acceptance }) => state !== 'ok' && acceptance?.lapsed !== null);
  return Object.fromEntries(counts.map(({ id, state }) => [id, state]));
}

function finding({ findings }: Diagnosis, id: string): Finding {
  const found = findings.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no finding ${id}: ${findings.map((one) => one.id).join(', ')}`);
  return found;
}

/** A server on loopback that answers everything alike; `date` shifts its clock. */
async function serve(answer: { headers?: Record<string, string>; body?: string; shiftMs?: number }): Promise<string> {
  const server = http.createServer((_request, response) => {
    const date = new Date(Date.now() + (answer.shiftMs ?? 0)).toUTCString();
    response.writeHead(200, { 'content-type': 'application/json', ...answer.headers, date }).end(answer.body ?? '{}');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The provider's own API: behind its own edge by its nature, and needed while it serves the name. */
const inherent = { 'independence-cloudflare-api': 'warn' };

test('on a healthy machine only the provider’s own API stands out, and nothing is written anywhere', async () => {
  const diagnosis = await examine(healthy);
  expect([diagnosis.code, troubles(diagnosis)]).toEqual([0, inherent]);
  expect(diagnosis.findings.length).toBeGreaterThan(20);
  expect(await healthy.writes()).toEqual([]);
  for (const { state, breaks, remedy } of diagnosis.findings)
    expect([breaks === '', remedy === '']).toEqual([state === 'ok', state === 'ok']);
  expect(finding(diagnosis, 'cloudflare-token').found).toMatch(/^token [0-9a-f]{32} is active/);
  for (const key of ['status-page-key', 'datadog-api-key', 'datadog-monitors', 'pagerduty-key', 'pagerduty-services'])
    expect(finding(diagnosis, key).state).toBe('ok');
  expect(diagnosis.rows[0]).toMatchObject({ name: 'cloudflare-api', neededFor: 'switch', byAddress: 'behind' });
  for (const secret of Object.values(healthy.secrets)) expect(diagnosis.stdout).not.toContain(secret);
});

test('where the name is served by Route 53, a healthy machine is silent', { timeout: 60_000 }, async () => {
  const partial = await startWorld(['--scenario', 'partial-zone']);
  try {
    // The scenario breaks Cloudflare; what is asked here is the layout.
    await partial.clearFault('edge');
    await partial.clearFault('cloudflare-api');
    const diagnosis = await examine(partial);
    expect([diagnosis.code, troubles(diagnosis)]).toEqual([0, {}]);
    expect(finding(diagnosis, 'route53-record-sets').state).toBe('ok');
    expect(diagnosis.rows.find(({ name }) => name === 'route53-api')).toMatchObject({ neededFor: 'switch' });
  } finally {
    await partial.stop();
  }
});

test('people get a table in 80 columns, with the state in a word where there is colour, too', async () => {
  const args = ['doctor', '--env', healthy.environmentFile];
  const plain = await healthy.run(args, { LANG: 'C.UTF-8' }).ended;
  expect([plain.code, plain.stderr]).toEqual([0, '']);
  expect(plain.stdout.split('\n').filter((line) => [...line].length > 80)).toEqual([]);
  expect(plain.stdout).toMatch(/ok +cloudflare-token/);
  expect(plain.stdout).toMatch(/switch +cloudflare-api +the provider’s +the provider’s/);
  expect(plain.stdout).toMatch(/telling +slack +elsewhere +elsewhere/);
  const coloured = await healthy.run(args, { NO_COLOR: '', FORCE_COLOR: '1' }).ended;
  expect(coloured.stdout).toContain('\u001b[');
  expect(coloured.stdout.replace(/\u001b\[\d+m/g, '')).toMatch(/ok +cloudflare-token/);
});

test.each([
  ['token-expired', { 'cloudflare-token': 'bad' }, 'cloudflare-token', /expired/, 1],
  ['token-without-scope', { 'cloudflare-load-balancers': 'bad' }, 'cloudflare-load-balancers', /403: 10000/, 1],
  ['slack-behind-provider', { 'independence-slack': 'warn' }, 'independence-slack', /slack.com/, 0],
] as const)('%s is found beforehand', { timeout: 60_000 }, async (scenario, expected, id, words, code) => {
  const world = await startWorld(['--scenario', scenario]);
  try {
    await world.clearFault('edge');
    const diagnosis = await examine(world);
    expect([diagnosis.code, troubles(diagnosis)]).toEqual([code, { ...inherent, ...expected }]);
    expect(finding(diagnosis, id).found).toMatch(words);
    if (scenario !== 'slack-behind-provider') return;
    expect(diagnosis.rows.slice(0, 2)).toMatchObject([
      { name: 'cloudflare-api' },
      { name: 'slack', neededFor: 'telling', byAddress: 'behind', bySignature: 'behind' },
    ]);
  } finally {
    await world.stop();
  }
});

test('a token that ends in five days is told with the day', { timeout: 60_000 }, async () => {
  const runbooks = join(home, 'ends-soon');
  cpSync(join(root, 'runbooks'), runbooks, { recursive: true });
  const scenario = { title: 'Soon', timeline: [{ at: '0s', become: ['token-ends-soon'] }] };
  writeFileSync(join(runbooks, 'scenarios', 'ends-soon.yaml'), stringify(scenario));
  const world = await startWorld(['--runbooks', runbooks, '--scenario', 'ends-soon']);
  try {
    const diagnosis = await examine(world);
    // Of a busy machine another question may be late; that is told as not known, and is no concern of this test.
    expect(diagnosis.code).toBe(0);
    expect(troubles(diagnosis)).toMatchObject({ 'cloudflare-token': 'warn' });
    expect(finding(diagnosis, 'cloudflare-token').found).toMatch(/ends in [45] days, on \d{4}-\d\d-\d\d$/);
  } finally {
    await world.stop();
  }
});

test('missing secrets are told by name; nothing is asked with what is not there', async () => {
  const unset = { CLOUDFLARE_API_TOKEN: '', SLACK_BOT_TOKEN: '', PAGERDUTY_ROUTING_KEY: '' };
  const diagnosis = await examine(healthy, { variables: unset });
  expect([diagnosis.code, troubles(diagnosis)]).toEqual([
    1,
    { ...inherent, 'secret-cloudflare': 'bad', 'secret-slack': 'warn', 'secret-pagerduty': 'warn' },
  ]);
  expect(diagnosis.findings.map(({ id }) => id)).not.toContain('cloudflare-token');
});

test.each([
  ['AWS_SECRET_ACCESS_KEY', 'bm90LXRoZS1yaWdodC1rZXktYXQtYWxsLTAxMjM0NTY3', { 'aws-identity': 'bad' }],
  ['SLACK_BOT_TOKEN', 'xoxb-000000000000-000000000000-revoked', { 'slack-identity': 'bad' }],
  ['STATUSPAGE_API_KEY', '00000000-0000-4000-8000-000000000000', { 'status-page-key': 'bad' }],
  ['DATADOG_API_KEY', '0123456789abcdef0123456789abcdef', { 'datadog-api-key': 'bad' }],
  ['DATADOG_APPLICATION_KEY', '0123456789abcdef0123456789abcdef01234567', { 'datadog-monitors': 'bad' }],
  ['PAGERDUTY_REST_API_KEY', 'u+00000000000000000000', { 'pagerduty-key': 'bad' }],
  ['CLOUDFLARE_API_TOKEN', 'not-the-right-token-at-all-0123456789', { 'cloudflare-token': 'bad' }],
])('%s with another value is refused, and the value is not shown', async (variable, value, expected) => {
  const diagnosis = await examine(healthy, { variables: { [variable]: value } });
  expect([diagnosis.code, troubles(diagnosis)]).toEqual([1, { ...inherent, ...expected }]);
  expect(diagnosis.stdout).not.toContain(value);
});

test('a status page at incident.io: its key is asked there', { timeout: 60_000 }, async () => {
  const runbooks = join(home, 'at-incident-io');
  cpSync(join(root, 'runbooks'), runbooks, { recursive: true });
  const file = join(runbooks, 'environments', 'production.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('provider: atlassian', 'provider: incident-io'));
  const world = await startWorld(['--runbooks', runbooks, '--scenario', 'healthy']);
  try {
    const diagnosis = await examine(world);
    expect([diagnosis.code, troubles(diagnosis)]).toEqual([0, inherent]);
    expect(finding(diagnosis, 'status-page-key')).toMatchObject({ state: 'ok', found: expect.stringMatching(/ 01/) });
    const refused = await examine(world, { variables: { STATUSPAGE_API_KEY: 'another-key' } });
    expect(troubles(refused)).toEqual({ ...inherent, 'status-page-key': 'bad' });
    expect(finding(refused, 'status-page-key').found).toContain('incident.io says');
  } finally {
    await world.stop();
  }
});

test('the keys of services that cannot be reached are told as not known', async () => {
  const components = ['statuspage-api', 'datadog-api', 'pagerduty-api'];
  for (const component of components) await healthy.fault(component, { kind: 'refuse' });
  try {
    const diagnosis = await examine(healthy);
    const keys = ['status-page-key', 'datadog-api-key', 'datadog-monitors', 'pagerduty-key', 'pagerduty-services'];
    const silent = ['status-page', 'datadog', 'paging', 'pagerduty-rest'].map((name) => `independence-${name}`);
    const unknown = Object.fromEntries([...keys, ...silent].map((id) => [id, 'unknown']));
    expect([diagnosis.code, troubles(diagnosis)]).toEqual([0, { ...inherent, ...unknown }]);
    expect(finding(diagnosis, 'datadog-api-key').breaks).toBe('it cannot be told whether this works');
  } finally {
    for (const component of components) await healthy.clearFault(component);
  }
});

test('a Slack token without the scopes of a war room', async () => {
  const body = JSON.stringify({ ok: true, user: 'bot', team: 'Example' });
  const slack = await serve({ body, headers: { 'x-oauth-scopes': 'chat:write,channels:history' } });
  const diagnosis = await examine(healthy, {
    edit: (environment) => Object.assign(environment.endpoints as Fields, { slack: `${slack}/api/` }),
  });
  expect([diagnosis.code, troubles(diagnosis)]).toEqual([0, { ...inherent, 'slack-scopes': 'warn' }]);
  expect(finding(diagnosis, 'slack-scopes')).toMatchObject({
    found: 'the token lacks channels:manage, pins:write',
    breaks: expect.stringContaining('no war room can be opened'),
  });
});

test('where people approve by a reaction, the Slack token must be able to read it', async () => {
  const body = JSON.stringify({ ok: true, user: 'bot', team: 'Example' });
  const scopes = 'channels:manage,channels:history,chat:write,pins:write';
  const slack = await serve({ body, headers: { 'x-oauth-scopes': scopes } });
  const pointAt = (environment: Fields) => Object.assign(environment.endpoints as Fields, { slack: `${slack}/api/` });
  const without = await examine(healthy, {
    edit: (environment) => {
      delete environment.approvals;
      pointAt(environment);
    },
  });
  expect(troubles(without)).toEqual(inherent);
  const diagnosis = await examine(healthy, {
    edit: (environment) => {
      environment.approvals = { people: { ana: { slack: 'U024BE7LH' } } };
      pointAt(environment);
    },
  });
  expect([diagnosis.code, troubles(diagnosis)]).toEqual([0, { ...inherent, 'slack-scopes': 'warn' }]);
  expect(finding(diagnosis, 'slack-scopes').found).toBe('the token lacks reactions:read');
});

test.each([
  ['its addresses and its answers say so: bad', true, 'switch', 'bad', 1],
  ['only its answers say so, and headers are anybody’s: a warning', false, 'switch', 'warn', 0],
  ['it is for telling people: a warning', true, 'telling', 'warn', 0],
])('a login behind the provider; %s', async (_title, inRange, need, state, code) => {
  const url = await serve({ headers: { server: 'cloudflare', 'cf-ray': '8f0e1d2c3b4a5968-IAD' } });
  const diagnosis = await examine(healthy, {
    edit: (environment) => {
      environment.dependencies = { ...(environment.dependencies as Fields), login: { url, 'needed-for': need } };
      const { edge } = environment.routes as { edge: { answers: { addresses: string[] } } };
      if (inRange) edge.answers.addresses.push('127.0.0.0/8');
    },
  });
  expect(diagnosis.code).toBe(code);
  expect(troubles(diagnosis)).toEqual({ ...inherent, 'independence-login': state });
  const rows = diagnosis.rows.map(({ name }) => name);
  expect(rows.indexOf('login')).toBe(1);
  expect(diagnosis.rows[1]).toMatchObject({ byAddress: inRange ? 'behind' : 'elsewhere', bySignature: 'behind' });
});

test.each([
  ['ahead', -30_000, 'warn', 0],
  ['behind', 600_000, 'bad', 1],
])('a clock that is %s of the providers’', async (word, shiftMs, state, code) => {
  const url = await serve({ shiftMs });
  const diagnosis = await examine(healthy, {
    edit: (environment) => {
      const { endpoints } = environment as { endpoints: Record<string, string> };
      for (const name of ['cloudflare', 'slack', 'statuspage', 'pagerduty', 'aws', 'datadog']) endpoints[name] = url;
      environment.secrets = {};
      environment.dependencies = {};
    },
  });
  expect([diagnosis.code, finding(diagnosis, 'clock').state]).toEqual([code, state]);
  expect(finding(diagnosis, 'clock').found).toContain(word);
});

test('two sources that hang are told as not known, within 15 s', { timeout: 60_000 }, async () => {
  await healthy.fault('cloudflare-api', { kind: 'hang' });
  await healthy.fault('slack-api', { kind: 'hang' });
  try {
    const began = performance.now();
    const diagnosis = await examine(healthy);
    expect(performance.now() - began).toBeLessThan(15_000);
    expect([diagnosis.code, troubles(diagnosis)]).toEqual([
      0,
      {
        ...inherent,
        'cloudflare-token': 'unknown',
        'cloudflare-zone': 'unknown',
        'cloudflare-load-balancers': 'unknown',
        'cloudflare-records': 'unknown',
        'slack-identity': 'unknown',
        'independence-slack': 'unknown',
      },
    ]);
  } finally {
    await healthy.clearFault('cloudflare-api');
    await healthy.clearFault('slack-api');
  }
});

test('what nobody named, or filled in, is told as not known, and not passed over', async () => {
  const registry = { url: 'https://registry.example.com', endpoint: await serve({}), 'needed-for': 'setup' };
  const diagnosis = await examine(healthy, {
    edit: (environment) => {
      environment.dependencies = { packages: { ...registry, kind: 'registry' }, login: { url: 'PLACEHOLDER-login' } };
    },
  });
  expect(troubles(diagnosis)).toEqual({
    ...inherent,
    environment: 'bad',
    'independence-packages': 'unknown',
    'unnamed-login': 'unknown',
    'unnamed-secrets': 'unknown',
    'unnamed-repository': 'unknown',
  });
  expect(finding(diagnosis, 'unnamed-secrets').found).toBe('nobody named the store of secrets');
  expect(finding(diagnosis, 'unnamed-login').found).toBe('dependencies.login is still a placeholder');
  expect(diagnosis.rows.map(({ name }) => name)).not.toContain('login');
});

test('an environment that is not filled in, and one that is not sound', async () => {
  const placeholder = await examine(healthy, {
    edit: (environment) => Object.assign(environment.aws as Fields, { 'distribution-id': 'PLACEHOLDER-distribution' }),
  });
  expect([placeholder.code, troubles(placeholder)]).toEqual([1, { ...inherent, environment: 'bad' }]);
  expect(finding(placeholder, 'environment').found).toContain('aws.distribution-id');
  const insecure = edited(healthy, (environment) => {
    environment.dependencies = { login: { url: 'http://login.example.com' } };
  });
  const { code, stderr } = await healthy.run(['doctor', '--env', insecure]).ended;
  expect([code, stderr]).toEqual([2, expect.stringMatching(/edited-\d+\.yaml:\d+:\d+: .*plain http/)]);
});

test('a state directory that takes no writes, and one that others may read', async () => {
  const file = join(home, 'a-file');
  writeFileSync(file, '');
  const args = ['doctor', '--env', healthy.environmentFile, '--json'];
  const blocked = spawn(join(root, 'bin/resend-ops.js'), [...args, '--state-dir', join(file, 'state')]);
  expect([blocked.code, troubles(blocked)]).toEqual([1, { ...inherent, 'state-directory': 'bad' }]);
  const open = join(home, 'open');
  mkdirSync(open);
  chmodSync(open, 0o755);
  const shared = spawn(join(root, 'bin/resend-ops.js'), [...args, '--state-dir', open]);
  expect([shared.code, troubles(shared)]).toEqual([0, { ...inherent, 'state-directory': 'warn' }]);
  expect(readdirSync(open)).toEqual([]);
});

/** Runs a copy of the program, or this one with other options. */
function spawn(bin: string, args: readonly string[]): Diagnosis {
  const env = { PATH: process.env.PATH ?? '', HOME: join(home, 'nobody'), ...healthy.secrets };
  const { status, stdout } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', env });
  return read(status, stdout);
}

/** A copy of what the package installs, changed by `damage`, under a directory of its own. */
function installed(damage: (dist: string) => void, folder = ''): string {
  count += 1;
  const copy = join(home, `copy-${count}`, folder, 'resend-ops');
  for (const part of ['bin', 'dist', 'runbooks', 'package.json'])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  damage(join(copy, 'dist'));
  return join(copy, 'bin/resend-ops.js');
}

const chunk = (dist: string, name: string) =>
  join(dist, readdirSync(dist).find((file) => file.startsWith(`${name}-`)) ?? `no chunk ${name}`);

test.each<[string, string, RegExp, (dist: string) => void, string?]>([
  ['lacks a chunk', 'bad', /^dist lacks watch-[\w-]+\.js$/, (dist) => rmSync(chunk(dist, 'watch'))],
  [
    'loads a package that is not in it',
    'bad',
    /packages that it does not hold: left-pad$/,
    (dist) => writeFileSync(chunk(dist, 'watch'), 'require("left-pad");'),
  ],
  ['is another build', 'warn', /built as 0\.0\.1/, (dist) => writeFileSync(join(dist, 'version.txt'), '0.0.1\n')],
  ['runs from npx’s cache', 'warn', /npx/, () => undefined, '_npx/0a1b2c/node_modules'],
])('an installed copy that %s', (_title, state, words, damage, folder) => {
  const bin = installed(damage, folder);
  const state_ = join(home, 'state');
  const diagnosis = spawn(bin, ['doctor', '--env', healthy.environmentFile, '--json', '--state-dir', state_]);
  expect(troubles(diagnosis)).toEqual({ ...inherent, installation: state });
  expect(finding(diagnosis, 'installation').found).toMatch(words);
});

test('a runbook that does not lint is named with its place', async () => {
  const runbooks = join(home, 'broken');
  cpSync(join(root, 'runbooks'), runbooks, { recursive: true });
  writeFileSync(join(runbooks, 'broken.yaml'), 'title: Broken\nsteps:\n  - id: one\n    uses: no.such-action\n');
  const diagnosis = await examine(healthy, { args: ['--runbooks', runbooks] });
  expect([diagnosis.code, troubles(diagnosis)]).toEqual([1, { ...inherent, runbooks: 'bad' }]);
  expect(finding(diagnosis, 'runbooks').found).toMatch(/^broken\.yaml:\d+:\d+: /);
});

describe('acceptances and files for machines', () => {
  const [junit, metrics] = [join(home, 'doctor.xml'), join(home, 'doctor.prom')];
  const known = { id: 'datadog-monitors', reason: 'the key is on its way', by: 'ana' };
  const apiKnown = { id: 'independence-cloudflare-api', reason: 'no other way', until: '2099-01-01' };

  /** With an application key that Datadog refuses, and the environment's acceptances of findings. */
  const examineAccepting = async (...acceptances: object[]) => {
    const diagnosis = await examine(healthy, {
      edit: (environment) => {
        environment['accepted-findings'] = acceptances;
      },
      variables: { DATADOG_APPLICATION_KEY: '0123456789abcdef0123456789abcdef01234567' },
      args: ['--junit', junit, '--metrics', metrics],
    });
    const written = { junit: readFileSync(junit, 'utf8'), metrics: readFileSync(metrics, 'utf8') };
    expect(problemsOfMetrics(written.metrics)).toEqual([]);
    return { diagnosis, ...written };
  };

  test('a finding counts, until it is accepted; an acceptance that ran out counts again', async () => {
    const found = await examineAccepting();
    expect([found.diagnosis.code, troubles(found.diagnosis)]).toEqual([1, { ...inherent, 'datadog-monitors': 'bad' }]);
    expect(found.metrics).toMatch(/finding\{[^}]*id="datadog-monitors",severity="critical",accepted="false"\} 1$/m);
    expect(found.metrics).toMatch(/^resend_ops_run_exit_code\{runbook="doctor",[^}]*\} 1$/m);
    if (python.status === 0) {
      const [suite, cases] = parseJUnit(found.junit);
      expect(suite).toMatchObject({ name: 'doctor', failures: '2', errors: '0', skipped: '0' });
      const failed = cases.filter(([, , , child]) => child?.[0] === 'failure').map(([name, title]) => [name, title]);
      const section = ['doctor.access', 'Credentials, and what they may read'];
      expect(failed).toEqual([section, ['doctor.access.findings', 'datadog-monitors']]);
    }
    expect(found.junit).toMatch(/<testsuite name="doctor" tests="\d+" failures="2" errors="0" skipped="0"/);

    const accepted = await examineAccepting({ ...known, until: '2099-01-01' }, apiKnown);
    expect([accepted.diagnosis.code, troubles(accepted.diagnosis)]).toEqual([0, {}]);
    expect(accepted.diagnosis.counts).toMatchObject({ bad: 0, warn: 0, accepted: 2 });
    expect(finding(accepted.diagnosis, 'datadog-monitors').acceptance).toMatchObject({ by: 'ana', lapsed: null });
    expect(accepted.metrics).toMatch(/finding\{[^}]*id="datadog-monitors",severity="critical",accepted="true"\} 1$/m);
    expect(accepted.metrics).toMatch(/^resend_ops_check_ok\{[^}]*step="access"\} 1$/m);
    expect(accepted.junit).toContain('<skipped message="accepted by ana until 2099-01-01: the key is on its way"/>');
    expect(accepted.junit).toMatch(/ failures="0" errors="0" skipped="2"/);

    // Taken as a warning; it is worse.
    const worse = await examineAccepting({ ...known, until: '2099-01-01', severity: 'warning' }, apiKnown);
    expect([worse.diagnosis.code, troubles(worse.diagnosis)]).toEqual([1, { 'datadog-monitors': 'bad' }]);
    expect(finding(worse.diagnosis, 'datadog-monitors').acceptance).toMatchObject({ lapsed: 'worse' });
    expect(worse.junit).toContain('its acceptance by ana is of something less severe: the key is on its way');

    const expired = await examineAccepting({ ...known, until: '2020-01-01' });
    expect([expired.diagnosis.code, troubles(expired.diagnosis)]).toEqual([1, troubles(found.diagnosis)]);
    expect(expired.junit).toContain('its acceptance by ana ran out 2020-01-01: the key is on its way');
    expect(expired.metrics).toMatch(/check_ok\{[^}]*step="access"\} 0$/m);
  });

  test('people read of it in the same words, in 80 columns', async () => {
    const environment = edited(healthy, (fields) => {
      fields['accepted-findings'] = [{ ...apiKnown, by: 'ana' }];
    });
    const { code, stdout } = await healthy.run(['doctor', '--env', environment], { LANG: 'C.UTF-8' }).ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/accepted +independence-cloudflare-api/);
    expect(stdout).toContain('accepted by ana until 2099-01-01: no other way');
    expect(stdout).toContain('nothing found beside what is accepted that would stop a failover: 1');
    expect(stdout).toMatch(/ accepted, \d+ ok$/m);
    expect(stdout.split('\n').filter((line) => [...line].length > 80)).toEqual([]);
  });

  test('lint knows the ids of doctor, and names those that it does not', async () => {
    const runbooks = join(home, 'accepting');
    cpSync(join(root, 'runbooks'), runbooks, { recursive: true });
    const until = '2099-01-01';
    appendFileSync(
      join(runbooks, 'environments', 'production.yaml'),
      stringify({
        'accepted-findings': [
          { id: 'independence-registry', reason: 'a packed copy is kept', until },
          { id: 'independence-registri', reason: 'misspelt', until },
        ],
      }),
    );
    const { code, stdout, stderr } = await start(['lint', '--runbooks', runbooks]).ended;
    expect(code).toBe(0);
    expect(stdout + stderr).toContain('no check gives the finding independence-registri; did you mean');
    expect(stdout + stderr).not.toMatch(/no check gives the finding independence-registry/);
  });

  test('a diagnosis that does not start is written down, too', async () => {
    rmSync(junit, { force: true });
    const args = ['doctor', '--env', 'nowhere', '--junit', junit, '--metrics', metrics];
    const { code } = await healthy.run(args).ended;
    expect(code).toBe(2);
    expect(readFileSync(junit, 'utf8')).toMatch(/tests="1" failures="0" errors="1"/);
    expect(readFileSync(metrics, 'utf8')).toMatch(/^resend_ops_run_exit_code\{runbook="doctor",[^}]*\} 2$/m);
    const missing = await healthy.run(['doctor', '--junit', join(home, 'missing', 'a.xml')]).ended;
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('--junit cannot be written to')]);
  });
});
