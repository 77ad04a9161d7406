import type { Environment } from '../world/environment.ts';
import { isPlaceholder } from '../world/placeholder.ts';
import type { SimulatedAlerting } from './alerting-state.ts';

/**
 * Lays out alerting as it should be: a monitor of the edge's answers by region and one of the traffic at the load
 * balancers, both told again, and an alarm without data; a service for each that the environment names (one, where it names
 * none) that resolves nothing by itself; a policy of three levels, somebody on each. `hex` gives digits that follow from the seed.
 */
export function seedAlerting(
  environment: Pick<Environment, 'hostname' | 'datadog' | 'pagerduty'>,
  hex: (what: string, digits?: number) => string,
): SimulatedAlerting {
  const id = (what: string) => `P${hex(what, 6).toUpperCase()}`;
  const tags = [...(environment.datadog?.['monitor-tags'] ?? [])];
  const named = environment.pagerduty?.services ?? [];
  const policy = {
    id: id('policy'),
    name: 'API on-call',
    num_loops: 2,
    levels: [
      { delayMinutes: 5, onCall: [id('user/first')] },
      { delayMinutes: 5, onCall: [id('user/second')] },
      { delayMinutes: 10, onCall: [id('user/lead')] },
    ],
  };
  const options = { on_missing_data: 'show_and_notify_no_data', renotify_interval: 15, timeout_h: null };
  const number = (what: string) => Number.parseInt(hex(what, 6), 16);
  return {
    alerts: [],
    monitors: [
      {
        ...{ id: number('monitor/edge'), name: `${environment.hostname} by region`, tags, watches: 'edge' as const },
        query: `avg(last_10m):avg:api.failed_share{host:${environment.hostname}} by {region} > 0.1`,
        options,
      },
      {
        ...{
          id: number('monitor/traffic'),
          name: 'Email API requests at the load balancer',
          tags,
          watches: 'traffic' as const,
        },
        query: 'sum(last_10m):sum:aws.applicationelb.request_count{name:email-api}.as_count() < 10',
        options: { ...options },
      },
    ],
    services: (named.length === 0 ? ['PLACEHOLDER-service'] : named).map((known, index) => ({
      id: isPlaceholder(known) ? id(`service/${index}`) : known,
      name: index === 0 ? 'API' : `API ${index + 1}`,
      status: 'active',
      auto_resolve_timeout: null,
      acknowledgement_timeout: 1_800,
      auto_pause_notifications_parameters: { enabled: false, timeout: null },
      escalation_policy: { id: policy.id, type: 'escalation_policy_reference', summary: policy.name },
    })),
    policies: [policy],
  };
}

/**
 * What the report of 18 November 2025 confesses: alerts that resolve before they escalate. Missing data resolves the
 * monitors, and so do two good minutes; they are told once, and the services resolve incidents while the second level
 * has not been called.
 */
export function makeAlertsResolveEarly(alerting: SimulatedAlerting): void {
  for (const monitor of alerting.monitors) {
    monitor.options = { ...monitor.options, on_missing_data: 'resolve', renotify_interval: 0 };
    monitor.query = monitor.query.replace('last_10m', 'last_2m');
  }
  for (const service of alerting.services) service.auto_resolve_timeout = 240;
}
