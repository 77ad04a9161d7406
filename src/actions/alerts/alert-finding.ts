import type { Found } from '../finding.ts';

/** Every finding that `alerts.inspect` can give. */
export const alertFindingIds = [
  'alerts/datadog-auto-resolve',
  'alerts/datadog-recovers-early',
  'alerts/datadog-renotify-off',
  'alerts/datadog-resolves-on-no-data',
  'alerts/datadog-silent-on-no-data',
  'alerts/escalation-too-slow',
  'alerts/nobody-on-call',
  'alerts/on-call-gap',
  'alerts/pagerduty-auto-pause',
  'alerts/pagerduty-auto-resolve',
  'alerts/pagerduty-silenced',
  'alerts/source-missing',
] as const;

/**
 * Something about the alerting by which an alert would not reach a person in time; `where`: the monitor, service or
 * policy; `numbers`: what it follows from, units in the names.
 */
export type AlertFinding = Found<(typeof alertFindingIds)[number]> & { numbers: Record<string, number> };

/**
 * How incidents escalate, in minutes: `longest` until the policy that goes on longest has called everybody for the last
 * time, `first` until the slowest calls anybody a second time or calls a second level; null where none ever does.
 */
export type Escalation = { longest: number; first: number | null };
