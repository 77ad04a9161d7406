import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { start } from './program.ts';

const folder = fileURLToPath(new URL('../../runbooks/scenarios', import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.replace(/\.yaml$/, ''));
const home = mkdtempSync(join(tmpdir(), 'resend-ops-acceptance-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

type Line = { type: string; step?: string } & Record<string, unknown>;

/** A rehearsal of the failover in a process of its own; answers its lines of JSON. */
async function rehearse(state: string, ...options: string[]): Promise<Line[]> {
  const args = ['rehearse', 'failover', '--json', '--state-dir', join(home, state), ...options];
  const { stdout } = await start(args).ended;
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

// Most of a rehearsal is waiting for TTLs, so some go side by side; the state directory, with its log, is shared.
test.concurrent.for(names)('%s ends as it says it should', { timeout: 180_000 }, async (name, { expect }) => {
  // What changes within seconds must not be compressed below the time that a probe takes.
  const speed = ['flapping', 'recovering', 'recovers-before-go'].includes(name) ? '1' : '15';
  const lines = await rehearse('all', '--scenario', name, '--speed', speed);
  const last = lines.at(-1);
  expect(last, JSON.stringify(last)).toMatchObject({ type: 'result', score: { scenario: name, asExpected: true } });
});

test('18 November from its total outage, in real time: DNS answers with CloudFront within 10 s of go', {
  timeout: 120_000,
}, async () => {
  const args = ['rehearse', 'failover', '--json', '--state-dir', join(home, 'real-time')];
  const run = start([...args, '--scenario', 'cloudflare-2025-11-18', '--from', 'total-outage']);
  const [line] = await run.until(/^.*"type":"milestone-reached".*$/m);
  const [go] = await run.until(/^.*"type":"go-given".*$/m);
  run.child.kill('SIGTERM');
  await run.ended;
  expect(JSON.parse(line)).toMatchObject({ milestone: 'switched' });
  expect(Date.parse(JSON.parse(line).time) - Date.parse(JSON.parse(go).time)).toBeLessThan(10_000);
});

/** News of the run, of which there is as much as the clock allows. */
const told: ReadonlySet<string> = new Set(['follow-up-intended', 'timeline-told']);

/** What a clock or the machine decides: when, where, how long, and how often a status was told meanwhile. */
function timeless(lines: readonly Line[]): string[] {
  const skipped = [
    'time',
    'prev',
    'hash',
    'head',
    'begunBy',
    'pid',
    'process',
    'boot',
    'documents',
    'timings',
    'message',
  ];
  return lines
    .filter(({ type }) => !told.has(type) && type !== 'result')
    .map((line) =>
      JSON.stringify(line, (key, value) => {
        if (skipped.includes(key) || /Ms$/.test(key)) return undefined;
        if (typeof value !== 'string') return value;
        return value
          .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
          .replace(/last changed \d+/g, 'last changed TIME')
          .replace(/\d{8}-\d{6}-/g, '')
          .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
          .replace(/\d+(\.\d+)? m?s\b/g, 'TIME')
          .replace(/\d{10}\.\d{6}/g, 'TS');
      }).replace(/"seq":\d+,/, ''),
    );
}

/** Steps side by side take turns as the sockets have it; each by itself goes the same way. */
function byStep(lines: readonly Line[]): Record<string, string[]> {
  const steps: Record<string, string[]> = {};
  for (const [index, line] of timeless(lines).entries()) {
    const step = String(lines.filter(({ type }) => !told.has(type))[index]?.step ?? 'the run');
    steps[step] = [...(steps[step] ?? []), line];
  }
  return steps;
}

test.for(['own-fault', 'fallback-broken'])(
  'two rehearsals with one seed agree event for event: %s',
  {
    timeout: 120_000,
  },
  async (name) => {
    const options = ['--scenario', name, '--seed', '42', '--speed', '3'];
    const first = byStep(await rehearse(`${name}-1`, ...options));
    const second = byStep(await rehearse(`${name}-2`, ...options));
    expect(Object.keys(first).length).toBeGreaterThan(3);
    expect(second).toEqual(first);
    const other = byStep(await rehearse(`${name}-3`, '--scenario', name, '--seed', '43', '--speed', '3'));
    expect(other).not.toEqual(first);
  },
);
