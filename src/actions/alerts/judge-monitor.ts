import { boundedText } from '../../world/bounded-text.ts';
import type { Monitor } from '../datadog/read-monitors.ts';
import type { AlertFinding, Escalation } from './alert-finding.ts';
import { judgeRecovery } from './judge-recovery.ts';

/**
 * What of a monitor ends or hides an alert before a person has it. `escalation`: null where it is not known.
 *
 * `timeout_h` counts hours without data (https://docs.datadoghq.com/api/latest/monitors/, `MonitorOptions`), and
 * `on_missing_data: resolve` makes of missing data an OK
 * (https://docs.datadoghq.com/monitors/guide/on_missing_data/): an outage in front of the load balancers stops all
 * requests, so that there is no data exactly then.
 */
export function judgeMonitor(monitor: Monitor, escalation: Escalation | null): AlertFinding[] {
  const { options } = monitor;
  const escalationMinutes = escalation?.longest ?? null;
  const where = boundedText(monitor.name, 60);
  const findings: AlertFinding[] = [];
  const hours = options.timeout_h ?? 0;
  if (hours > 0 && (escalationMinutes === null || hours * 60 < escalationMinutes)) {
    const against =
      escalationMinutes === null
        ? 'and how long escalation takes is not known'
        : `and escalation takes ${escalationMinutes} min`;
    findings.push({
      id: 'alerts/datadog-auto-resolve',
      severity: 'critical',
      where,
      breaks: `it resolves after ${hours} h without data, ${against}`,
      remedy: 'set timeout_h to 0 (never)',
      numbers: { autoResolveHours: hours, ...(escalationMinutes === null ? {} : { escalationMinutes }) },
    });
  }
  if (options.on_missing_data === 'resolve') {
    findings.push({
      id: 'alerts/datadog-resolves-on-no-data',
      severity: 'critical',
      where,
      breaks: 'missing data resolves it at once (0 min), and an edge that is down leaves no data',
      remedy: 'set on_missing_data to show_and_notify_no_data',
      numbers: { resolvesAfterMinutes: 0, ...(escalationMinutes === null ? {} : { escalationMinutes }) },
    });
  } else if (isSilentWithoutData(options)) {
    findings.push({
      id: 'alerts/datadog-silent-on-no-data',
      severity: 'warning',
      where,
      breaks: 'nobody is told when its data ends, and an edge that is down ends it',
      remedy: 'set on_missing_data to show_and_notify_no_data (or notify_no_data to true)',
      numbers: {},
    });
  }
  if ((options.renotify_interval ?? 0) === 0) {
    findings.push({
      id: 'alerts/datadog-renotify-off',
      severity: 'warning',
      where,
      breaks: 'it tells once: an alert that was closed or overlooked is not told again',
      remedy: 'set renotify_interval, to 30 minutes or less',
      numbers: { renotifyMinutes: 0 },
    });
  }
  return [...findings, ...judgeRecovery(monitor, escalation)];
}

/** `default` depends on the query (a count becomes 0, which alerts), and is left alone. */
function isSilentWithoutData({ on_missing_data: missing, notify_no_data }: Monitor['options']): boolean {
  if (missing === 'show_no_data') return true;
  return (missing === undefined || missing === null) && notify_no_data !== true;
}
