import { exitCodes } from '../../errors.ts';
import type { CommandRun } from '../command.ts';
import { writeJsonLine } from '../json-lines.ts';
import { lintFiles } from '../lint-files.ts';
import { locateRunbooks } from '../locate.ts';
import { problemLines, shorten } from '../problems.ts';
import { openTerminal } from '../terminal/open-terminal.ts';
import { sanitise } from '../terminal/sanitise.ts';

/** `resend-ops lint [FILE…]`: every problem as `file:line:column: what; what to do`. */
export const lint: CommandRun = async ({ world, args, options }) => {
  const directory = await locateRunbooks(world, options.text('runbooks'));
  const { screen } = openTerminal(world, options, { to: 'stdout' });
  const report = await lintFiles(world, {
    directory,
    files: args.flatMap((file) => file ?? []),
    environment: options.text('env'),
  });
  const { problems, placeholders, files } = report;
  if (options.flag('json')) {
    for (const problem of problems) writeJsonLine(world, { type: 'problem', ...problem });
    for (const placeholder of placeholders) writeJsonLine(world, { type: 'placeholder', ...placeholder });
  } else {
    // Whole lines, whatever the width: editors and scripts read `file:line:column:`.
    for (const line of problemLines(world, problems)) world.stdout.write(`${sanitise(line)}\n`);
    for (const { file, line, column, key, value } of placeholders) {
      const place = `${shorten(world, file)}:${line}:${column}`;
      world.stdout.write(sanitise(`${place}: ${key} is still ${value}; fill it in before a live run`) + '\n');
    }
    const checked = `${files} ${files === 1 ? 'file' : 'files'} checked`;
    const open = placeholders.length === 0 ? '' : `, ${placeholders.length} values to be filled in`;
    const found = problems.length === 0 ? 'no problems' : `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
    screen.line({ text: `${checked}: ${found}${open}`, tone: problems.length === 0 ? 'good' : 'bad' });
  }
  return problems.length === 0 ? exitCodes.succeeded : exitCodes.invalid;
};
