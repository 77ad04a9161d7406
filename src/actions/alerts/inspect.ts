import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { readMonitors } from '../datadog/read-monitors.ts';
import { durationSchema } from '../duration.ts';
import { findingCounts, holdFindings, renderFindings } from '../finding.ts';
import { fillLine } from '../http/text-columns.ts';
import { type Paging, readServices } from '../pagerduty/read-services.ts';
import { type AlertFinding, alertFindingIds } from './alert-finding.ts';
import { judgeMonitor } from './judge-monitor.ts';
import { judgePolicy, judgeService, minutesOf } from './judge-paging.ts';

const inputSchema = z.strictObject({
  'escalate-within': durationSchema
    .prefault('15m')
    .describe('the objective: when the last level must have been called'),
});

const count = z.int().nonnegative();

const outputSchema = z.strictObject({
  ...findingCounts,
  monitors: count.nullable().describe('how many were read; null where the environment names no Datadog'),
  services: count.nullable().describe('how many were read; null where the environment names no PagerDuty'),
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
  run,
  summarise,
});

async function run(input: Input, ctx: ActionContext): Promise<Output> {
  const { datadog, pagerduty } = ctx.env;
  if (datadog === undefined && pagerduty === undefined) {
    throw new OpsError('refused', 'the environment names neither Datadog nor PagerDuty', {
      hint: 'add `datadog` or `pagerduty` to the environment file',
    });
  }
  const [monitors, paging] = await Promise.all([
    datadog === undefined ? null : readMonitors(datadog['monitor-tags'], ctx),
    pagerduty === undefined ? null : readServices(pagerduty.services, ctx),
  ]);
  assertSomethingRead(monitors?.length, paging?.services.length);
  const policies = [...(paging?.policies.values() ?? [])];
  const escalationMinutes = policies.length === 0 ? null : Math.max(...policies.map(minutesOf));
  const found: AlertFinding[] = [
    ...(monitors ?? []).flatMap((monitor) => judgeMonitor(monitor, escalationMinutes)),
    ...(paging === null ? [] : judgeServices(paging)),
    ...policies.flatMap((policy) => judgePolicy(policy, input['escalate-within'] / 60_000)),
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

/** Nothing found among nothing read would be a green light that nobody gave. */
function assertSomethingRead(monitors: number | undefined, services: number | undefined): void {
  if (monitors !== 0 && services !== 0) return;
  throw new OpsError(
    'refused',
    monitors === 0 ? 'no monitor has the environment’s tags' : 'there is no service at PagerDuty',
    {
      hint:
        monitors === 0
          ? 'correct `datadog.monitor-tags`'
          : 'see what the key may read, or correct `pagerduty.services`',
    },
  );
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
