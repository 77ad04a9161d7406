import { exitCodes } from '../../errors.ts';
import type { RunListing } from '../../journal/store.ts';
import type { CommandRun } from '../command.ts';
import { writeJsonLine } from '../json-lines.ts';
import { withStore } from '../open-store.ts';
import { openTerminal } from '../terminal/open-terminal.ts';
import type { Tone } from '../terminal/paint.ts';
import { sanitise } from '../terminal/sanitise.ts';

/** `resend-ops runs`: every run, oldest first, and how it stands. */
export const runs: CommandRun = ({ world, options }) =>
  withStore(world, options, async (store) => {
    const { screen } = openTerminal(world, options, { to: 'stdout' });
    const found = await store.runs();
    for (const listing of found) {
      const { run, started, driver, ended } = listing;
      const { word, tone } = standing(listing);
      if (options.flag('json')) {
        const { runbook, mode, hostname, time, actor } = started;
        writeJsonLine(world, { run, runbook, mode, hostname, started: time, by: actor, standing: word, driver, ended });
        continue;
      }
      screen.line(
        [
          { text: run, tone: 'strong' },
          '  ',
          { text: word.padEnd(15), tone },
          `  ${started.mode.padEnd(9)}  `,
          sanitise(started.runbook),
        ],
        { hanging: 4 },
      );
    }
    if (found.length === 0 && !options.flag('json'))
      screen.line('no runs yet; start one with `resend-ops rehearse failover`');
    return exitCodes.succeeded;
  });

/** How a run stands, in a word: its outcome, or that its claim was given up, or who drives it, or that nobody does. */
function standing({ ended, released, driver }: RunListing): { word: string; tone: Tone } {
  if (ended !== undefined) return { word: ended.outcome, tone: ended.exitCode === 0 ? 'good' : 'warning' };
  if (released) return { word: 'released', tone: 'warning' };
  return driver?.alive === true ? { word: 'running', tone: 'accent' } : { word: 'unfinished', tone: 'bad' };
}
