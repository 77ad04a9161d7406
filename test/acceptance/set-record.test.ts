import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startWorld } from './program.ts';

const hostname = 'api.resend.com';
const longTest = 300_000;

const runbook = `title: Send traffic to CloudFront by the record itself
lock: dns/\${{ env.hostname }}
steps:
  - id: switch
    title: Point the record at the distribution
    uses: cloudflare.set-record
    with: { route: fallback }
    confirm: true
    timeout: 60s
  - id: authoritative
    title: Authoritative DNS answers with CloudFront
    uses: dns.verify
    with: { route: fallback, ask: authoritative }
    timeout: 60s
`;

const checks = `title: Requests that the two edges may treat differently
steps:
  - id: edge
    title: Over Cloudflare
    uses: http.check
    with: { suite: parity, route: edge, family: ipv4 }
    expect: outputs.passed == outputs.total && outputs.total == 5
  - id: fallback
    title: Over CloudFront
    uses: http.check
    with: { suite: parity, route: fallback, family: ipv4 }
    expect: outputs.passed == outputs.total && outputs.total == 5
`;

type Seen = {
  id: string;
  name: string;
  type: string;
  content: string;
  ttl: number;
  proxied: boolean;
  comment: string | null;
  tags: string[];
};

const worlds: Awaited<ReturnType<typeof startWorld>>[] = [];
afterEach(async () => {
  for (const made of worlds.splice(0)) await made.stop();
});

/** A simulated world, and what a token holder sees and does in its Cloudflare account. */
async function world() {
  const simulated = await startWorld(['--scenario', 'healthy']);
  worlds.push(simulated);
  const directory = join(simulated.home, 'runbooks');
  mkdirSync(directory);
  writeFileSync(join(directory, 'by-record.yaml'), runbook);
  const call = (method: string, path: string, body?: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const url = new URL(`${simulated.address(/cloudflare.*api/i).replace(/\/$/, '')}${path}`);
      const headers = { authorization: `Bearer ${simulated.secrets.CLOUDFLARE_API_TOKEN ?? ''}` };
      const request = http.request(url, { method, agent: false, headers }, (response) => {
        let text = '';
        response.on('data', (data: Buffer) => {
          text += data.toString();
        });
        response.on('end', () => resolve(JSON.parse(text).result));
      });
      request.on('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const [zone] = (await call('GET', '/zones')) as { id: string }[];
  const inZone = `/zones/${zone?.id ?? ''}`;
  const records = async () =>
    ((await call('GET', `${inZone}/dns_records?name.exact=${hostname}`)) as Seen[]).map(
      ({ type, content, ttl, proxied, comment, tags }) => ({ type, content, ttl, proxied, comment, tags }),
    );
  return {
    simulated,
    records,
    run: (args: readonly string[]) => simulated.runbook('by-record', ['--runbooks', directory, ...args]),
    /** The hostname is answered by records, with no load balancer over them. */
    async withoutLoadBalancer(given: readonly object[]) {
      const balancers = (await call('GET', `${inZone}/load_balancers`)) as { id: string; name: string }[];
      const own = balancers.find(({ name }) => name === hostname);
      await call('PATCH', `${inZone}/load_balancers/${own?.id ?? ''}`, { enabled: false });
      const found = (await call('GET', `${inZone}/dns_records?name.exact=${hostname}`)) as Seen[];
      const deletes = found.map(({ id }) => ({ id }));
      await call('POST', `${inZone}/dns_records/batch`, {
        deletes,
        posts: given.map((one) => ({ name: hostname, ...one })),
      });
    },
    change: (index: number, body: object) =>
      call('GET', `${inZone}/dns_records?name.exact=${hostname}`).then((found) =>
        call('PATCH', `${inZone}/dns_records/${(found as Seen[])[index]?.id ?? ''}`, body),
      ),
  };
}

const proxied = {
  type: 'CNAME',
  content: 'origin.resend.com',
  proxied: true,
  comment: 'owner: edge team',
  tags: ['team:edge'],
};

function resultOf(stdout: string): { outcome: string; exitCode: number; run: string } {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

test('while the load balancer answers, the record is not touched, and the run says what to do', {
  timeout: longTest,
}, async () => {
  const { simulated, run } = await world();
  const ended = await run(['--yes']).ended;
  expect(ended.code).toBe(1);
  expect(ended.stderr + ended.stdout).toMatch(/would change nothing for clients/);
  expect(ended.stderr + ended.stdout).toMatch(/cloudflare\.set-load-balancer/);
  expect(await simulated.writes()).toEqual([]);
});

test('a dry run, the switch with its answer lost, and a rollback that restores the record to the letter', {
  timeout: longTest,
}, async () => {
  const { simulated, run, records, withoutLoadBalancer } = await world();
  await withoutLoadBalancer([proxied]);
  const before = await records();
  const written = (await simulated.writes()).length;

  const dry = await run(['--dry-run']).ended;
  expect([dry.code, (await simulated.writes()).length]).toEqual([0, written]);
  expect(dry.stdout + dry.stderr).toMatch(/\+ CNAME \S+\.cloudfront\.net, DNS only, TTL 60 s/);

  await simulated.fault('cloudflare-api', { kind: 'write-lost-answer' });
  const switched = await run(['--yes', '--json']).ended;
  expect(resultOf(switched.stdout)).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  await simulated.clearFault('cloudflare-api');
  expect(await records()).toMatchObject([
    {
      type: 'CNAME',
      proxied: false,
      ttl: 60,
      comment: expect.stringContaining(resultOf(switched.stdout).run),
      tags: ['team:edge'],
    },
  ]);
  expect((await simulated.writes()).length).toBe(written + 1);

  const back = await simulated.run(['rollback', '--yes']).ended;
  expect([back.code, await records()]).toEqual([0, before]);
});

test('a change of type stops at the negative cache, passes it with a reason, and someone else’s change is left alone', {
  timeout: longTest,
}, async () => {
  const { simulated, run, records, withoutLoadBalancer, change } = await world();
  await withoutLoadBalancer([
    { type: 'A', content: '192.0.2.1', proxied: false, ttl: 60, comment: 'v4' },
    { type: 'AAAA', content: '2001:db8::1', proxied: false, ttl: 60 },
    { type: 'HTTPS', data: { priority: 1, target: '.', value: 'alpn="h2"' }, ttl: 60 },
  ]);
  const stopped = await run(['--yes']).ended;
  expect(stopped.code).toBe(1);
  expect(stopped.stderr + stopped.stdout).toMatch(/negative-cache/);

  const switched = await run(['--yes', '--json', '--override', 'negative-cache=rehearsed']).ended;
  expect(resultOf(switched.stdout)).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect((await records()).map(({ type }) => type)).toEqual(['CNAME']);

  await change(0, { content: 'terraform.example.net', comment: 'terraform' });
  const writes = (await simulated.writes()).length;
  const back = await simulated.run(['rollback', '--yes']).ended;
  expect(back.code).toBe(3);
  expect(back.stderr + back.stdout).toMatch(/neither as before nor as this run left/);
  expect([(await simulated.writes()).length, await records()]).toMatchObject([
    writes,
    [{ content: 'terraform.example.net' }],
  ]);
});

test('the parity suite: large bodies, methods, forged addresses; GET with a body is a known difference', {
  timeout: longTest,
}, async () => {
  const { simulated } = await world();
  const directory = join(simulated.home, 'runbooks');
  writeFileSync(join(directory, 'parity.yaml'), checks);
  mkdirSync(join(directory, 'suites'));
  writeFileSync(
    join(directory, 'suites', 'parity.yaml'),
    readFileSync(new URL('../../runbooks/suites/parity.yaml', import.meta.url)),
  );
  const ended = await simulated.runbook('parity', ['--runbooks', directory]).ended;
  expect([ended.code, ended.stderr.match(/FAIL.*/)]).toEqual([0, null]);
  expect(ended.stderr + ended.stdout).toMatch(/note: get-with-body: CloudFront refuses GET with a body/);
});
