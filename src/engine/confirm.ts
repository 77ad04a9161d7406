import { OpsError } from '../errors.ts';
import { resolveTemplate } from '../runbook/evaluate.ts';
import type { Step } from '../runbook/runbook.ts';
import type { Answer } from '../world/operator.ts';
import { isPlainText, makeVisible } from '../world/visible-text.ts';
import { deciderOf } from './decisions.ts';
import { scopeOf } from './expressions.ts';
import { changesInPlace, isSurelyChanged, standingWords } from './in-place.ts';
import { readerGone } from './interrupts.ts';
import { requestStop, type Session } from './session.ts';

/** The confirmation a step asks for, with its words resolved. */
type Question = { kind: 'plain'; message: string } | { kind: 'typed'; phrase: string };

/** The question of a step, or undefined where it asks none. Throws `failed` where its words need outputs that are missing. */
export function questionOf(session: Session, confirm: Step['confirm'], title: string): Question | undefined {
  if (confirm === undefined) return undefined;
  if (confirm.kind === 'plain') {
    return { kind: 'plain', message: confirm.message === undefined ? `${title}?` : textOf(session, confirm.message) };
  }
  const phrase = plainPhrase(textOf(session, confirm.phrase));
  if (phrase.trim() !== '') return { kind: 'typed', phrase };
  // An empty line would be the right answer.
  throw new OpsError('failed', 'the phrase to type is empty', {
    where: confirm.phrase.where,
    hint: 'word it with what is never empty, such as ${{ env.hostname }}',
  });
}

/** What is to be typed must be what it looks like: otherwise nobody could type it, or somebody typed something else. */
function plainPhrase(phrase: string): string {
  if (isPlainText(phrase)) return phrase;
  throw new OpsError('refused', `the phrase to be typed is not what it looks like: ${makeVisible(phrase)}`, {
    hint: 'take hidden characters, and letters of another alphabet, out of the confirm phrase and the environment',
  });
}

function textOf(session: Session, template: Parameters<typeof resolveTemplate>[0]): string {
  const value = resolveTemplate(template, scopeOf(session));
  if (value.kind === 'value') return typeof value.value === 'string' ? value.value : JSON.stringify(value.value);
  throw new OpsError('failed', `the confirmation cannot be worded: it depends on ${value.because}`, {
    hint: 'word the confirmation with inputs and the environment',
  });
}

/** Asks, bound to the plan's digest; what was confirmed for the same digest before a crash is not asked again. */
export async function askConfirmation(
  session: Session,
  step: string,
  question: Question,
  digest: string,
): Promise<'given' | 'declined' | 'stopped'> {
  if (session.state.steps.get(step)?.confirmed.includes(digest) === true) return 'given';
  const answer = await put(session, step, question);
  if (answer.kind === 'unanswerable') {
    throw new OpsError('usage', `${step} asks for a confirmation, and there is no terminal to ask on`, {
      hint: `answer it with ${answer.flag}`,
    });
  }
  if (answer.kind === 'interrupted') {
    await interruptedAtPrompt(session);
    return session.stop === null ? await askConfirmation(session, step, question, digest) : 'stopped';
  }
  const given = question.kind === 'plain' ? answer.value === true : answer.value === question.phrase;
  if (!given) {
    await session.record({ type: 'confirmation-declined', step, digest, kind: question.kind });
    return 'declined';
  }
  await session.record({ type: 'confirmation-given', step, digest, kind: question.kind, by: answer.by });
  return 'given';
}

function put(session: Session, step: string, question: Question): Promise<Answer<string> | Answer<boolean>> {
  const { operator } = session.drive;
  const signal = session.reads.signal;
  if (question.kind === 'plain') return operator.confirm({ message: question.message, step, signal });
  return operator.typePhrase({
    message: `Type ${question.phrase} to go; wrong twice, or empty, stops`,
    phrase: question.phrase,
    step,
    signal,
  });
}

/** Ctrl-C at a prompt: with nothing to undo it declines; with changes in place the operator is asked what is to become of them. */
async function interruptedAtPrompt(session: Session): Promise<void> {
  if (session.stop !== null) return;
  await session.record({ type: 'interrupted', signal: 'SIGINT' });
  if (!hasChangesInPlace(session)) {
    requestStop(session, 'declined');
    return;
  }
  await askWhatNow(session);
}

/** Whether an undoable change of this run is, or may be, in place. */
export function hasChangesInPlace(session: Session): boolean {
  return changesInPlace(session.state).length > 0;
}

/**
 * The question after Ctrl-C: continue, roll back, leave as is. Ctrl-C at it means leave. Once the steps have ended there
 * is nothing to continue.
 */
export async function askWhatNow(session: Session): Promise<void> {
  const standing = standingWords(session.state);
  const hasMore = session.stage === 'steps';
  const isSure = isSurelyChanged(session.state);
  const undo = isSure ? 'roll back what was changed, then stop' : 'undo it if it happened, then stop';
  const leave = isSure ? 'stop, and leave the changes as they are' : 'stop, and leave it as it is';
  const answer = await session.drive.operator.choose<'continue' | 'rollback' | 'leave'>({
    message: `${hasMore ? 'Stop?' : 'The run ends here.'} ${standing ?? 'Nothing of this run needs undoing so far.'}`,
    options: [
      ...(hasMore ? [{ value: 'continue' as const, label: 'continue the run' }] : []),
      ...(standing === undefined ? [] : [{ value: 'rollback' as const, label: undo }]),
      { value: 'leave', label: standing === undefined ? 'stop' : leave },
    ],
    signal: session.reads.signal,
  });
  // Decided while it stood open, by another answer: there was nothing left to ask.
  if (session.stage === 'decided') return;
  const choice = answer.kind === 'answered' ? answer.value : 'leave';
  const by = deciderOf(answer);
  await session.record({ type: 'decided', choice, by, ...(choice === 'rollback' ? { cause: 'stopped' } : {}) });
  if (choice !== 'continue') requestStop(session, choice);
}

/** Turns signals into questions and stops, for as long as the run is driven. Returns how to stop listening. */
export function heedInterrupts(session: Session): () => void {
  return session.drive.interrupts.subscribe((signal) => {
    if (signal === readerGone || session.stop !== null || session.stage === 'decided') {
      // Already stopping, or ending, or undoing, which is not left half done: it is noted, which shows that it was heard.
      session.record({ type: 'interrupted', signal }).catch(() => requestStop(session, 'leave'));
      return;
    }
    // A question that stands open takes it, as it takes Ctrl-C: a second one would wait unseen behind it.
    if (signal === 'SIGINT' && session.drive.operator.interrupt()) return;
    // What the log refuses here it refuses at the run's next entry too, and that ends the drive.
    session.asking = heed(session, signal, session.asking).catch(() => requestStop(session, 'leave'));
  });
}

async function heed(session: Session, signal: string, before: Promise<void> | null): Promise<void> {
  await session.record({ type: 'interrupted', signal });
  if (session.stage === 'decided') return;
  // Once the steps have ended, there is only one thing to ask.
  const isPointless = session.stage === 'end' && !hasChangesInPlace(session);
  const asks = signal === 'SIGINT' && session.drive.operator.interactive && before === null && !isPointless;
  if (!asks) {
    await session.record({ type: 'decided', choice: 'leave', by: 'interrupt' });
    requestStop(session, 'leave');
    return;
  }
  await askWhatNow(session);
  if (session.stop === null) session.asking = null;
}
