import { afterEach, beforeEach, expect, test } from 'vitest';
import { alertsInspect } from '../../../src/actions/alerts/inspect.ts';
import { recoveryMinutes } from '../../../src/actions/alerts/judge-recovery.ts';
import { tellsOfRecovery } from '../../../src/actions/alerts/recovery-notice.ts';
import { datadogMonitors } from '../../../src/actions/datadog/monitors.ts';
import { bringAbout } from '../../../src/simulator/conditions.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import type { SimulatedWorld } from '../../../src/simulator/state.ts';
import type { Json } from '../../../src/world/json.ts';
import { failureOf, runCheck } from '../action-context.ts';
import { startAlertingWorld } from './alerting-world.ts';

let alerting: Awaited<ReturnType<typeof startAlertingWorld>>;
beforeEach(async () => {
  alerting = await startAlertingWorld();
});
afterEach(() => alerting.close());

type Finding = { id: string; severity: string; where: string; breaks: string; remedy: string; numbers: object };
type Inspected = { critical: number; warnings: number; monitors: number; services: number; findings: Finding[] };

async function inspect(input: Json = {}, ctx = alerting.context()) {
  const { output, summary } = await runCheck(alertsInspect, input, ctx);
  return { output: output as unknown as Inspected, summary };
}

test('a configuration as it should be is silent', async () => {
  const { output, summary } = await inspect();
  expect(output).toEqual({ critical: 0, warnings: 0, infos: 0, accepted: 0, monitors: 2, services: 1, findings: [] });
  expect(summary).toMatchObject({
    headline: expect.stringContaining('nothing keeps an alert from a person'),
    detail: [],
  });
  expect(alerting.world.requests.every(({ method, write }) => method === 'GET' && !write)).toBe(true);
});

const first = <T>(list: readonly T[]): T => {
  const [item] = list;
  if (item === undefined) throw new Error('the list is empty');
  return item;
};
const monitorOptions = (world: SimulatedWorld) => first(world.monitors).options;
const service = (world: SimulatedWorld) => first(world.services);
const policy = (world: SimulatedWorld) => first(world.policies);

/** Each fault of a configuration, and the setting just beside it that is none. Escalation goes on for 60 minutes. */
const faults: [string, (world: SimulatedWorld) => void, object, (world: SimulatedWorld) => void][] = [
  [
    'alerts/datadog-auto-resolve',
    (world) => {
      monitorOptions(world).timeout_h = 1;
      policy(world).num_loops = 3;
    },
    { autoResolveHours: 1, escalationMinutes: 80 },
    (world) => {
      monitorOptions(world).timeout_h = 1;
    },
  ],
  [
    'alerts/datadog-resolves-on-no-data',
    (world) => {
      monitorOptions(world).on_missing_data = 'resolve';
    },
    { resolvesAfterMinutes: 0, escalationMinutes: 60 },
    (world) => {
      monitorOptions(world).on_missing_data = 'default';
    },
  ],
  [
    'alerts/datadog-silent-on-no-data',
    (world) => {
      first(world.monitors).options = { notify_no_data: false, renotify_interval: 15, timeout_h: null };
    },
    {},
    (world) => {
      first(world.monitors).options = { notify_no_data: true, renotify_interval: 15, timeout_h: null };
    },
  ],
  [
    'alerts/datadog-renotify-off',
    (world) => {
      monitorOptions(world).renotify_interval = null;
    },
    { renotifyMinutes: 0 },
    (world) => {
      monitorOptions(world).renotify_interval = 60;
    },
  ],
  [
    'alerts/datadog-recovers-early',
    (world) => {
      first(world.monitors).query = 'avg(last_4m):avg:api.failed_share{last_9d:x} by {region} > 0.1';
    },
    { recoveryMinutes: 4, firstEscalationMinutes: 5, goodHalfMinutes: 5 },
    (world) => {
      first(world.monitors).query = 'avg(last_5m):avg:api.failed_share{last_1m:x} by {region} > 0.1';
    },
  ],
  [
    'alerts/on-call-gap',
    (world) => {
      const level = first(policy(world).levels);
      level.onCall = [];
      level.shifts = [
        { user: 'PUSER02', start: '2026-01-01T22:30:00Z', end: '2026-01-09T00:00:00Z' },
        { user: 'PUSER01', start: '2025-12-31T22:00:00Z', end: '2026-01-01T22:00:00+01:00' },
      ];
    },
    { levels: 3, levelsWithoutAnyone: 1, startsInMinutes: 1_260, gapMinutes: 90 },
    (world) => {
      const level = first(policy(world).levels);
      level.onCall = [];
      level.shifts = [
        { user: 'PUSER02', start: '2026-01-01T21:00:00Z', end: '2026-01-02T00:00:00Z' },
        { user: 'PUSER01', start: '2025-12-31T22:00:00Z', end: '2026-01-01T22:00:00+01:00' },
      ];
    },
  ],
  [
    'alerts/pagerduty-auto-resolve',
    (world) => {
      service(world).auto_resolve_timeout = 3_599;
    },
    { autoResolveSeconds: 3_599, escalationMinutes: 60 },
    (world) => {
      service(world).auto_resolve_timeout = 3_600;
    },
  ],
  [
    'alerts/pagerduty-auto-pause',
    (world) => {
      service(world).auto_pause_notifications_parameters = { enabled: true, timeout: 300 };
    },
    { pauseSeconds: 300 },
    (world) => {
      service(world).auto_pause_notifications_parameters = { enabled: false, timeout: 300 };
    },
  ],
  [
    'alerts/pagerduty-silenced',
    (world) => {
      service(world).status = 'maintenance';
    },
    {},
    (world) => {
      service(world).status = 'critical';
    },
  ],
  [
    'alerts/nobody-on-call',
    (world) => {
      first(policy(world).levels.slice(1)).onCall = [];
    },
    { levels: 3, levelsWithoutAnyone: 1 },
    (world) => {
      first(policy(world).levels.slice(1)).onCall = ['PUSER01', 'PUSER02'];
    },
  ],
  [
    'alerts/escalation-too-slow',
    (world) => {
      first(policy(world).levels.slice(1)).delayMinutes = 11;
    },
    { escalationMinutes: 16, objectiveMinutes: 15 },
    (world) => {
      first(policy(world).levels.slice(1)).delayMinutes = 10;
    },
  ],
];

test.each(faults)(
  '%s is found, with its numbers and a remedy; the setting beside it is silent',
  async (id, spoil, numbers, allow) => {
    spoil(alerting.world);
    const { output, summary } = await inspect();
    expect(output.findings).toMatchObject([{ id, numbers, remedy: expect.stringMatching(/.{12}/) }]);
    expect(output.critical + output.warnings).toBe(1);
    expect(summary.detail.join(' ')).toContain(id);
    await alerting.close();
    alerting = await startAlertingWorld();
    allow(alerting.world);
    expect((await inspect()).output.findings).toEqual([]);
  },
);

test('the misconfiguration of 18 November: everything that resolves early is found at once', async () => {
  bringAbout(alerting.world, 'alerts-resolve-early');
  const { output } = await inspect();
  const found = output.findings.map(({ id, severity }) => `${severity} ${id}`);
  expect([...new Set(found)].sort()).toEqual([
    'critical alerts/datadog-recovers-early',
    'critical alerts/datadog-resolves-on-no-data',
    'critical alerts/pagerduty-auto-resolve',
    'warning alerts/datadog-renotify-off',
  ]);
  expect(output).toMatchObject({ critical: 5, warnings: 2 });
});

test('nobody at all, an objective of one’s own, and one source alone', async () => {
  for (const level of policy(alerting.world).levels) level.onCall = [];
  const { output } = await inspect({ 'escalate-within': '9m' }, alerting.context({ pagerduty: {} }));
  expect(output).toMatchObject({ monitors: null, services: 1 });
  expect(output.findings.map(({ id, breaks }) => [id, breaks])).toEqual([
    ['alerts/nobody-on-call', 'nobody is on call on any level: no one is called'],
    ['alerts/escalation-too-slow', 'the last level is called after 10 min, and the objective is 9 min'],
  ]);
  monitorOptions(alerting.world).timeout_h = 24;
  const alone = await inspect({}, alerting.context({ datadog: {} }));
  expect(alone.output.findings).toMatchObject([
    { id: 'alerts/datadog-auto-resolve', numbers: { autoResolveHours: 24 } },
  ]);
});

test('a gap tonight is told with its time; beyond the time asked about nothing is', async () => {
  const levels = policy(alerting.world).levels;
  for (const level of levels) {
    level.onCall = [];
    level.shifts = [{ user: 'PUSER01', start: '2025-12-31T00:00:00Z', end: '2026-01-01T18:00:00Z' }];
  }
  const { output, summary } = await inspect();
  expect(output.findings.map(({ id, severity, breaks, numbers }) => [id, severity, breaks, numbers])).toEqual([
    [
      'alerts/on-call-gap',
      'critical',
      'nobody is on call on any level from 2026-01-01 18:00 UTC until 2026-01-02 00:00 UTC at least',
      { levels: 3, levelsWithoutAnyone: 3, startsInMinutes: 1_080, gapMinutes: 360 },
    ],
  ]);
  expect(summary.detail.every((line) => line.length <= 64)).toBe(true);
  expect((await inspect({ 'on-call-ahead': '17h' })).output.findings).toEqual([]);
  first(levels).shifts = [];
  expect((await inspect()).output.findings.map(({ id, breaks }) => `${id}: ${breaks}`)).toEqual([
    'alerts/nobody-on-call: nobody is on call on level 1 of 3',
    'alerts/on-call-gap: nobody is on call on level 2, 3 of 3 from 2026-01-01 18:00 UTC until 2026-01-02 00:00 UTC at least',
  ]);
});

test('how early a monitor may recover follows from the first escalation, and from the halves of a flap', async () => {
  const found = async (query: string, delayMinutes: number | null) => {
    first(alerting.world.monitors).query = query;
    if (delayMinutes !== null) first(policy(alerting.world).levels).delayMinutes = delayMinutes;
    const ctx = alerting.context(delayMinutes === null ? { datadog: {} } : undefined);
    const { output } = await inspect({ 'escalate-within': '2h' }, ctx);
    return output.findings.map(({ id, severity, breaks, remedy }) => `${severity} ${id}: ${breaks} (${remedy})`);
  };
  expect(await found('avg(last_5m):avg:x{*} > 1', 30)).toEqual([
    expect.stringMatching(
      /^critical alerts\/datadog-recovers-early: it recovers after 5 good min, and the first escalation comes after 30 min: a fault that comes and goes every 5 min .*\(evaluate it over 30 min or more \(last_30m\)/,
    ),
    // The other monitor, whose window is 10 min: a slower flap only.
    expect.stringMatching(/^warning alerts\/datadog-recovers-early: it recovers after 10 good min/),
  ]);
  expect(await found('avg(last_5m):avg:x{*} > 1', null)).toEqual([
    expect.stringMatching(
      /^warning alerts\/datadog-recovers-early: .*how long the first escalation takes is not known/,
    ),
  ]);
  expect(await found('avg(last_10m):avg:x{*} > 1', null)).toEqual([]);
  expect(await found('min(last_10m):avg:x{*} > 1', 5)).toEqual([
    expect.stringContaining('it recovers with the first good value, and the first escalation comes after 5 min'),
  ]);
  first(alerting.world.monitors).type = 'synthetics alert';
  expect(await found('no_query', 5)).toEqual([
    expect.stringMatching(
      /^critical .*: it recovers with the first good run, .*\(page from a metric monitor over 10 min/,
    ),
  ]);
  // Told of alerts only, paging does not resolve the incident.
  first(alerting.world.monitors).message = '{{#is_alert}}down @pagerduty-API{{/is_alert}} @slack-ops';
  expect(await found('no_query', 5)).toEqual([]);
  Object.assign(first(alerting.world.monitors), { type: 'query alert', message: '' });
  expect(await found('avg(last_1m):avg:x{*} > 1', 5)).not.toEqual([]);
  // A policy that calls one level once never escalates.
  first(alerting.world.policies).num_loops = 0;
  first(alerting.world.policies).levels.splice(1);
  expect(await found('avg(last_1m):avg:x{*} > 1', 30)).toEqual([]);
});

test.each<[string, object, number | undefined]>([
  ['avg(last_15m):avg:x{a:last_1m} > 1', {}, 15],
  ['sum(last_1h):sum:x{*}.as_count() >= 10', {}, 60],
  ['change(avg(last_5m),last_1h):avg:x{*} > 1', {}, 5],
  ['max(last_5m):avg:x{*} > 1', {}, 5],
  ['max(last_5m):avg:x{*} < 1', {}, 0],
  ['logs("status:error last_1m").index("*").rollup("count").last("20m") > 100', {}, 20],
  ['avg(last_4h):anomalies(avg:x{*}, "basic", 2) >= 1', { recovery_window: 'last_15m' }, 15],
  ['avg(last_4h):avg:x{*} >= 1', { recovery_window: null }, 240],
  ['"http.can_connect".over("instance:api").by("*").last(4).count_by_status()', {}, undefined],
  ['1234 && 5678', {}, undefined],
  ['', {}, undefined],
])('for how long all must be well, of %s', (query, threshold_windows, expected) =>
  expect(recoveryMinutes({ type: 'query alert', query, options: { threshold_windows } })).toBe(expected),
);

test.each<[string, boolean]>([
  ['', true],
  ['The API is down', true],
  ['@pagerduty-API', true],
  ['{{#is_alert}} @pagerduty-API {{/is_alert}}', false],
  ['{{#is_alert}}@pagerduty-API{{/is_alert}}{{#is_recovery}}@pagerduty-API{{/is_recovery}}', true],
  ['{{#is_alert}}@pagerduty-API{{/is_alert}}{{#is_no_data}}@pagerduty-API{{/is_no_data}} {{@facet.name}}', false],
  ['{{#is_alert}}@pagerduty-API{{/is_alert}} @slack-ops', false],
  ['{{#is_alert}}@oncall-api{{/is_alert}} @slack-ops', true],
  ['{{^is_recovery}}@PagerDuty-API{{/is_recovery}}', false],
  ['{{#is_alert}}down{{else}}@pagerduty-API{{/is_alert}}', true],
  ['{{#is_match "env.name" "prod"}}@pagerduty-API{{/is_match}}', true],
  ['write to ops@example.com {{#is_alert}}@pagerduty{{/is_alert}}', false],
])('whether paging is told of the recovery, by “%s”', (message, expected) => {
  expect(tellsOfRecovery(message)).toBe(expected);
});

test('the services that the environment names, and no others; a page of services more than one', async () => {
  const template = service(alerting.world);
  alerting.world.services = Array.from({ length: 130 }, (_, index) => ({
    ...template,
    id: `PSERV${String(index).padStart(3, '0')}`,
    name: `service ${index}`,
    auto_resolve_timeout: index === 120 ? 60 : null,
  }));
  expect((await inspect()).output).toMatchObject({ services: 130, findings: [{ where: 'service 120' }] });
  const one = await inspect({}, alerting.context({ pagerduty: { services: ['PSERV007'] } }));
  expect(one.output).toMatchObject({ services: 1, findings: [] });
});

test('nothing read is no green light', async () => {
  expect(alertsInspect.input.safeParse({ 'on-call-ahead': '720h' }).success).toBe(true);
  expect(alertsInspect.input.safeParse({ 'on-call-ahead': '721h' }).error?.issues).toMatchObject([
    { path: ['on-call-ahead'] },
  ]);
  expect((await failureOf(inspect({}, alerting.context({})))).code).toBe('refused');
  const tagged = alerting.context({ datadog: { 'monitor-tags': ['team:nobody'] } });
  expect((await failureOf(inspect({}, tagged))).message).toContain('no monitor has the environment’s tags');
  const onlyPaging = alerting.context({ pagerduty: {} }, { restKey: 'wrong' });
  expect((await failureOf(inspect({}, onlyPaging))).code).toBe('credentials');
  const wrong = await failureOf(inspect({}, alerting.context(undefined, { apiKey: 'wrong', restKey: 'wrong' })));
  expect([wrong.code, wrong.message]).toEqual(['credentials', expect.stringContaining('Forbidden')]);
});

test('one source that does not answer hides nothing of the other, and is no green light', async () => {
  bringAbout(alerting.world, 'alerts-resolve-early');
  const whole = (await inspect()).output.findings.map(({ id }) => id);
  const parts = { datadog: 'Datadog', pagerduty: 'PagerDuty' } as const;
  for (const part of ['datadog', 'pagerduty'] as const) {
    setFault(alerting.world, `${part}-api`, { kind: 'status', status: 500 }, 0);
    const { output, summary } = await inspect();
    setFault(alerting.world, `${part}-api`, undefined, 0);
    const lost = output.findings.filter(({ id }) => id === 'alerts/source-missing');
    expect(lost).toEqual([expect.objectContaining({ severity: 'critical', where: parts[part] })]);
    const others = output.findings.map(({ id }) => id).filter((id) => id !== 'alerts/source-missing');
    expect(others.sort()).toEqual(whole.filter((id) => !id.startsWith(`alerts/${part}`)).sort());
    expect(others.length).toBeGreaterThan(0);
    expect(summary.headline).toContain(part === 'datadog' ? 'Datadog not read' : 'PagerDuty not read');
  }
  // Without any other finding it is still none.
  alerting.world.services = alerting.world.services.map((one) => ({ ...one, auto_resolve_timeout: null }));
  const refused = await inspect({}, alerting.context(undefined, { apiKey: 'wrong' }));
  expect(refused.output.findings.map(({ id, breaks }) => [id, breaks])).toEqual([
    ['alerts/source-missing', expect.stringContaining('Forbidden')],
  ]);
});

type Seen = {
  state: string;
  alerting: number;
  silent: number;
  regions: string[];
  groups: { group: string; state: string }[];
};

async function look(input: Json = {}, ctx = alerting.context()) {
  const { output, summary } = await runCheck(datadogMonitors, input, ctx);
  return { output: output as unknown as Seen, summary };
}

test('which regions alert: none, one, all, and none again', async () => {
  expect((await look()).output).toMatchObject({ state: 'ok', alerting: 0, silent: 0, regions: [] });
  setFault(alerting.world, 'edge', { kind: 'status', status: 500, regions: ['nrt'] }, 0);
  const tokyo = await look();
  expect(tokyo.output).toMatchObject({ state: 'alerting', alerting: 1, regions: ['ap-northeast-1'] });
  expect(tokyo.summary.headline).toBe('Datadog: 1 of 5 groups alert, ap-northeast-1');
  setFault(alerting.world, 'edge', { kind: 'status', status: 500 }, 0);
  const all = await look();
  expect(all.output).toMatchObject({ state: 'alerting', alerting: 4, silent: 1 });
  expect(all.output.regions).toEqual(['ap-northeast-1', 'eu-west-1', 'sa-east-1', 'us-east-1']);
  expect(all.output.groups).toContainEqual({
    monitor: 'Email API requests at the load balancer',
    group: '*',
    state: 'no-data',
  });
});

test('missing data that resolves a monitor looks well; without monitors nothing is known', async () => {
  alerting.world.monitors = alerting.world.monitors.filter(({ watches }) => watches === 'traffic');
  setFault(alerting.world, 'edge', { kind: 'status', status: 500 }, 0);
  expect((await look()).output).toMatchObject({ state: 'unknown', silent: 1 });
  bringAbout(alerting.world, 'alerts-resolve-early');
  expect((await look()).output).toMatchObject({ state: 'ok', silent: 0 });
  const none = await look({ tags: ['team:nobody'] });
  expect([none.output.state, none.summary.headline]).toEqual(['unknown', 'Datadog: no monitor has these tags']);
});

test('more monitors than a page, and an API that does not answer', async () => {
  const template = first(alerting.world.monitors.slice(1));
  alerting.world.monitors = Array.from({ length: 205 }, (_, id) => ({ ...template, id }));
  expect((await look()).output.groups.length).toBe(205);
  setFault(alerting.world, 'datadog-api', { kind: 'hang' }, 0);
  expect((await failureOf(look())).code).toBe('lost-answer');
});
