import { exitCodes } from '../../errors.ts';
import type { CommandRun } from '../command.ts';
import { findRun } from '../find-run.ts';
import { writeJsonLine } from '../json-lines.ts';
import { withStore } from '../open-store.ts';
import { openTerminal } from '../terminal/open-terminal.ts';
import { sanitise } from '../terminal/sanitise.ts';

/** What every entry has; the rest is the event's own. */
const stamp = new Set(['seq', 'time', 'run', 'epoch', 'type', 'actor', 'prev', 'hash', 'key']);

/** `resend-ops audit show [RUN]`: a run's entries in order. */
export const auditShow: CommandRun = ({ world, args, options }) =>
  withStore(world, options, async (store) => {
    const { screen } = openTerminal(world, options, { to: 'stdout' });
    const { run } = await findRun(store, args[0]);
    for (const entry of await store.read(run)) {
      if (options.flag('json')) {
        writeJsonLine(world, entry);
        continue;
      }
      const own = Object.entries(entry).filter(([name]) => !stamp.has(name));
      const by = `${entry.actor.user}@${entry.actor.host}`;
      screen.line([
        `${String(entry.seq).padStart(5)}  ${entry.time}  `,
        { text: entry.type, tone: 'strong' },
        { text: `  ${sanitise(by)}`, tone: 'quiet' },
      ]);
      for (const [name, value] of own) {
        const text = typeof value === 'string' ? value : JSON.stringify(value);
        screen.line({ text: sanitise(`${name}: ${text}`), tone: 'quiet' }, { indent: 7 });
      }
      if (options.flag('verbose')) screen.line({ text: `hash: ${entry.hash}`, tone: 'quiet' }, { indent: 7 });
    }
    return exitCodes.succeeded;
  });
