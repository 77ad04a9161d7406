import { OpsError } from '../errors.ts';
import type { Event } from '../journal/events.ts';
import type { RunState } from '../journal/run-state.ts';
import { quoteForShell } from '../world/quote-for-shell.ts';
import { planDigest } from './digest.ts';
import type { ChangedStep } from './in-place.ts';
import { usualEnvironment, waysBack } from './next-commands.ts';
import type { ContinueOptions } from './options.ts';
import { changesToRevert } from './rollback.ts';
import type { Session } from './session.ts';

/** What was confirmed before anything was written, to be put in the log once the run is driven. */
export type UndoingConfirmed = { by: Extract<Event, { type: 'confirmation-given' }>['by']; changes: Undoing[] };

/** One change to undo; the digest stands for exactly that, as a plan's does: the same change from `after` to `before`. */
type Undoing = { step: string; digest: string };

/**
 * Asks before a run is undone that ended well: its changes are what was asked for, and undoing them looks at nothing that
 * speaks against it. Undefined where there is no question: a run that is not finished, or that left something behind, is
 * being recovered, and that must be quick. Throws `usage` where nobody can answer, `aborted` where the answer is no;
 * nothing but the answer is written by then.
 */
export async function confirmUndoing(options: ContinueOptions, state: RunState): Promise<UndoingConfirmed | undefined> {
  const undone = changesToRevert(state);
  const [first] = undone;
  if (state.phase !== 'ended' || state.ending?.outcome !== 'succeeded' || first === undefined) return undefined;
  options.operator.tell(previewOf(state, undone).join('\n'));
  const changes = undone.map(({ id, change }) => ({
    step: id,
    digest: planDigest(change.uses, change.input, change.after, change.before),
  }));
  const answer = await options.operator.confirm({
    message: `Undo what run ${state.run} changed?`,
    step: first.id,
    signal: options.interrupts.stopAsked,
  });
  if (answer.kind === 'unanswerable') {
    throw new OpsError(
      'usage',
      `run ${state.run} ended well, and there is no terminal to confirm on that it is undone`,
      {
        hint: `answer it with ${answer.flag}; nothing was written`,
      },
    );
  }
  if (answer.kind === 'answered' && answer.value) return { by: answer.by, changes };
  for (const change of changes)
    await options.store.say(state.run, options.actor, { type: 'confirmation-declined', ...change, kind: 'plain' });
  throw new OpsError('aborted', `not confirmed: run ${state.run} stays as it ended`, {
    hint: 'nothing was undone, nothing changed',
  });
}

/** Puts the answer in the log, for each change that it speaks of. */
export async function recordUndoing(session: Session, { by, changes }: UndoingConfirmed): Promise<void> {
  for (const change of changes) await session.record({ type: 'confirmation-given', ...change, kind: 'plain', by });
}

function previewOf(state: RunState, undone: readonly ChangedStep[]): string[] {
  return [
    `Run ${state.run} ended well, and what it changed is in place. Undoing it now does this:`,
    ...undone.flatMap((step) => ['', `${step.title}, undone:`, ...undoingDiff(step)]),
    '',
    ...wayBackOf(state),
  ];
}

/** A change's diff the other way round: what it added goes, and what it took away comes back. */
function undoingDiff({ plan, change }: ChangedStep): string[] {
  if (plan === null || plan.digest !== change.digest)
    return [`- ${JSON.stringify(change.after)}`, `+ ${JSON.stringify(change.before)}`];
  const signOf = (line: string) => (line.startsWith('+') || line.startsWith('-') ? line.slice(0, 1) : ' ');
  if (plan.diff.every((line) => signOf(line) === ' ')) return plan.diff.map((line) => `takes back: ${line}`);
  const reversed: string[] = [];
  // What goes is told before what comes, as in any diff; a line without a sign ends a place of it.
  const comes: string[] = [];
  let last = ' ';
  for (const line of plan.diff) {
    const sign = signOf(line);
    if (sign === ' ' || (sign === '-' && last === '+')) reversed.push(...comes.splice(0));
    if (sign === '-') comes.push(`+${line.slice(1)}`);
    else reversed.push(sign === '+' ? `-${line.slice(1)}` : line);
    last = sign;
  }
  return [...reversed, ...comes];
}

/** Undoing proves nothing first; where a runbook does that, it is named. */
function wayBackOf({ runbook, environment, clocks }: RunState): string[] {
  const back = waysBack[runbook] ?? (clocks.switchedMs === null ? undefined : 'failback');
  if (back === undefined) return ['Nothing is looked at first that may speak against it.'];
  const env = environment === usualEnvironment ? '' : ` --env ${quoteForShell(environment)}`;
  return [
    `Nothing is looked at first: where the path that it leads back to is dead, so is the service. The proven way back is \`resend-ops ${back}${env}\`, which sends traffic there only when that path serves every critical request.`,
  ];
}
