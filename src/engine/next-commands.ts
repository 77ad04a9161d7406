import { type ExitCode, exitCodes } from '../errors.ts';
import type { RunState } from '../journal/run-state.ts';
import { parseDuration } from '../runbook/duration.ts';
import { quoteForShell } from '../world/quote-for-shell.ts';
import { changesInPlace, isInDoubt } from './in-place.ts';
import type { OpenThing } from './left-open.ts';

/** The environment that commands use where none is named. */
export const usualEnvironment = 'production';

/**
 * What to run next, ready to be typed; nothing where {@link recommendedCommand} says it. `flags`: what each command must
 * repeat to find the same runs, such as ` --state-dir DIR`, or nothing.
 */
export function nextCommands(state: RunState, exitCode: ExitCode, flags: string): string[] {
  const { run, mode } = state;
  const command = (name: string, ...more: string[]) => `resend-ops ${[name, ...more].join(' ')}${flags}`;
  // A rollback that was decided is what `resume` goes on with, never the run.
  const goOn = state.rollbackCause === null ? 'go on' : 'go on undoing';
  if (exitCode === exitCodes.audit) {
    const isOpen = mode === 'live' && state.phase !== 'ended' && changesInPlace(state).length > 0;
    return [
      command('audit verify'),
      ...(isOpen
        ? [
            `${command('resume', run)}  (once the log can be written: ${goOn})`,
            `${command('rollback', run)}  (once it can: undo what is in place)`,
          ]
        : []),
    ];
  }
  if (recommendedCommand(state, exitCode, '') !== undefined) return [];
  // What was only read, to its end, has its answer on the screen.
  if (exitCode === exitCodes.succeeded && isReadOnly(state)) return [];
  if (mode === 'rehearsal') return [command('status', run)];
  if (mode === 'dry-run') return exitCode === 0 ? [`the same command without --dry-run`] : [command('status', run)];
  const home = wayHome(state, exitCode);
  if (home !== undefined)
    return [`resend-ops ${home}${environmentFlag(state)}${flags}  (the way back, once it is proven)`];
  if (exitCode !== exitCodes.needsAttention) return [command('status', run)];
  if (state.released !== null) {
    return [
      ...(changesInPlace(state).length === 0
        ? []
        : [`${command('rollback', run)}  (undo what is left, if it is still so)`]),
      `${command('audit show', run)}  (what it did)`,
    ];
  }
  const doubted = [...state.steps.values()].filter(
    ({ change }) => change !== null && (isInDoubt(change) || change.status === 'revert-failed'),
  );
  return [
    `${command('resume', run)}  (look again and ${goOn})`,
    `${command('rollback', run)}  (undo what is left)`,
    ...doubted.map(({ id, change }) => {
      const byHand = change?.status === 'revert-failed' ? 'undone by hand' : 'done by hand';
      return `${command('mark-done', run, id, '--evidence TEXT')}  (${byHand})`;
    }),
  ];
}

/** The runbook that leads back from where another has led, and proves first that it may. */
export const waysBack: Readonly<Record<string, string>> = { failover: 'failback', failback: 'failover' };

/** What comes after a switch away from the primary that went well; nothing after the way home itself. */
function wayHome({ runbook, clocks }: RunState, exitCode: ExitCode): string | undefined {
  if (exitCode !== exitCodes.succeeded || clocks.switchedMs === null || runbook === 'failback') return undefined;
  return waysBack[runbook];
}

/**
 * The command that the run itself came to, ready to be typed: that of its last step, for whatever came later has overtaken
 * it. Undefined where there is none, where it is the one that has just run, where a person has had the run undone since,
 * and where one must finish this run first.
 */
export function recommendedCommand(state: RunState, exitCode: ExitCode, flags: string): string | undefined {
  if (exitCode === exitCodes.audit || exitCode === exitCodes.needsAttention) return undefined;
  if (state.rollbackCause === 'asked' || state.rollbackCause === 'stopped') return undefined;
  const last = [...state.steps.values()].findLast(({ uses, phase }) => uses !== null && phase !== 'skipped');
  const command = last?.summary?.command;
  if (command === undefined || hasRun(command, state)) return undefined;
  return `${command}${environmentFlag(state)}${flags}`;
}

/** Whether a command says what the run was begun with: its runbook, and each of its inputs. */
function hasRun(command: string, { runbook, inputs, durations }: RunState): boolean {
  const [program, name, ...options] = command.split(' ');
  if (program !== 'resend-ops' || name !== runbook || options.length !== 2 * Object.keys(inputs).length) return false;
  return Object.entries(inputs).every(([input, value]) => {
    const given = options[options.indexOf(`--${input}`) + 1] ?? '';
    return durations.includes(input) ? parseDuration(given) === value : given === String(value);
  });
}

function isReadOnly({ steps }: RunState): boolean {
  return [...steps.values()].every(({ change, plan }) => change === null && plan === null);
}

/** The environment that a run was given; the usual one needs no flag. */
function environmentFlag({ environment }: RunState): string {
  return environment === usualEnvironment ? '' : ` --env ${quoteForShell(environment)}`;
}

/** A command, and what it is good for. */
type Command = { command: string; why: string };

/** How to go on with what a run has left open before others. A rehearsal's world has gone with its process. */
export function commandsFor(state: RunState, open: readonly OpenThing[], flags: string): Command[] {
  if (state.mode !== 'live') return [];
  const env = environmentFlag(state);
  const all = open.flatMap(({ commands }) =>
    commands.map(({ command, why }): [string, Command] => [
      command,
      { command: `resend-ops ${command}${env}${flags}`, why },
    ]),
  );
  return [...new Map(all).values()];
}
