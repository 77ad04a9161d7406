import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Cloudflare from 'cloudflare';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { scenarioSchema } from '../../src/simulator/scenario.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import { createDnsTransport } from '../../src/world/dns-transport.ts';
import { environmentSchema } from '../../src/world/environment.ts';
import { createProber } from '../../src/world/prober.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { sampleEnvironment } from './sample-environment.ts';

const has = (command: string, argument: string) => spawnSync(command, [argument]).error === undefined;
const hasTools = has('curl', '--version') && has('dig', '-v');

describe('a whole simulator', () => {
  let directory: string;
  let simulator: Simulator | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'resend-ops-simulator-'));
  });
  afterEach(async () => {
    await simulator?.stop();
    simulator = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  const start = async (more: Partial<SimulatorOptions> = {}): Promise<Simulator> => {
    simulator = await startSimulator({
      environment: sampleEnvironment(),
      directory: join(directory, 'rehearsal'),
      clock: createClock({ speed: 1 }),
      clients: 0,
      ...more,
    });
    return simulator;
  };
  const ask = createDnsTransport();
  const lookUp = async (server: string, type: 'A' | 'CNAME', recursionDesired: boolean) => {
    const [address = '', port] = server.split(':');
    const name = 'api.example.com';
    const answer = await ask({
      server: { address, port: Number(port) },
      name,
      type,
      recursionDesired,
      timeoutMs: 3_000,
    });
    if (!answer.answered) throw new Error(answer.message);
    return answer.answers.map(({ type: found, data }) => `${found} ${data}`);
  };
  const api = ({ environment, secrets }: Simulator) =>
    new Cloudflare({
      apiToken: secrets.CF_TOKEN ?? '',
      apiKey: null,
      apiEmail: null,
      userServiceKey: null,
      baseURL: environment.endpoints.cloudflare ?? null,
      maxRetries: 0,
    });

  test('writes a private environment that points every part at loopback', async () => {
    const { environment, environmentFile, caFile, world } = await start();
    const text = await readFile(environmentFile, 'utf8');
    expect(text).toMatch(/^# yaml-language-server: \$schema=environment\.schema\.json\n/);
    expect(environmentSchema.parse(parse(text))).toEqual(environment);
    expect(await readFile(caFile, 'utf8')).toContain('BEGIN CERTIFICATE');
    for (const file of [environmentFile, caFile]) expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'rehearsal'))).mode & 0o777).toBe(0o700);

    const sample = sampleEnvironment();
    expect(environment).toMatchObject({
      title: sample.title,
      simulated: true,
      hostname: sample.hostname,
      zone: sample.zone,
      secrets: sample.secrets,
      backends: sample.backends,
      ca: 'ca.pem',
      cloudflare: { 'zone-id': sample.cloudflare?.['zone-id'] },
      routes: { fallback: { answers: { cname: 'd111111abcdef8.cloudfront.net' } } },
    });
    expect(JSON.stringify(environment)).not.toContain('PLACEHOLDER');
    expect(environment.dns.resolvers).toHaveLength(2);
    expect(Object.keys(environment.dns.nameservers)).toEqual([
      'ada.ns.cloudflare.com',
      'bob.ns.cloudflare.com',
      'a.nic.com',
    ]);
    expect(Object.keys(environment.routes.origin?.connect ?? {})).toEqual(['email-api', 'resend-api']);
    const targets = JSON.stringify([environment.routes, environment.dns]).match(/"127\.0\.0\.1:\d+"/g);
    // Each address that DNS answers, too: four of either provider, and as many in IPv6 at CloudFront.
    const { edge, fallback } = world.addresses;
    expect(Object.keys(environment.dns.addresses)).toEqual([edge, fallback].flatMap(({ v4, v6 }) => [...v4, ...v6]));
    expect(targets).toHaveLength(3 + 2 + 2 + 2 + 1 + 12);
  });

  test('knows a credential for every secret, and the backends accept the others', async () => {
    const { environment, secrets, caFile } = await start();
    expect(Object.keys(secrets).sort()).toEqual([
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'CF_TOKEN',
      'DATADOG_API_KEY',
      'DATADOG_APPLICATION_KEY',
      'PAGERDUTY_REST_API_KEY',
      'PAGERDUTY_ROUTING_KEY',
      'RESEND_API_KEY',
      'SLACK_TOKEN',
      'STATUSPAGE_API_KEY',
    ]);
    const probe = createProber({ ca: await readFile(caFile, 'utf8') });
    const send = async (key: string) => {
      const result = await probe({
        hostname: 'api.example.com',
        connect: { host: '127.0.0.1', port: Number(String(environment.routes.edge?.connect).split(':')[1]) },
        method: 'POST',
        path: '/emails',
        headers: { authorization: `Bearer ${key}`, 'user-agent': 'test/1.0', 'content-type': 'application/json' },
        body: '{}',
        timeoutMs: 3_000,
      });
      return result.answered ? [result.status, result.headers['x-api'], result.headers.server] : result;
    };
    expect(await send(secrets.RESEND_API_KEY ?? '')).toEqual([422, 'email', 'cloudflare']);
    expect(await send('re_wrong_key')).toEqual([403, 'email', 'cloudflare']);
  });

  test('a switch at the simulated API is what authoritative DNS answers next; resolvers keep their caches', async () => {
    const running = await start();
    const { environment, world } = running;
    const [nameserver = ''] = Object.values(environment.dns.nameservers);
    const [resolver = ''] = environment.dns.resolvers;
    const edge = world.addresses.edge.v4.map((address) => `A ${address}`);
    expect(await lookUp(nameserver, 'A', false)).toEqual(edge);
    expect((await lookUp(resolver, 'A', true)).sort()).toEqual([...edge].sort());
    const balancer = environment.cloudflare?.['load-balancer-id'] ?? '';
    const zone_id = environment.cloudflare?.['zone-id'] ?? '';
    await api(running).loadBalancers.edit(balancer, { zone_id, enabled: false });
    expect(await lookUp(nameserver, 'A', false)).toEqual(['CNAME d111111abcdef8.cloudfront.net']);
    expect((await lookUp(resolver, 'A', true)).sort()).toEqual([...edge].sort());
    await api(running).loadBalancers.edit(balancer, { zone_id, enabled: true });
    expect(await lookUp(nameserver, 'A', false)).toEqual(edge);
  });

  test('customers send throughout, and the scenario breaks what it says', async () => {
    const said: string[] = [];
    const scenario = scenarioSchema.parse({
      title: 'The edge is down',
      timeline: [{ at: '0s', set: { edge: { kind: 'status', status: 500 } }, say: 'The edge fails' }],
    });
    const running = await start({ clients: 4, scenario, say: (text) => said.push(text) });
    expect(said).toEqual(['The edge fails']);
    await expect.poll(() => running.clientsReport().failures['500'] ?? 0, { timeout: 10_000 }).toBeGreaterThan(3);
    expect(running.clientsReport().ok).toBe(0);
    expect(await (await fetch(`${running.control}/faults/edge`, { method: 'DELETE' })).json()).toEqual({});
    await expect.poll(() => running.clientsReport().ok, { timeout: 10_000 }).toBeGreaterThan(3);
    expect(await (await fetch(`${running.control}/clients`)).json()).toMatchObject({ clients: 4 });
  });

  test('stops at once, twice over, and leaves no port open', async () => {
    const running = await start({ clients: 2 });
    const ports = running.endpoints.map(({ address }) => Number(/:(\d+)/.exec(address)?.[1]));
    await Promise.all([running.stop(), running.stop()]);
    const open = await Promise.all(ports.map(isOpen));
    expect(open).toEqual(ports.map(() => false));
    expect(ports.length).toBeGreaterThan(8);
  });

  test('refuses what it cannot simulate, saying why', async () => {
    const environment = sampleEnvironment();
    await expect(start({ environment: { ...environment, zone: 'other.example' } })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('not in the zone other.example'),
    });
    const backends = { 'sms-api': { header: 'x-api', value: 'sms' } };
    await expect(start({ environment: { ...environment, backends } })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('sms-api'),
    });
  });

  test('rehearses the shipped example with all its placeholders', async () => {
    const file = new URL('../../runbooks/environments/production.yaml', import.meta.url);
    const environment = environmentSchema.parse(parse(await readFile(file, 'utf8')));
    const running = await start({ environment });
    expect(JSON.stringify(running.environment)).not.toContain('PLACEHOLDER');
    expect(running.environment.hostname).toBe(environment.hostname);
    const [nameserver = ''] = Object.values(running.environment.dns.nameservers);
    const [address = '', port] = nameserver.split(':');
    const answer = await ask({
      server: { address, port: Number(port) },
      name: environment.hostname,
      type: 'A',
      recursionDesired: false,
      timeoutMs: 3_000,
    });
    expect(answer).toMatchObject({ answered: true, authoritative: true, rcode: 'NOERROR' });
  });

  test.skipIf(!hasTools)('every endpoint’s line works in a shell', async () => {
    const { endpoints } = await start();
    const answers = await Promise.all(
      endpoints.map(async ({ name, try: line }) => {
        const { stdout } = await promisify(execFile)('sh', ['-c', line]);
        return [name, stdout] as const;
      }),
    );
    for (const [name, stdout] of answers) {
      if (name === 'control port') expect(stdout).toContain('PUT');
      else if (name === 'Statuspage API') expect(stdout).toBe('[]');
      else if (name === 'incident.io API') expect(stdout).toContain('"status_page_incidents":[]');
      else if (name === 'PagerDuty Events API') expect(stdout).toContain('"status":"success"');
      else if (name === 'Cloudflare’s public status') expect(stdout).toContain('"indicator":"none"');
      else if (name.startsWith('AWS’s public status')) expect(stdout).toBe('[]');
      else if (name === 'PagerDuty REST API') expect(stdout).toContain('"services":[{');
      else if (name === 'Datadog API') expect(stdout).toContain('"overall_state":"OK"');
      else if (name === 'Globalping API') expect(stdout).toContain('"probesCount":4');
      else if (name.startsWith('other dependencies')) expect(stdout).toMatch(/^HTTP\/1\.1 200 [\s\S]*here/);
      else if (name.startsWith('SMTP')) expect(stdout).toContain('it takes logins and no messages');
      else if (name.endsWith(' API')) expect(stdout).toMatch(/"(success|ok)":true/);
      else if (name === 'AWS API (CloudFront)') expect(stdout).toContain('<Status>Deployed</Status>');
      else if (name.startsWith('AWS API')) expect(stdout).toContain('<Type>CNAME</Type>');
      else if (/parent/.test(name))
        expect(stdout).toMatch(/AUTHORITY SECTION:[\s\S]*172800\s+IN\s+NS\s+ada\.ns\.cloudflare\.com/);
      else if (/resolver|authoritative/.test(name)) expect(stdout).toMatch(/status: NOERROR[\s\S]*IN\s+A\s+104\.18\./);
      else expect(stdout).toMatch(/^HTTP\/1\.1 401 /);
    }
    expect(answers.map(([name]) => name)).toContain('edge (Cloudflare)');
  });
});

describe('the control port', () => {
  let directory: string;
  let simulator: Simulator;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'resend-ops-control-'));
    simulator = await startSimulator({
      environment: sampleEnvironment(),
      directory,
      clock: createClock({ speed: 1 }),
      clients: 0,
    });
  });
  afterAll(async () => {
    await simulator.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const call = async (method: string, path: string, body?: string) => {
    const answer = await fetch(`${simulator.control}${path}`, { method, ...(body === undefined ? {} : { body }) });
    return { status: answer.status, text: await answer.text() };
  };

  test('explains itself, also to who asks for what is not there', async () => {
    expect(await call('GET', '/')).toMatchObject({ status: 200, text: expect.stringContaining('PUT    /faults') });
    expect(await call('GET', '/moon')).toMatchObject({ status: 404, text: expect.stringContaining('GET    /state') });
    expect(await call('PUT', '/faults/moon', '{"kind":"hang"}')).toMatchObject({ status: 404 });
    expect(await call('PUT', '/faults/edge', '{"kind":"melt"}')).toMatchObject({ status: 400 });
    expect(await call('PUT', '/faults/edge', 'oops')).toMatchObject({ status: 400 });
    expect(simulator.world.faults.size).toBe(0);
  });

  test('breaks and repairs', async () => {
    const flap = { kind: 'flap', status: 500, downMs: 300_000, upMs: 300_000 };
    expect((await call('PUT', '/faults/edge', JSON.stringify(flap))).status).toBe(200);
    expect((await call('PUT', '/faults/dns', '{"kind":"hang"}')).status).toBe(200);
    expect(JSON.parse((await call('GET', '/faults')).text)).toMatchObject({ edge: flap, dns: { kind: 'hang' } });
    await call('DELETE', '/faults/dns');
    expect([...simulator.world.faults.keys()]).toEqual(['edge']);
    await call('DELETE', '/faults');
    expect(simulator.world.faults.size).toBe(0);
  });

  test('shows the world without its credentials, and what was asked of it', async () => {
    const base = simulator.environment.endpoints.cloudflare ?? '';
    const headers = { authorization: `Bearer ${simulator.secrets.CF_TOKEN}` };
    const zone = `${base}/zones/${simulator.world.zone.id}`;
    await fetch(`${zone}/dns_records`, { headers });
    await fetch(`${zone}/dns_records`, { method: 'POST', headers, body: '{}' });
    const { text } = await call('GET', '/state');
    expect(JSON.parse(text)).toMatchObject({
      hostname: 'api.example.com',
      loadBalancers: [{ name: 'api.example.com', enabled: true }, { name: 'canary.example.com' }],
      signatures: { 'email-api': { header: 'x-api' } },
    });
    const all = JSON.parse((await call('GET', '/requests?server=cloudflare-api')).text);
    expect(all).toMatchObject([{ method: 'GET' }, { method: 'POST', write: true, status: 400 }]);
    expect(JSON.parse((await call('GET', '/requests?writes=1')).text)).toHaveLength(1);
    const shown = text + JSON.stringify(all);
    for (const secret of Object.values(simulator.secrets)) expect(shown).not.toContain(secret);
  });
});

describe('the seeded world', () => {
  test('is the same for the same seed, and another for another', () => {
    const seeded = (seed: number) => seedWorld(sampleEnvironment(), { seed });
    expect(seeded(7)).toEqual(seeded(7));
    expect(seeded(8).addresses).not.toEqual(seeded(7).addresses);
  });

  test('keeps real ids and makes others for placeholders', () => {
    const { zone, loadBalancers, pools, records } = seedWorld(sampleEnvironment(), { seed: 1 });
    expect(zone.id).toBe('0123456789abcdef0123456789abcdef');
    expect(loadBalancers.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^[0-9a-f]{32}$/),
      expect.stringMatching(/^[0-9a-f]{32}$/),
    ]);
    const [balancer] = loadBalancers;
    expect(pools.get(balancer?.rules[0]?.overrides.default_pools[0] ?? '')?.backend).toBe('email-api');
    expect(pools.get(balancer?.defaultPools[0] ?? '')?.backend).toBe('resend-api');
    expect(records[0]).toMatchObject({ type: 'CNAME', name: 'api.example.com', proxied: false, ttl: 60 });
  });

  test('draws addresses from the providers’ ranges', () => {
    const { edge, fallback } = seedWorld(sampleEnvironment(), { seed: 3 }).addresses;
    for (const address of edge.v4) expect(address).toMatch(/^104\.18\.\d+\.\d+$/);
    for (const address of edge.v6) expect(address).toMatch(/^2606:4700::6812:[0-9a-f]+$/);
    for (const address of fallback.v4) expect(address).toMatch(/^13\.32\.\d+\.\d+$/);
    for (const address of fallback.v6) expect(address).toMatch(/^2600:9000:20/);
  });
});

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
      .on('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .on('error', () => resolve(false));
  });
}
