import { boundedText } from '../../world/bounded-text.ts';
import type { EscalationPolicy, PagerDutyService } from '../pagerduty/read-services.ts';
import type { AlertFinding } from './alert-finding.ts';

/** Minutes until the policy has called everybody for the last time: every rule's delay, in every loop. */
export function minutesOf({ escalation_rules, num_loops }: EscalationPolicy): number {
  return delays(escalation_rules) * (num_loops + 1);
}

/** Minutes until the last level is called for the first time: the delays of the levels before it. */
function minutesToLast({ escalation_rules }: EscalationPolicy): number {
  return delays(escalation_rules.slice(0, -1));
}

function delays(rules: EscalationPolicy['escalation_rules']): number {
  return rules.reduce((sum, { escalation_delay_in_minutes: minutes }) => sum + minutes, 0);
}

/** What of a service ends or holds back an incident before a person has it. Times in the API are seconds. */
export function judgeService(service: PagerDutyService, policy: EscalationPolicy): AlertFinding[] {
  const where = boundedText(service.name, 60);
  const findings: AlertFinding[] = [];
  const seconds = service.auto_resolve_timeout ?? null;
  const escalationMinutes = minutesOf(policy);
  if (seconds !== null && seconds < escalationMinutes * 60) {
    findings.push({
      id: 'alerts/pagerduty-auto-resolve',
      severity: 'critical',
      where,
      breaks: `incidents resolve after ${round(seconds / 60)} min, and escalation takes ${escalationMinutes} min`,
      remedy: `set auto_resolve_timeout to null (never), or to more than ${escalationMinutes * 60} s`,
      numbers: { autoResolveSeconds: seconds, escalationMinutes },
    });
  }
  const pause = service.auto_pause_notifications_parameters;
  if (pause?.enabled === true) {
    const pauseSeconds = pause.timeout ?? 0;
    findings.push({
      id: 'alerts/pagerduty-auto-pause',
      severity: 'warning',
      where,
      breaks: `alerts are held back for up to ${pauseSeconds} s: what flaps faster calls nobody`,
      remedy: 'turn auto-pause off for this service',
      numbers: { pauseSeconds },
    });
  }
  if (service.status === 'disabled' || service.status === 'maintenance') {
    findings.push({
      id: 'alerts/pagerduty-silenced',
      severity: 'critical',
      where,
      breaks: `the service is ${service.status === 'disabled' ? 'disabled' : 'in maintenance'}: no alert opens an incident`,
      remedy: service.status === 'disabled' ? 'enable the service' : 'end the maintenance window, or see when it ends',
      numbers: {},
    });
  }
  return findings;
}

/** What of a policy keeps an incident from people: nobody on a level, or too long until the last. */
export function judgePolicy(policy: EscalationPolicy, objectiveMinutes: number): AlertFinding[] {
  const where = boundedText(policy.name, 60);
  const levels = policy.escalation_rules.map((_, index) => index + 1);
  const empty = levels.filter((level) => !policy.staffed.has(level));
  const findings: AlertFinding[] = [];
  if (empty.length > 0) {
    const all = empty.length === levels.length;
    findings.push({
      id: 'alerts/nobody-on-call',
      severity: 'critical',
      where,
      breaks: all
        ? 'nobody is on call on any level: no one is called'
        : `nobody is on call on level ${empty.join(', ')} of ${levels.length}`,
      remedy: 'fill the schedule, or put a person on the level',
      numbers: { levels: levels.length, levelsWithoutAnyone: empty.length },
    });
  }
  const minutes = minutesToLast(policy);
  if (minutes > objectiveMinutes) {
    findings.push({
      id: 'alerts/escalation-too-slow',
      severity: 'critical',
      where,
      breaks: `the last level is called after ${minutes} min, and the objective is ${round(objectiveMinutes)} min`,
      remedy: 'shorten escalation_delay_in_minutes of the levels before it',
      numbers: { escalationMinutes: minutes, objectiveMinutes: round(objectiveMinutes) },
    });
  }
  return findings;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
