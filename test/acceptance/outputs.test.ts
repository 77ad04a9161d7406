import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { problemsOfMetrics } from '../report/openmetrics-check.ts';
import { start } from './program.ts';

const home = mkdtempSync(join(tmpdir(), 'resend-ops-outputs-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

// The shipped runbooks, and a scenario that no rehearsal is shipped with.
const runbooks = join(home, 'runbooks');
cpSync(fileURLToPath(new URL('../../runbooks', import.meta.url)), runbooks, { recursive: true });
const ownedByAccount = { title: 'The account owns it', timeline: [{ at: '0s', become: ['token-account-owned'] }] };
writeFileSync(join(runbooks, 'scenarios', 'token-account-owned.yaml'), stringify(ownedByAccount));
const endsSoon = { title: 'The token ends in five days', timeline: [{ at: '0s', become: ['token-ends-soon'] }] };
writeFileSync(join(runbooks, 'scenarios', 'token-ends-soon.yaml'), stringify(endsSoon));

let count = 0;
let folder = '';
beforeEach(() => {
  count += 1;
  folder = join(home, String(count));
  mkdirSync(folder);
});

/** Runs the program with both outputs asked for, and reads them. */
async function withOutputs(...args: string[]) {
  const own = folder;
  const junit = join(own, 'junit.xml');
  const metrics = join(own, 'resend.prom');
  const { code, stdout, stderr } = await start([
    ...args,
    ...['--junit', junit, '--metrics', metrics, '--state-dir', join(own, 'state')],
  ]).ended;
  return { code, stdout, stderr, own, junit: readFileSync(junit, 'utf8'), metrics: readFileSync(metrics, 'utf8') };
}

describe('readiness for machines, by the built program', () => {
  test.each<[string, number, RegExp]>([
    ['alias-missing', 1, /id="cloudfront\/alias-missing",severity="critical",accepted="false"\} 1$/m],
    ['authorization-stripped', 1, /id="cloudfront\/authorization-stripped",severity="critical",accepted="false"\} 1$/m],
    ['function-drift', 1, /id="cloudfront\/function-drift",severity="critical",accepted="false"\} 1$/m],
    ['certificate-expiring', 1, /id="cloudfront\/certificate-expiring",severity="critical",accepted="false"\} 1$/m],
    ['token-expired', 1, /id="cloudflare\/token-not-active",severity="critical",accepted="false"\} 1$/m],
    ['token-without-scope', 1, /id="cloudflare\/read-refused",severity="critical",accepted="false"\} 1$/m],
    ['token-ends-soon', 0, /id="cloudflare\/token-expiring",severity="warning",accepted="false"\} 1$/m],
    ['token-account-owned', 0, /id="cloudflare\/token-expiring",severity="warning",accepted="false"\} 1$/m],
    ['proxied-record', 0, /id="dns\/absence-kept-long",severity="warning",accepted="false"\} 1$/m],
    ['alerts-resolve-early', 0, /id="alerts\/datadog-recovers-early",severity="critical",accepted="false"\} 2$/m],
  ])('%s is a finding of validate-fallback', { timeout: 90_000 }, async (scenario, code, finding) => {
    const told = await withOutputs('rehearse', 'validate-fallback', '--scenario', scenario, '--runbooks', runbooks);
    expect([told.code, told.stderr.match(/^error.*/m)]).toEqual([code, null]);
    expect(told.metrics).toMatch(finding);
    expect(problemsOfMetrics(told.metrics)).toEqual([]);
    expect(told.metrics).toMatch(new RegExp(`^resend_ops_run_exit_code\\{[^}]*mode="rehearsal"\\} ${code}$`, 'm'));
    const [, id = ''] = /id="([^"]*)"/.exec(finding.source.replaceAll('\\/', '/')) ?? [];
    expect(told.junit).toContain(id);
    if (scenario === 'alerts-resolve-early') {
      expect(told.stderr.replace(/\s+/g, ' ')).toMatch(
        /the world is as asked; optional, and failed: .*An alert would reach/,
      );
    }
    // What was found is on the screen, and fits it.
    expect(told.stderr).toContain(id);
    expect(told.stderr.split('\n').filter((line) => line.length > 80)).toEqual([]);
    // The edge is down in most of these scenarios, and logins over SMTP fail with it. These and alerting are optional.
    const mandatory = told.junit.replace(
      /<testcase classname="validate-fallback\.(?:smtp|alerts)[\s\S]*?(?:<\/testcase>|\/>)/g,
      '',
    );
    expect(/<failure/.test(mandatory)).toBe(code !== 0);
    expect(told.junit).not.toContain('<error');
    // Whole, the report its user's own, the metrics readable by a collector of another user, and nothing left beside them.
    const modes = ['junit.xml', 'resend.prom'].map((name) => statSync(join(told.own, name)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o644]);
    expect(readdirSync(told.own).sort()).toEqual(['junit.xml', 'resend.prom', 'state']);
  });

  test('nothing starts where a file cannot be written', async () => {
    const missing = join(folder, 'missing', 'a.prom');
    const { code, stderr } = await start(['rehearse', 'validate-fallback', '--metrics', missing]).ended;
    expect(code).toBe(2);
    expect(stderr).toContain('--metrics cannot be written to');
    expect(stderr).toContain('nothing was started');
    const same = join(folder, 'one');
    const twice = await start(['validate-fallback', '--junit', same, '--metrics', same]).ended;
    expect([twice.code, existsSync(same)]).toEqual([2, false]);
    const directory = await start(['validate-fallback', '--junit', folder]).ended;
    expect([directory.code, directory.stderr]).toEqual([2, expect.stringContaining('not a regular file')]);
  });

  test('a run that does not start is told, and replaces what was there', async () => {
    writeFileSync(join(folder, 'resend.prom'), 'old', { mode: 0o600 });
    writeFileSync(join(folder, 'junit.xml'), 'old', { mode: 0o644 });
    // The environment that is shipped still has placeholders.
    const told = await withOutputs('validate-fallback');
    expect(told.code).toBe(2);
    expect(told.metrics).toMatch(/^resend_ops_run_exit_code\{[^}]*mode="live"\} 2$/m);
    expect(told.junit).toMatch(/tests="1" failures="0" errors="1"/);
    expect(told.junit).toContain('placeholder');
    expect(statSync(join(folder, 'resend.prom')).mode & 0o777).toBe(0o644);
    expect(statSync(join(folder, 'junit.xml')).mode & 0o777).toBe(0o600);
  });

  test('a file that cannot be written after the run is told, and the exit code stays the run’s', {
    timeout: 90_000,
  }, async () => {
    const gone = join(folder, 'gone');
    mkdirSync(gone);
    const run = start([
      ...['rehearse', 'validate-fallback', '--scenario', 'healthy', '--junit', join(gone, 'junit.xml')],
      ...['--state-dir', join(folder, 'state')],
    ]);
    await run.until(/The standby serves every request|Look at every path/);
    rmSync(gone, { recursive: true });
    const { code, stderr } = await run.ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^error: --junit could not be written to .*ENOENT/m);
  });
});
