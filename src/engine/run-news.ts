import type { RunNews } from '../actions/afterwards.ts';
import { exitCodes } from '../errors.ts';
import type { Ending } from './ending.ts';
import { openLines, thingsLeftOpen } from './left-open.ts';
import { commandsFor, nextCommands, recommendedCommand } from './next-commands.ts';
import type { Session } from './session.ts';

/** The word that a title in a room begins with: a rehearsal must not alarm anybody. */
export function bannerFor({ state, material }: Pick<Session, 'state' | 'material'>): string {
  return state.mode === 'rehearsal' || material.environment.simulated === true ? 'REHEARSAL: ' : '';
}

/** Where the run stands, the weightiest first: what is cut off at the end is missed least. */
export function newsOf(session: Session, ending?: Ending): RunNews {
  const { state } = session;
  const banner = bannerFor(session);
  const { seq, hash } = state.head;
  const head = `audit log head ${seq}:${hash}`;
  const steps = [...state.steps.values()].map(
    (step) => `${step.phase}: ${step.title}${step.summary === null ? '' : ` (${step.summary.headline})`}`,
  );
  if (ending === undefined) {
    const lines = [...clockLines(session), ...steps, head];
    return { headline: `${banner}${state.title}: run ${state.run} ${state.phase}`, lines, ended: false };
  }
  const open = thingsLeftOpen(state, session.drive.actions);
  const recommended = recommendedCommand(state, ending.exitCode, '');
  const lines = [
    ending.message,
    ...clockLines(session),
    ...openLines(open),
    ...nextCommands(state, ending.exitCode, '').map((next) => `next: ${next}`),
    ...commandsFor(state, open, '').map(({ command, why }) => `next: ${command}  (${why})`),
    ...(recommended === undefined ? [] : [`next: ${recommended}`]),
    head,
    ...steps,
  ];
  return { headline: `${banner}${wordFor(ending)}: ${state.title}, run ${state.run}`, lines, ended: true };
}

/** How a run ended, in the words of its outcome; what a person must finish is called so. */
export function wordFor({ outcome, exitCode }: Ending): string {
  const word = exitCode === exitCodes.needsAttention ? 'needs attention' : outcome.replaceAll('-', ' ');
  return word.toUpperCase();
}

function clockLines({ state }: Session): string[] {
  const { goAt, switchedMs, recoveredMs } = state.clocks;
  if (goAt === null) return [];
  return [`go at ${goAt}; switched ${inSeconds(switchedMs)}; recovered ${inSeconds(recoveredMs)}`];
}

function inSeconds(ms: number | null): string {
  return ms === null ? 'not yet' : `after ${(ms / 1000).toFixed(1)} s`;
}
