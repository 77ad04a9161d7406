import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
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
  triage: 'healthy',
  'inspect-alerts': 'healthy',
};

test('every runbook of the repository lints without a problem', async () => {
  const { code, stdout, stderr } = await start(['lint', '--runbooks', runbooks]).ended;
  expect([code, stdout + stderr]).toEqual([0, expect.stringContaining('no problems')]);
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
