import { afterEach, expect, test } from 'vitest';
import { startWorld } from './program.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

test('inspect-alerts finds alerts that resolve early (1), reads only, and shows no key', {
  timeout: 120_000,
}, async () => {
  const simulated = await startWorld(['--scenario', 'alerts-resolve-early']);
  cleanups.push(() => simulated.stop());
  const { code, stdout, stderr } = await simulated.runbook('inspect-alerts', ['--json']).ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining('alerts/pagerduty-auto-resolve')]);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.find(({ type, step }) => type === 'step-succeeded' && step === 'monitors')).toMatchObject({
    output: { state: 'alerting', regions: ['ap-northeast-1', 'eu-west-1', 'sa-east-1', 'us-east-1'] },
  });
  expect(lines.at(-1)).toMatchObject({ type: 'result', exitCode: 1 });
  expect(await simulated.writes()).toEqual([]);
  for (const name of ['DATADOG_API_KEY', 'DATADOG_APPLICATION_KEY', 'PAGERDUTY_REST_API_KEY']) {
    expect(stdout + stderr).not.toContain(simulated.secrets[name]);
  }
});

test('without a key the run fails, and names the variable to set', { timeout: 120_000 }, async () => {
  const simulated = await startWorld(['--scenario', 'healthy']);
  cleanups.push(() => simulated.stop());
  const { code, stderr } = await simulated.runbook('inspect-alerts', [], { PAGERDUTY_REST_API_KEY: '' }).ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining('PAGERDUTY_REST_API_KEY')]);
});
