import { boundedText } from '../../world/bounded-text.ts';
import type { AskedTime, EscalationPolicy, PagerDutyService } from '../pagerduty/read-services.ts';
import type { AlertFinding, Escalation } from './alert-finding.ts';
import { judgeOnCall } from './judge-on-call.ts';

/** How the slowest of the policies escalates; null without any. */
export function escalationOf(policies: readonly EscalationPolicy[]): Escalation | null {
  if (policies.length === 0) return null;
  const firsts = policies.flatMap(({ escalation_rules: rules, num_loops: loops }) =>
    rules.length > 1 || loops > 0 ? delays(rules.slice(0, 1)) : [],
  );
  return { longest: Math.max(...policies.map(minutesOf)), first: firsts.length === 0 ? null : Math.max(...firsts) };
}

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

/** What of a policy keeps an incident from people: nobody on a level, now or later, or too long until the last. */
export function judgePolicy(policy: EscalationPolicy, objectiveMinutes: number, asked: AskedTime): AlertFinding[] {
  const where = boundedText(policy.name, 60);
  const findings = judgeOnCall(policy, asked);
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
