import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { datadogSecrets } from '../../world/datadog.ts';
import { pagerDutyRestSecret } from '../../world/pagerduty-rest.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { readMonitors } from '../datadog/read-monitors.ts';
import { durationSchema } from '../duration.ts';
import { findingCounts, holdFindings, renderFindings } from '../finding.ts';
import { fillLine } from '../http/text-columns.ts';
import { lookAheadIsNear } from '../input-rules.ts';
import { type AskedTime, type Paging, readServices } from '../pagerduty/read-services.ts';
import { type AlertFinding, alertFindingIds } from './alert-finding.ts';
import { judgeMonitor } from './judge-monitor.ts';
import { escalationOf, judgePolicy, judgeService } from './judge-paging.ts';

const inputSchema = z
  .strictObject({
    'escalate-within': durationSchema
      .prefault('15m')
      .describe('the objective: when the last level must have been called'),
    'on-call-ahead': durationSchema
      .prefault('24h')
      .describe('how far ahead to look for times in which nobody is on call, at most 720h'),
  })
  .refine(lookAheadIsNear.holds, {
    message: 'more than 720h (schedules further ahead are seldom filled)',
    path: ['on-call-ahead'],
    params: { reads: lookAheadIsNear.reads },
  });

const count = z.int().nonnegative();

const outputSchema = z.strictObject({
  ...findingCounts,
  monitors: count
    .nullable()
    .describe('how many were read; null where the environment names no Datadog, or it did not answer'),
  services: count
    .nullable()
    .describe('how many were read; null where the environment names no PagerDuty, or it did not answer'),
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;

/**
 * Reads how alerts travel, and finds the class of fault of 18 November 2025: alerts that resolve by themselves before they
 * escalate, and what else keeps them from a person. Reads only; silent on a configuration that is as it should be.
 */
export const alertsInspect = check({
  name: 'alerts.inspect',
  summary:
    'Find what keeps an alert from a person: it resolves by itself, is told once, escalates late, or calls nobody',
  input: inputSchema,
  output: outputSchema,
  findings: alertFindingIds,
  // One source that cannot be asked is a finding; with neither there is nothing to look at.
  oneGroupOfSecrets: ({ datadog, pagerduty }) => [
    ...(datadog === undefined ? [] : [Object.values(datadogSecrets)]),
    ...(pagerduty === undefined ? [] : [[pagerDutyRestSecret]]),
  ],
  run,
  summarise,
});

async function run(input: Input, ctx: ActionContext): Promise<Output> {
  const { datadog, pagerduty } = ctx.env;
  const fromMs = ctx.clock.now();
  const asked = { fromMs, untilMs: fromMs + input['on-call-ahead'] };
  if (datadog === undefined && pagerduty === undefined) {
    throw new OpsError('refused', 'the environment names neither Datadog nor PagerDuty', {
      hint: 'add `datadog` or `pagerduty` to the environment file',
    });
  }
  const [monitoring, alarms] = await Promise.all([
    datadog === undefined ? null : attempt('Datadog', readMonitoring(datadog['monitor-tags'], ctx), ctx),
    pagerduty === undefined ? null : attempt('PagerDuty', readPaging(pagerduty.services, asked, ctx), ctx),
  ]);
  const sources = [monitoring, alarms].flatMap((source) => source ?? []);
  const failures = sources.flatMap((source) => ('failure' in source ? [source.failure] : []));
  if (failures.length === sources.length) throw failures[0];
  const monitors = monitoring !== null && 'found' in monitoring ? monitoring.found : null;
  const paging = alarms !== null && 'found' in alarms ? alarms.found : null;
  const policies = [...(paging?.policies.values() ?? [])];
  const escalation = escalationOf(policies);
  const found: AlertFinding[] = [
    ...sources.flatMap((source) => ('failure' in source ? [missing(source)] : [])),
    ...(monitors ?? []).flatMap((monitor) => judgeMonitor(monitor, escalation)),
    ...(paging === null ? [] : judgeServices(paging)),
    ...policies.flatMap((policy) => judgePolicy(policy, input['escalate-within'] / 60_000, asked)),
  ];
  return {
    ...holdFindings(ctx, found),
    monitors: monitors?.length ?? null,
    services: paging?.services.length ?? null,
  };
}

function judgeServices({ services, policies }: Paging) {
  return services.flatMap((service) => {
    const policy = policies.get(service.escalation_policy.id);
    return policy === undefined ? [] : judgeService(service, policy);
  });
}

/** What a source gave, or why it gave nothing. */
type Source<T> = { name: string; found: T } | { name: string; failure: OpsError };

/** One source that does not answer must not hide what the other says. A bug, or the end of the step's time, is thrown on. */
async function attempt<T>(name: string, reading: Promise<T>, ctx: ActionContext): Promise<Source<T>> {
  try {
    return { name, found: await reading };
  } catch (failure) {
    ctx.signal.throwIfAborted();
    if (failure instanceof OpsError) return { name, failure };
    throw failure;
  }
}

/** Critical: what was not looked at may be wrong, and a green light for it is nobody's to give. */
function missing({ name, failure }: { name: string; failure: OpsError }): AlertFinding {
  return {
    id: 'alerts/source-missing',
    severity: 'critical',
    where: name,
    breaks: `nobody knows how its alerts travel: ${boundedText(failure.message, 300)}`,
    remedy: failure.hint ?? 'look again; if it stays so, look at its console',
    numbers: {},
  };
}

/** Nothing found among nothing read would be a green light that nobody gave. */
async function readMonitoring(tags: readonly string[], ctx: ActionContext) {
  const monitors = await readMonitors(tags, ctx);
  if (monitors.length > 0) return monitors;
  throw new OpsError('refused', 'no monitor has the environment’s tags', { hint: 'correct `datadog.monitor-tags`' });
}

async function readPaging(ids: readonly string[], asked: AskedTime, ctx: ActionContext) {
  const paging = await readServices(ids, asked, ctx);
  if (paging.services.length > 0) return paging;
  throw new OpsError('refused', 'there is no service at PagerDuty', {
    hint: 'see what the key may read, or correct `pagerduty.services`',
  });
}

function summarise({ critical, warnings, monitors, services, findings }: Output): Summary {
  const read = [
    monitors === null ? 'Datadog not read' : `${monitors} monitors`,
    services === null ? 'PagerDuty not read' : `${services} services`,
  ];
  const found =
    findings.length === 0
      ? 'nothing keeps an alert from a person'
      : `${critical} critical findings, ${warnings} warnings`;
  const rows = renderFindings(findings);
  return { headline: fillLine([`alerts: ${found}`, ...read]).fitting, detail: rows };
}
