import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startWorld } from './program.ts';

const shipped = fileURLToPath(new URL('../../runbooks', import.meta.url));
const runbooks = mkdtempSync(join(tmpdir(), 'resend-ops-standby-'));
const router = readFileSync(join(shipped, 'fallback/edge-router.js'), 'utf8');

const inspectRunbook = `title: Inspect the standby
steps:
  - id: inspect
    title: The distribution is as it must be
    uses: cloudfront.inspect
    with: { suite: critical-endpoints }
    expect: outputs.critical == 0 && outputs.findings.filter(found, found.severity == "critical").size() == 0
`;
const routingRunbook = `title: Compare the ways
steps:
  - id: routing
    title: The function chooses as the load balancer does
    uses: cloudfront.test-routing
    with: { suite: critical-endpoints }
    expect: outputs.different == 0 && outputs.undecided == 0 && outputs.testErrors.size() == 0
`;
const sendRunbook = `title: Send the suite
steps:
  - id: send
    title: The standby serves every request
    uses: http.check
    with: { suite: critical-endpoints, route: fallback }
    expect: outputs.passed == outputs.total
`;

type Distribution = { origins: { readTimeout: number }[]; behaviors: object[] };
type Event = {
  type: string;
  step?: string;
  output?: {
    findings?: { id: string }[];
    results?: { why: string }[];
    differences?: { method: string; path: string }[];
  };
};

describe('the standby, by the built program against a simulator in another process', () => {
  let world: Awaited<ReturnType<typeof startWorld>>;
  let clean: { distribution: Distribution };

  beforeAll(async () => {
    cpSync(shipped, runbooks, { recursive: true });
    for (const [name, text] of Object.entries({
      inspect: inspectRunbook,
      routing: routingRunbook,
      send: sendRunbook,
    })) {
      writeFileSync(join(runbooks, `standby-${name}.yaml`), text);
    }
    world = await startWorld(['--scenario', 'healthy']);
    clean = JSON.parse(await world.call('GET', '/state'));
  });
  beforeEach(async () => {
    await world.call('PATCH', '/cloudfront', {
      distribution: clean.distribution,
      function: { live: router, development: router, utilization: 21 },
    });
  });
  afterAll(async () => {
    await world?.stop();
    rmSync(runbooks, { recursive: true, force: true });
  });

  const change = async (wanted: object) => {
    expect(JSON.parse(await world.call('PATCH', '/cloudfront', wanted))).toHaveProperty('distribution');
  };
  const behavior = (more: object) => ({ ...clean.distribution.behaviors[0], ...more });
  const run = async (name: string) => {
    const { code, stdout, stderr } = await world.runbook(`standby-${name}`, ['--json', '--runbooks', runbooks]).ended;
    const events: Event[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const output = events.findLast((event) => event.output !== undefined)?.output ?? {};
    return { code, output, stderr, ids: output.findings?.map(({ id }) => id) };
  };

  test('the simulator runs the function that is shipped, and the environment pins it', async () => {
    const state: { functions: { live: { code: string } }[] } = JSON.parse(await world.call('GET', '/state'));
    expect(state.functions[0]?.live.code).toBe(router);
    const sha256 = createHash('sha256').update(router).digest('hex');
    const pinned: unknown = parse(readFileSync(join(shipped, 'environments/production.yaml'), 'utf8'));
    expect(pinned).toMatchObject({ aws: { 'function-sha256': sha256 } });
    expect(parse(readFileSync(world.environmentFile, 'utf8'))).toMatchObject({ aws: { 'function-sha256': sha256 } });
  });

  test('a clean standby is silent, serves the suite, and nothing was written to it', { timeout: 90_000 }, async () => {
    expect(await run('inspect')).toMatchObject({ code: 0, ids: [] });
    expect(await run('routing')).toMatchObject({
      code: 0,
      output: { different: 0, undecided: 0, computeUtilization: 21 },
    });
    expect(await run('send')).toMatchObject({ code: 0 });
    expect(await world.writes()).toEqual([]);
  });

  test('what is wrong is found, and fails the run without changing anything', { timeout: 90_000 }, async () => {
    await change({
      distribution: {
        enabled: false,
        status: 'InProgress',
        aliases: [],
        conflicts: [{ alias: 'api.resend.com', distributionId: '*******ABCDEF7', accountId: '******210987' }],
        certificate: { names: ['api.resend.com'], daysValid: 6 },
        origins: clean.distribution.origins.map((origin) => ({ ...origin, readTimeout: 30 })),
        webAcl: { arn: 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b', maxBodyBytes: 8192 },
        errorPages: [403],
        geoRestriction: 'blacklist',
        behaviors: [
          behavior({
            allowedMethods: ['GET', 'HEAD'],
            cachePolicyId: '658327ea-f89d-4fab-a63d-7e88639e58f6',
            originRequestPolicyId: null,
            functions: [],
          }),
        ],
      },
      function: { live: 'function handler(event) { return event.request; }', runtime: 'cloudfront-js-1.0' },
    });
    const { code, ids, stderr } = await run('inspect');
    await change({ function: { runtime: 'cloudfront-js-2.0' } });
    expect(code).toBe(1);
    expect([...new Set(ids)].sort()).toEqual([
      'cloudfront/alias-elsewhere',
      'cloudfront/alias-missing',
      'cloudfront/authorization-stripped',
      'cloudfront/caching-on',
      'cloudfront/certificate-expiring',
      'cloudfront/distribution-disabled',
      'cloudfront/distribution-not-deployed',
      'cloudfront/error-pages',
      'cloudfront/function-drift',
      'cloudfront/function-not-associated',
      'cloudfront/function-runtime',
      'cloudfront/function-unpublished-changes',
      'cloudfront/geo-restricted',
      'cloudfront/host-replaced',
      'cloudfront/idempotency-key-stripped',
      'cloudfront/methods-partial',
      'cloudfront/methods-refused',
      'cloudfront/origin-timeout-short',
      'cloudfront/query-stripped',
      'cloudfront/user-agent-replaced',
      'cloudfront/waf-attached',
    ]);
    expect(stderr).toContain('fix: ');
  });

  test('a certificate that has run out, and a function that was never published', async () => {
    await change({
      distribution: { certificate: { names: ['api.resend.com'], daysValid: -1 } },
      function: { live: null },
    });
    expect(await run('inspect')).toMatchObject({
      code: 1,
      ids: ['cloudfront/certificate-invalid', 'cloudfront/function-not-live'],
    });
  });

  test('an alias that is missing is 403 at the edge', async () => {
    await change({ distribution: { aliases: [] } });
    const { code, output } = await run('send');
    expect(code).toBe(1);
    expect(output.results?.map(({ why }) => why).join('\n')).toMatch(/403/);
    expect(await run('inspect')).toMatchObject({ code: 1, ids: ['cloudfront/alias-missing'] });
  });

  test('what a policy strips does not arrive: a bad key is a missing one', async () => {
    const id = '11111111-2222-4333-8444-555555555555';
    const all = { include: 'all', names: [] };
    const headers = { include: 'all-except', names: ['authorization'] };
    await change({
      policies: [{ id, name: 'no keys', headers, queries: all, cookies: all, ttl: null }],
      distribution: { behaviors: [behavior({ originRequestPolicyId: id })] },
    });
    const { code, output } = await run('send');
    expect(code).toBe(1);
    expect(output.results?.map(({ why }) => why).join('\n')).toMatch(/401/);
    expect(await run('inspect')).toMatchObject({ code: 1, ids: ['cloudfront/authorization-stripped'] });
  });

  test('a function that has drifted sends requests the wrong way, and both checks say so', {
    timeout: 90_000,
  }, async () => {
    await change({ function: { live: router.replace("=== '/emails'", "=== '/email'") } });
    const routing = await run('routing');
    expect(routing.code).toBe(1);
    expect(routing.output.differences).toContainEqual(expect.objectContaining({ method: 'POST', path: '/emails' }));
    expect(await run('inspect')).toMatchObject({
      code: 1,
      ids: ['cloudfront/function-drift', 'cloudfront/function-unpublished-changes'],
    });
    expect(await run('send')).toMatchObject({ code: 1 });
  });
});
