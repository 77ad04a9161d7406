import { approversOf, runnersOf, shortDigest } from '../../engine/judge-approval.ts';
import type { RunState, StepState } from '../../journal/run-state.ts';
import { timeOfDay } from './duration.ts';
import { printDiff, textIndent } from './evidence.ts';
import { printInputs } from './print-inputs.ts';
import { sanitise, sanitiseLines } from './sanitise.ts';
import type { Screen } from './screen.ts';

/** What a step waits for, and the command that gives it. `flags` is what that command must repeat. */
export function approvalLines(state: RunState, id: string, flags: string): string[] {
  const step = state.steps.get(id);
  const approval = step?.approval ?? null;
  if (step === undefined || approval === null) return [];
  const { count, from, digest, expiresAtMs } = approval;
  const by = approversOf(state, step);
  const until = timeOfDay(new Date(expiresAtMs).toISOString());
  const others = from.filter((name) => !runnersOf(state).includes(name));
  return [
    `${by.length} of ${count} given${by.length === 0 ? '' : ` (${by.join(', ')})`}; may be given by ${others.join(', ')}, until ${until} UTC`,
    `plan ${shortDigest(digest)}`,
    `they run: resend-ops approve ${state.run}${flags}`,
  ];
}

/** All that an approval is about: who runs what, on which host, what changes, and the digest that stands for exactly that. */
export function printApprovalScreen(screen: Screen, state: RunState, step: StepState): void {
  const { approval, plan } = step;
  if (approval === null) return;
  const { user, host } = state.startedBy;
  screen.line({ text: sanitise(step.title), tone: 'strong' });
  screen.line(['on ', { text: sanitise(state.hostname), tone: 'strong' }]);
  screen.line({ text: sanitise(`${state.title} · run ${state.run} of ${user}@${host}`), tone: 'quiet' });
  printInputs(screen, state.inputs, state.durations);
  screen.line();
  screen.line({ text: 'What was found', tone: 'accent' });
  for (const found of state.steps.values()) {
    if (found.id === step.id || found.uses === null || found.phase === 'running') continue;
    const text = found.error?.message ?? (found.summary?.headline || found.title);
    screen.line(sanitise(`${found.title}: ${text}`), { indent: textIndent, hanging: textIndent });
  }
  screen.line();
  screen.line({ text: 'What changes', tone: 'accent' });
  printDiff(screen, plan?.diff ?? []);
  for (const note of (plan?.notes ?? []).flatMap(sanitiseLines)) screen.line(note, { indent: textIndent });
  screen.line();
  screen.line(['plan ', { text: approval.digest, tone: 'strong' }]);
}
