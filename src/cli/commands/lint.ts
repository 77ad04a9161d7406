import { exitCodes } from '../../errors.ts';
import type { CommandRun } from '../command.ts';
import { openFoundSound } from '../found-sound.ts';
import { writeJsonLine } from '../json-lines.ts';
import { lintFiles } from '../lint-files.ts';
import { locateRunbooks } from '../locate.ts';
import { problemLines } from '../problems.ts';
import { openTerminal } from '../terminal/open-terminal.ts';

/** `resend-ops lint [FILE…]`: every problem as `file:line:column: what; what to do`. */
export const lint: CommandRun = async ({ world, args, options }) => {
  const directory = await locateRunbooks(world, options.text('runbooks'));
  const { screen } = openTerminal(world, options, { to: 'stdout' });
  const report = await lintFiles(world, {
    directory,
    files: args.flatMap((file) => file ?? []),
    environment: options.text('env'),
    foundSound: options.flag('cache') ? await openFoundSound(world) : undefined,
  });
  const { problems, warnings, files } = report;
  if (options.flag('json')) {
    for (const problem of problems) writeJsonLine(world, { type: 'problem', ...problem });
    for (const warning of warnings) writeJsonLine(world, { type: 'warning', ...warning });
  } else {
    // Whole lines, whatever the width: editors and scripts read `file:line:column:`.
    for (const line of problemLines(world, problems)) screen.copyable(line);
    for (const line of problemLines(world, warnings)) screen.copyable(line);
    const still = warnings.length === 0 ? '' : `, ${count(warnings.length, 'warning')}`;
    const found = problems.length === 0 ? 'no problems' : count(problems.length, 'problem');
    const tone = problems.length === 0 ? 'good' : 'bad';
    screen.line({ text: `${count(files, 'file')} checked: ${found}${still}`, tone });
  }
  return problems.length === 0 ? exitCodes.succeeded : exitCodes.invalid;
};

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
