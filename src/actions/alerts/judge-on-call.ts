import { boundedText } from '../../world/bounded-text.ts';
import { findGaps, type Gap } from '../pagerduty/on-call-gaps.ts';
import type { AskedTime, EscalationPolicy } from '../pagerduty/read-services.ts';
import type { AlertFinding } from './alert-finding.ts';

const remedy = 'fill the schedule, or put a person on the level';

/** Levels of a policy on which nobody is on call: now, in one finding; and later in the time asked about, one for each time. */
export function judgeOnCall(policy: EscalationPolicy, asked: AskedTime): AlertFinding[] {
  const where = boundedText(policy.name, 60);
  const { length: levels } = policy.escalation_rules;
  const gaps = policy.escalation_rules.flatMap((_, index) =>
    findGaps(policy.shifts.get(index + 1) ?? [], asked).map((gap) => ({ level: index + 1, gap })),
  );
  const now = gaps.filter(({ gap }) => gap.startMs === asked.fromMs);
  const findings: AlertFinding[] = [];
  if (now.length > 0) {
    findings.push({
      id: 'alerts/nobody-on-call',
      severity: 'critical',
      where,
      breaks:
        now.length === levels
          ? 'nobody is on call on any level: no one is called'
          : `nobody is on call on level ${now.map(({ level }) => level).join(', ')} of ${levels}`,
      remedy,
      numbers: { levels, levelsWithoutAnyone: now.length },
    });
  }
  const later = new Map<string, { gap: Gap; empty: number[] }>();
  for (const { level, gap } of gaps.filter(({ gap }) => gap.startMs > asked.fromMs)) {
    const key = `${gap.startMs}-${gap.endMs}`;
    later.set(key, { gap, empty: [...(later.get(key)?.empty ?? []), level] });
  }
  for (const { gap, empty } of later.values()) {
    const { startMs, endMs } = gap;
    findings.push({
      id: 'alerts/on-call-gap',
      severity: 'critical',
      where,
      breaks: `nobody is on call on ${empty.length === levels ? 'any level' : `level ${empty.join(', ')} of ${levels}`} ${inWords(gap, asked)}`,
      remedy: `${remedy}, before then`,
      numbers: {
        levels,
        levelsWithoutAnyone: empty.length,
        startsInMinutes: minutes(startMs - asked.fromMs),
        gapMinutes: minutes((endMs ?? asked.untilMs) - startMs),
      },
    });
  }
  return findings;
}

function inWords({ startMs, endMs }: Gap, { untilMs }: AskedTime): string {
  return endMs === null
    ? `from ${show(startMs)} UTC until ${show(untilMs)} UTC at least`
    : `from ${show(startMs)} UTC until ${show(endMs)} UTC`;
}

function show(moment: number): string {
  return new Date(moment).toISOString().slice(0, 16).replace('T', ' ');
}

function minutes(ms: number): number {
  return Math.round(ms / 60_000);
}
