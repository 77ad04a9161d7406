import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { alertFindingIds } from '../../src/actions/alerts/alert-finding.ts';
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

test('without any key nothing starts (5), and every variable to set is named once', { timeout: 120_000 }, async () => {
  const simulated = await startWorld(['--scenario', 'healthy']);
  cleanups.push(() => simulated.stop());
  const names = ['PAGERDUTY_REST_API_KEY', 'DATADOG_API_KEY', 'DATADOG_APPLICATION_KEY'];
  const unset = Object.fromEntries(names.map((name) => [name, '']));
  const { code, stdout, stderr } = await simulated.runbook('inspect-alerts', ['--json'], unset).ended;
  expect([code, stdout]).toEqual([5, expect.not.stringContaining('run-started')]);
  for (const name of names) expect(stderr.match(new RegExp(`set ${name}`, 'g')), name).toHaveLength(1);
});

test('without a key the run fails, and names the variable to set', { timeout: 120_000 }, async () => {
  const simulated = await startWorld(['--scenario', 'healthy']);
  cleanups.push(() => simulated.stop());
  const { code, stderr } = await simulated.runbook('inspect-alerts', [], { PAGERDUTY_REST_API_KEY: '' }).ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining('PAGERDUTY_REST_API_KEY')]);
});

describe('each misconfiguration, made through the control port and found through the program', () => {
  type Alerting = {
    monitors: { id: number; name: string; query: string; options: object }[];
    services: { id: string; name: string }[];
    policies: { id: string; name: string; levels: { delayMinutes: number; onCall: string[] }[] }[];
  };
  let simulated: Awaited<ReturnType<typeof startWorld>>;
  let clean: Alerting;

  beforeAll(async () => {
    simulated = await startWorld(['--scenario', 'healthy']);
    const { monitors, services, policies }: Alerting = JSON.parse(await simulated.call('GET', '/state'));
    // Exactly what a change may say; `/state` shows more.
    clean = {
      monitors: monitors.map(({ id, name, query, options }) => ({ id, name, query, options })),
      services: services.map((service) => ({
        ...{ id: service.id, name: service.name, status: 'active', auto_resolve_timeout: null },
        auto_pause_notifications_parameters: { enabled: false, timeout: null },
      })),
      policies,
    };
  });
  afterAll(() => simulated?.stop());

  const inspect = async () => {
    const { code, stdout, stderr } = await simulated.runbook('inspect-alerts', ['--json']).ended;
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const [end] = lines.filter(({ type, step }) => /^step-(succeeded|failed)$/.test(type) && step === 'hygiene');
    const findings: { id: string; severity: string; where: string; numbers: object }[] = end.output.findings;
    return { code, stderr, findings };
  };
  const change = async (part: object) => {
    const told = await simulated.call('PATCH', '/alerting', part);
    expect(told).toMatch(/^\{/);
  };
  const hour = 3_600_000;
  const first = <T>([one]: readonly T[]): T => {
    if (one === undefined) throw new Error('the simulator has none');
    return one;
  };

  /** Finding → what is wrong in the console, and the exit code: 1 for what is critical. */
  const faults: Record<(typeof alertFindingIds)[number], { code: number; change(): object | null }> = {
    'alerts/datadog-auto-resolve': {
      code: 1,
      change: () => ({
        monitors: [{ id: first(clean.monitors).id, options: { timeout_h: 1 } }],
        policies: [{ id: first(clean.policies).id, num_loops: 3 }],
      }),
    },
    'alerts/datadog-recovers-early': {
      code: 1,
      change: () => ({ monitors: [{ id: first(clean.monitors).id, query: 'avg(last_1m):avg:failed{*} > 0.1' }] }),
    },
    'alerts/datadog-renotify-off': {
      code: 0,
      change: () => ({ monitors: [{ id: first(clean.monitors).id, options: { renotify_interval: 0 } }] }),
    },
    'alerts/datadog-resolves-on-no-data': {
      code: 1,
      change: () => ({ monitors: [{ id: first(clean.monitors).id, options: { on_missing_data: 'resolve' } }] }),
    },
    'alerts/datadog-silent-on-no-data': {
      code: 0,
      change: () => ({ monitors: [{ id: first(clean.monitors).id, options: { on_missing_data: 'show_no_data' } }] }),
    },
    'alerts/escalation-too-slow': {
      code: 1,
      change: () => {
        const [level, ...more] = first(clean.policies).levels;
        // Windows of 10 min are no longer too short for the first escalation where the second level is the slow one.
        const levels = [level, ...more.map((one) => ({ ...one, delayMinutes: 20 }))];
        return { policies: [{ id: first(clean.policies).id, levels }] };
      },
    },
    'alerts/nobody-on-call': {
      code: 1,
      change: () => {
        const levels = first(clean.policies).levels.map((level, index) =>
          index === 1 ? { ...level, onCall: [] } : level,
        );
        return { policies: [{ id: first(clean.policies).id, levels }] };
      },
    },
    'alerts/on-call-gap': {
      code: 1,
      change: () => {
        const shift = (fromMs: number, untilMs: number) => ({
          user: 'PUSER01',
          start: new Date(Date.now() + fromMs).toISOString(),
          end: new Date(Date.now() + untilMs).toISOString(),
        });
        const shifts = [shift(-hour, 6 * hour), shift(8 * hour, 48 * hour)];
        const levels = first(clean.policies).levels.map((level, index) =>
          index === 0 ? { ...level, onCall: [], shifts } : level,
        );
        return { policies: [{ id: first(clean.policies).id, levels }] };
      },
    },
    'alerts/pagerduty-auto-pause': {
      code: 0,
      change: () => ({
        services: [
          { id: first(clean.services).id, auto_pause_notifications_parameters: { enabled: true, timeout: 300 } },
        ],
      }),
    },
    'alerts/pagerduty-auto-resolve': {
      code: 1,
      change: () => ({ services: [{ id: first(clean.services).id, auto_resolve_timeout: 240 }] }),
    },
    'alerts/pagerduty-silenced': {
      code: 1,
      change: () => ({ services: [{ id: first(clean.services).id, status: 'maintenance' }] }),
    },
    'alerts/source-missing': { code: 1, change: () => null },
  };

  test('as it should be, nothing is found', { timeout: 120_000 }, async () => {
    const { code, findings, stderr } = await inspect();
    expect([code, findings]).toEqual([0, []]);
    expect(stderr).toContain('nothing keeps an alert from a person');
  });

  test.each(alertFindingIds)('%s', { timeout: 120_000 }, async (id) => {
    const fault = faults[id];
    const part = fault.change();
    if (part === null) await simulated.fault('datadog-api', { kind: 'status', status: 500 });
    else await change(part);
    const { code, findings, stderr } = await inspect();
    await simulated.clearFault('datadog-api');
    await change(clean);
    expect([code, [...new Set(findings.map((finding) => finding.id))]]).toEqual([fault.code, [id]]);
    const places = [...clean.monitors, ...clean.services, ...clean.policies, { name: 'Datadog' }];
    expect(places.map(({ name }) => name)).toContain(findings[0]?.where);
    // What is found is on the screen with its remedy, within 80 columns.
    const lines = stderr.split('\n');
    expect(stderr).toContain(id);
    expect(stderr).toContain('fix: ');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test('what is put right is silent again, and a change of what is not there is refused', {
    timeout: 120_000,
  }, async () => {
    expect(await simulated.call('PATCH', '/alerting', { services: [{ id: 'PNONE', name: 'x' }] })).toContain(
      'there is no service PNONE',
    );
    expect(await simulated.call('PATCH', '/alerting', { monitors: [{ id: 1, timeout: 3 }] })).toContain('not a change');
    const { code, findings } = await inspect();
    expect([code, findings]).toEqual([0, []]);
    expect(await simulated.writes()).toEqual([]);
  });
});
