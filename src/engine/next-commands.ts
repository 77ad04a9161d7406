import { type ExitCode, exitCodes } from '../errors.ts';
import type { ChangeStatus, RunState } from '../journal/run-state.ts';
import { quoteForShell } from '../world/quote-for-shell.ts';
import { changesInPlace } from './in-place.ts';
import type { OpenThing } from './left-open.ts';

/** What nobody can tell until somebody looks. */
const doubtful: ReadonlySet<ChangeStatus> = new Set<ChangeStatus>(['doubted', 'unresolved', 'revert-failed']);

/** The environment that commands use where none is named. */
export const usualEnvironment = 'production';

/**
 * What to run next, ready to be typed. `flags`: what each command must repeat to find the same runs, such as
 * ` --state-dir DIR`, or nothing.
 */
export function nextCommands(state: RunState, exitCode: ExitCode, flags: string): string[] {
  const { run, mode } = state;
  const command = (name: string, ...more: string[]) => `resend-ops ${[name, ...more].join(' ')}${flags}`;
  if (exitCode === exitCodes.audit) {
    const isOpen = mode === 'live' && state.phase !== 'ended' && changesInPlace(state).length > 0;
    return [
      command('audit verify'),
      ...(isOpen
        ? [
            `${command('resume', run)}  (once the log can be written: go on)`,
            `${command('rollback', run)}  (once it can: undo what is in place)`,
          ]
        : []),
    ];
  }
  if (mode === 'rehearsal') return [command('status', run)];
  if (mode === 'dry-run') return exitCode === 0 ? [`the same command without --dry-run`] : [command('status', run)];
  if (exitCode !== exitCodes.needsAttention) return [command('status', run)];
  if (state.released !== null) {
    return [
      ...(changesInPlace(state).length === 0
        ? []
        : [`${command('rollback', run)}  (undo what is left, if it is still so)`]),
      `${command('audit show', run)}  (what it did)`,
    ];
  }
  const doubted = [...state.steps.values()].filter(({ change }) => change !== null && doubtful.has(change.status));
  return [
    `${command('resume', run)}  (look again and go on)`,
    `${command('rollback', run)}  (undo what is left)`,
    ...doubted.map(({ id, change }) => {
      const byHand = change?.status === 'revert-failed' ? 'undone by hand' : 'done by hand';
      return `${command('mark-done', run, id, '--evidence TEXT')}  (${byHand})`;
    }),
  ];
}

/** A command, and what it is good for. */
type Command = { command: string; why: string };

/** How to go on with what a run has left open in public. A rehearsal's world has gone with its process. */
export function commandsFor(state: RunState, open: readonly OpenThing[], flags: string): Command[] {
  if (state.mode !== 'live') return [];
  const { environment } = state;
  const env = environment === usualEnvironment ? '' : ` --env ${quoteForShell(environment)}`;
  const all = open.flatMap(({ commands }) =>
    commands.map(({ command, why }): [string, Command] => [
      command,
      { command: `resend-ops ${command}${env}${flags}`, why },
    ]),
  );
  return [...new Map(all).values()];
}
