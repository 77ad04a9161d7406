import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasTool } from '../world/dns-tools.ts';
import { hasNamed, startNamed, zoneFiles } from '../world/start-named.ts';
import { start } from './program.ts';

const runbook = `title: Follow a move of a name that BIND serves
steps:
  - id: before
    title: The name is still on the edge
    uses: dns.verify
    with: { route: edge, ask: all }
    timeout: 60s
  - id: obstacles
    title: What a move would break
    uses: dns.verify
    with: { route: edge, ask: authoritative, must-agree: false, before-move: true }
    timeout: 60s
  - id: moved
    title: The name has moved
    uses: dns.verify
    with: { route: fallback, ask: all, before-move: true }
    timeout: 60s
`;

test.skipIf(!hasNamed || !hasTool('nsupdate', '-V'))(
  'BIND as the authoritative server of a runbook',
  { timeout: 300_000 },
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'resend-ops-named-run-'));
    const named = await startNamed(zoneFiles);
    try {
      const at = `127.0.0.1:${named.port}`;
      mkdirSync(join(home, 'runbooks'));
      writeFileSync(join(home, 'runbooks', 'follow.yaml'), runbook);
      const environment = join(home, 'environment.yaml');
      const routes = {
        edge: { provider: 'cloudflare', connect: '127.0.0.1', answers: { cname: 'edge.example.net' } },
        fallback: { provider: 'cloudfront', connect: 'd1.cloudfront.net' },
      };
      const nameservers = { 'ns1.example.test': at, 'ns2.example.test': at };
      writeFileSync(
        environment,
        JSON.stringify({
          hostname: 'api.example.test',
          zone: 'example.test',
          routes,
          dns: { resolvers: [at], nameservers },
        }),
      );
      const run = start([
        ...['follow', '--runbooks', join(home, 'runbooks'), '--env', environment],
        ...['--state-dir', join(home, 'state'), '--json'],
      ]);
      await run.until(/"type":"step-started"[^\n]*"step":"moved"/);
      const update = [`server 127.0.0.1 ${named.port}`, 'zone example.test.', 'update delete api.example.test. CNAME'];
      const moved = spawnSync('nsupdate', [], {
        input: [...update, 'update add api.example.test. 60 CNAME d1.cloudfront.net.', 'send', ''].join('\n'),
        encoding: 'utf8',
      });
      expect([moved.status, moved.stderr]).toEqual([0, '']);
      const { code, stdout, stderr } = await run.ended;
      expect([code, stderr.match(/^error.*/m)]).toEqual([0, null]);
      const events: { type: string; step?: string; output?: Record<string, unknown> }[] = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const outputOf = (step: string) =>
        events.find((event) => event.step === step && event.output !== undefined)?.output;
      expect(outputOf('before')).toMatchObject({
        agreed: true,
        authoritative: { total: 2, agreeing: 2 },
        maxTtlMs: 45_000,
        negativeCacheMs: 120_000,
      });
      // BIND is the only resolver here, and knows nothing of the edge's own zone: that is said, not passed over.
      expect(outputOf('obstacles')).toMatchObject({
        findings: [{ id: 'dns/ds-at-parent' }, { id: 'dns/ipv6-unknown' }],
      });
      expect(outputOf('moved')).toMatchObject({
        agreed: true,
        maxTtlMs: 60_000,
        findings: expect.arrayContaining([
          expect.objectContaining({ id: 'dns/caa-excludes-issuer' }),
          expect.objectContaining({ id: 'dns/ds-at-parent' }),
        ]),
      });
    } finally {
      await named.stop();
      rmSync(home, { recursive: true, force: true });
    }
  },
);
