import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { smtpCheck } from '../../../src/actions/smtp/check.ts';
import { judgePort } from '../../../src/actions/smtp/judge-port.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import type { RunningServer } from '../../../src/simulator/http-server.ts';
import { startSmtpService } from '../../../src/simulator/smtp-service.ts';
import type { SmtpProbeResult } from '../../../src/world/smtp.ts';
import { createSmtpProber } from '../../../src/world/smtp-prober.ts';
import { apiKey, type DataPlane, startDataPlane } from '../../simulator/data-plane.ts';
import { failureOf, runCheck, testContext, testEnvironment } from '../action-context.ts';

const hostname = 'smtp.example.com';
let plane: DataPlane;
let connect: Record<string, string>;
const servers: RunningServer[] = [];

beforeEach(async () => {
  plane = await startDataPlane();
  const { world, clock, authority } = plane;
  const ports = { edge: plane.edge.port, fallback: plane.fallback.port };
  const started = (server: RunningServer) => servers.push(server);
  const running = await startSmtpService({ world, clock, authority, hostname, ports, started });
  connect = Object.fromEntries(Object.entries(running).map(([port, local]) => [port, `127.0.0.1:${local}`]));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  await plane.close();
});

type Output = {
  passed: number;
  total: number;
  critical: number;
  findings: { id: string; where: string; remedy: string }[];
  ports: { port: number; auth: string; certificateDays: number | null; problems: number }[];
};

async function look(input: object, secrets: Record<string, string> = { resend: apiKey }) {
  const ctx = testContext({
    env: testEnvironment({ smtp: { hostname, connect }, secrets: { resend: 'RESEND_TEST_API_KEY' } }),
    smtp: createSmtpProber({ ca: plane.authority.caPem }),
    secret: (name) => secrets[name],
    clock: plane.clock,
  });
  const { output, summary } = await runCheck(smtpCheck, JSON.parse(JSON.stringify(input)), ctx);
  return { output: output as unknown as Output, summary, text: JSON.stringify(output) };
}

test('every documented port: greeting, verified TLS, days of the certificate; and nothing is written', async () => {
  const { output, summary } = await look({});
  expect(output).toMatchObject({ passed: 5, total: 5, critical: 0, warnings: 0, findings: [] });
  expect(output.ports.map(({ port }) => port)).toEqual([25, 465, 587, 2465, 2587]);
  expect(output.ports.every(({ certificateDays, auth }) => certificateDays === 29 && auth === 'not-tried')).toBe(true);
  expect(summary.headline).toContain('5/5 ports of smtp.example.com are well; no login tried');
  const said = new Set(plane.world.requests.filter(({ server }) => server === 'smtp').map(({ method }) => method));
  expect([...said].sort()).toEqual(['EHLO', 'QUIT', 'STARTTLS']);
  expect(plane.world.requests.filter(({ write }) => write)).toEqual([]);
});

test('a login ends as it must, and the key shows nowhere', async () => {
  expect((await look({ auth: 'rejected' })).output).toMatchObject({ passed: 5 });
  const { output, text } = await look({ auth: 'accepted' });
  expect(output.ports.every(({ auth }) => auth === 'accepted')).toBe(true);
  expect(text + JSON.stringify(plane.world.requests)).not.toContain(apiKey);
  const dead = await look({ auth: 'accepted', ports: [587] }, { resend: 're_revoked_000000' });
  expect(dead.output).toMatchObject({ critical: 1, findings: [{ id: 'smtp/login-refused', where: 'port 587' }] });
  const error = await failureOf(look({ auth: 'accepted' }, {}));
  expect([error.code, error.hint]).toEqual(['credentials', 'set RESEND_TEST_API_KEY']);
});

test('while the edge is down the ports greet and nobody can log in; the switch brings logins back', async () => {
  setFault(plane.world, 'edge', { kind: 'status', status: 500 }, 0);
  expect((await look({})).output.passed).toBe(5);
  const { output, summary } = await look({ auth: 'rejected', ports: [465, 587] });
  expect(output.ports.map(({ auth, problems }) => [auth, problems])).toEqual([
    ['unavailable', 1],
    ['unavailable', 1],
  ]);
  expect(output.findings.map(({ id, where }) => [id, where])).toEqual([
    ['smtp/login-unavailable', 'port 465'],
    ['smtp/login-unavailable', 'port 587'],
  ]);
  // Told once, for both.
  expect(summary.detail.filter((line) => line.startsWith('FAIL'))).toEqual([
    'FAIL smtp/login-unavailable (port 465, port 587): keys cannot be',
  ]);
  for (const balancer of plane.world.loadBalancers) balancer.enabled = false;
  expect((await look({ auth: 'rejected', ports: [465, 587] })).output.passed).toBe(2);
});

test('a port that hangs, one that refuses: the others are told in time', async () => {
  const silent = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  connect = { ...connect, 465: `127.0.0.1:${address.port}`, 25: '127.0.0.1:1' };
  const startedAt = performance.now();
  const { output } = await look({ within: '700ms' });
  const tookMs = performance.now() - startedAt;
  await new Promise((resolve) => silent.close(resolve));
  expect(tookMs).toBeLessThan(3_000);
  expect(output.findings.map(({ id, where }) => [id, where])).toEqual([
    ['smtp/unreachable', 'port 25'],
    ['smtp/tls', 'port 465'],
  ]);
  expect(output.ports.map(({ problems }) => problems)).toEqual([1, 1, 0, 0, 0]);
  expect(output.findings[0]?.remedy).toContain('block port 25 outbound');
});

test.each([
  [{ kind: 'status', status: 500 }, 'smtp/banner'],
  [{ kind: 'refuse' }, 'smtp/banner'],
  [{ kind: 'hang' }, 'smtp/banner'],
] as const)('the service itself at fault, %j: %s', async (fault, id) => {
  setFault(plane.world, 'smtp', fault, 0);
  const { output } = await look({ ports: [587], within: '700ms' });
  expect(output.findings).toMatchObject([{ id }]);
});

test('an environment without SMTP, a port that nobody documents, and one port twice', async () => {
  expect((await failureOf(runCheck(smtpCheck, {}, testContext()))).code).toBe('refused');
  await expect(look({ ports: [2525] })).rejects.toThrow();
  await expect(look({ ports: [25, 25] })).rejects.toThrow(/each port once/);
});

const well: SmtpProbeResult = {
  ...{ reached: true, banner: '220 hi', auth: 'not-tried', authReply: null, failure: null },
  tls: { protocol: 'TLSv1.3', issuer: 'CA', validTo: '2026-01-10T12:00:00.000Z' },
  timings: { tcpMs: 1, bannerMs: 2, tlsMs: 3, authMs: null, totalMs: 4 },
};
const expected = { port: 587, hostname, auth: 'none', certificateDays: 14, nowMs: Date.UTC(2026, 0, 1) } as const;

test.each([
  ['tls', 'CERT_HAS_EXPIRED', 'smtp/tls'],
  ['starttls', 'SMTP_NO_STARTTLS', 'smtp/starttls-missing'],
  ['starttls', 'SMTP_CLEAR_TEXT', 'smtp/clear-text'],
  ['starttls', 'SMTP_454', 'smtp/starttls'],
  ['ehlo', 'SMTP_550', 'smtp/ehlo'],
  ['banner', 'SMTP_MALFORMED', 'smtp/protocol'],
  ['auth', 'SMTP_NO_AUTH', 'smtp/auth-missing'],
  ['dns', 'ENOTFOUND', 'smtp/unreachable'],
] as const)('a failure in %s (%s) is called %s, with a remedy', (phase, code, id) => {
  const problems = judgePort({ ...well, tls: null, failure: { phase, code, message: 'm' } }, expected);
  expect(problems).toMatchObject([{ id, remedy: expect.stringMatching(/.{20}/) }]);
});

test('few days of a certificate, and a key that should not be accepted', () => {
  expect(judgePort(well, expected)).toMatchObject([
    {
      id: 'smtp/certificate-expiring',
      numbers: { days: 9 },
      severity: 'warning',
      breaks: expect.stringContaining('9 days'),
    },
  ]);
  expect(judgePort(well, { ...expected, certificateDays: 9 })).toEqual([]);
  const late = judgePort(well, { ...expected, nowMs: expected.nowMs + 7 * 86_400_000 });
  expect(late).toMatchObject([{ severity: 'critical', numbers: { days: 2 } }]);
  const open = judgePort({ ...well, auth: 'accepted' }, { ...expected, certificateDays: 0, auth: 'rejected' });
  expect(open).toMatchObject([{ id: 'smtp/login-open' }]);
});
