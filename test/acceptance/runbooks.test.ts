import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { start } from './program.ts';

const runbooks = fileURLToPath(new URL('../../runbooks', import.meta.url));
const state = mkdtempSync(join(tmpdir(), 'resend-ops-runbooks-'));

afterAll(() => rmSync(state, { recursive: true, force: true }));

/** The scenario in which each runbook ends well; a new runbook must be given one. */
const scenarios: Readonly<Record<string, string>> = {
  failover: 'cloudflare-edge-down',
  failback: 'after-failover',
  'validate-fallback': 'healthy',
  announce: 'healthy',
  'open-war-room': 'healthy',
  'close-page': 'healthy',
  triage: 'healthy',
  'inspect-alerts': 'healthy',
};

test('every runbook of the repository lints without a problem', async () => {
  const { code, stdout, stderr } = await start(['lint', '--runbooks', runbooks]).ended;
  expect([code, stdout + stderr]).toEqual([0, expect.stringContaining('no problems')]);
});

test('lint refuses a critical request to what the edge answers itself, however it is written', async () => {
  const copy = mkdtempSync(join(state, 'linted-'));
  cpSync(runbooks, copy, { recursive: true });
  const file = join(copy, 'suites', 'critical-endpoints.yaml');
  const text = readFileSync(file, 'utf8');
  for (const path of ['/cdn-cgi/trace', '//cdn-cgi/trace', '/%63dn-cgi/trace', '/domains/%2e%2e/cdn-cgi/trace']) {
    const changed = text.replace(/path: \/domains$/m, `path: ${path}`);
    expect(changed).not.toBe(text);
    writeFileSync(file, changed);
    const { code, stdout, stderr } = await start(['lint', '--runbooks', copy]).ended;
    const said = (stdout + stderr).replace(/\s+/g, ' ');
    expect([path, code, said]).toEqual([path, 2, expect.stringContaining('no critical request may ask for /cdn-cgi/')]);
    expect(said).toContain('critical-endpoints.yaml:');
  }
});

test.each(readdirSync(runbooks).filter((name) => name.endsWith('.yaml')))(
  '%s rehearses to its end',
  { timeout: 120_000 },
  async (file) => {
    const name = file.replace('.yaml', '');
    const scenario = scenarios[name];
    expect(scenario, `no scenario for ${name}`).toBeDefined();
    const args = ['rehearse', name, '--scenario', scenario ?? '', '--speed', '30', '--json', '--state-dir', state];
    const { code, stdout, stderr } = await start([...args, '--runbooks', runbooks]).ended;
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    const lines: { type: string }[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ type: 'result', outcome: 'succeeded', mode: 'rehearsal', exitCode: 0 });
  },
);
