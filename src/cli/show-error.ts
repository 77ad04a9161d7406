import { type ExitCode, exitCodeOf, OpsError } from '../errors.ts';
import type { World } from '../world/world.ts';
import { completeCommands } from './complete-commands.ts';
import { speaksUnicode, toAscii } from './terminal/ascii.ts';
import type { Tone } from './terminal/paint.ts';
import { sanitiseLines } from './terminal/sanitise.ts';
import { wrapLabelled } from './terminal/wrap-labelled.ts';

/**
 * Says an error, once, for people, on stderr: what happened, where, and what to do. A bug says that it is one; its
 * stack comes only with `--verbose`. Commands that it names repeat `flags`. Answers the exit code.
 */
export async function showError(
  world: World,
  error: unknown,
  { verbose, color, flags }: { verbose: boolean; color: boolean; flags: string },
): Promise<ExitCode> {
  const { createPaint } = await import('./terminal/paint.ts');
  const paint = createPaint({ isTTY: world.stderr.isTTY, variables: world.variables, color });
  const unicode = speaksUnicode(world.variables);
  const redact = world.redactor.text;
  const say = (label: string, tone: Tone, text: string) => {
    const clean = sanitiseLines(redact(completeCommands(text, flags))).join('\n');
    const whole = wrapLabelled(world.stderr, label, unicode ? clean : toAscii(clean));
    world.stderr.write(`${paint(tone, label)}${whole.slice(label.length)}\n`);
  };
  if (error instanceof OpsError) {
    const { where } = error;
    const place = where === undefined ? '' : `${where.file}:${where.line}:${where.column}: `;
    say('error:', 'bad', place + error.message);
    if (error.hint !== undefined) say('hint:', 'accent', error.hint);
    for (const line of [error.evidence, error.remedy]) if (line !== undefined) world.stderr.write(`${line}\n`);
  } else {
    say('error:', 'bad', `unexpected: ${error instanceof Error ? error.message : String(error)}`);
    say('hint:', 'accent', 'this is a bug in resend-ops; run the command again with --verbose for the stack');
  }
  if (verbose && error instanceof Error && error.stack !== undefined) {
    for (const line of sanitiseLines(redact(error.stack))) world.stderr.write(`${line}\n`);
    if (error.cause !== undefined)
      for (const line of sanitiseLines(redact(String(error.cause)))) world.stderr.write(`caused by: ${line}\n`);
  }
  return exitCodeOf(error);
}
