import { boundedText } from '../../world/bounded-text.ts';
import type { Monitor } from '../datadog/read-monitors.ts';
import type { AlertFinding, Escalation } from './alert-finding.ts';
import { tellsOfRecovery } from './recovery-notice.ts';

/**
 * On 18 November 2025 a bad file was made anew every five minutes, so that the edge failed and recovered in halves of
 * about that length (https://blog.cloudflare.com/18-november-2025-outage/).
 */
const goodHalfMinutes = 5;

const unitMinutes: Readonly<Record<string, number>> = { s: 1 / 60, m: 1, h: 60, d: 1_440, w: 10_080, mo: 43_200 };

/**
 * A monitor that is green again before its incident has escalated: paging resolves the incident with it, and begins
 * anew with the next bad half, so that nobody but the first person is ever called. Nothing where paging is told of alerts
 * only. `escalation`: null where it is not known.
 */
export function judgeRecovery(monitor: Monitor, escalation: Escalation | null): AlertFinding[] {
  const minutes = recoveryMinutes(monitor);
  if (minutes === undefined || !tellsOfRecovery(monitor.message)) return [];
  const firstMinutes = escalation?.first;
  if (firstMinutes === null || (firstMinutes !== undefined && minutes >= firstMinutes)) return [];
  const withinHalf = minutes <= goodHalfMinutes;
  if (firstMinutes === undefined && !withinHalf) return [];
  const against =
    firstMinutes === undefined
      ? 'how long the first escalation takes is not known'
      : `the first escalation comes after ${show(firstMinutes)} min`;
  const fault = withinHalf
    ? `a fault that comes and goes every ${goodHalfMinutes} min resolves it each time`
    : 'a fault that comes and goes more slowly than that resolves it each time';
  const longer = Math.max(2 * goodHalfMinutes, firstMinutes ?? 0);
  const window = isSynthetic(monitor)
    ? `page from a metric monitor over ${show(longer)} min or more`
    : `evaluate it over ${show(longer)} min or more (last_${Math.ceil(longer)}m)`;
  return [
    {
      id: 'alerts/datadog-recovers-early',
      severity: withinHalf && firstMinutes !== undefined ? 'critical' : 'warning',
      where: boundedText(monitor.name, 60),
      breaks: `it recovers ${minutes === 0 ? `with the first good ${isSynthetic(monitor) ? 'run' : 'value'}` : `after ${show(minutes)} good min`}, and ${against}: ${fault}`,
      remedy: `${window}, or mention paging within {{#is_alert}} only, so that a person ends the incident, or shorten the first escalation delay`,
      numbers: {
        recoveryMinutes: round(minutes),
        ...(firstMinutes === undefined ? {} : { firstEscalationMinutes: round(firstMinutes) }),
        goodHalfMinutes,
      },
    },
  ];
}

/**
 * For how long all must be well until the monitor is green again: the recovery window of an anomaly monitor, else the
 * evaluation window in its query, for then nothing bad is left in it
 * (https://docs.datadoghq.com/api/latest/monitors/create-a-monitor/). 0 where every value of the window must be bad, and
 * for a synthetic test, which recovers as soon as its rule no longer holds
 * (https://docs.datadoghq.com/synthetics/guide/how-synthetics-monitors-trigger-alerts/). Undefined for what has no such
 * window: composites, counted service checks.
 */
export function recoveryMinutes(monitor: Pick<Monitor, 'type' | 'query' | 'options'>): number | undefined {
  const { query, options } = monitor;
  if (isSynthetic(monitor)) return 0;
  const recovery = options.threshold_windows?.recovery_window;
  if (recovery !== undefined && recovery !== null) return minutesOf(/^last_(\d{1,6})(mo|m|h|d|w)$/.exec(recovery));
  const logs = minutesOf(/\.last\("(\d{1,6})(mo|s|m|h|d|w)"\)/.exec(query));
  if (logs !== undefined) return logs;
  // A metric's name and tags come after the first colon, and may hold anything.
  const [head = ''] = query.split(':');
  const [, aggregation] = /(avg|sum|min|max)\(last_/.exec(head) ?? [];
  const [, comparison] = /([<>])=?\s*-?[\d.]+\s*$/.exec(query) ?? [];
  const minutes = minutesOf(/\(last_(\d{1,6})(mo|m|h|d|w)\b/.exec(head));
  const everyValue = (aggregation === 'min' && comparison === '>') || (aggregation === 'max' && comparison === '<');
  return minutes !== undefined && everyValue ? 0 : minutes;
}

function isSynthetic({ type }: Pick<Monitor, 'type'>): boolean {
  return type === 'synthetics alert';
}

function minutesOf(found: RegExpExecArray | null): number | undefined {
  const [, count = '', unit = ''] = found ?? [];
  const minutes = unitMinutes[unit];
  return minutes === undefined ? undefined : Number(count) * minutes;
}

function show(minutes: number): string {
  return String(round(minutes));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
