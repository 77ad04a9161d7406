import path from 'node:path';
import { exitCodes, OpsError } from '../../errors.ts';
import { parseWitness, verifyChain } from '../../journal/verify.ts';
import type { CommandRun } from '../command.ts';
import { writeJsonLine } from '../json-lines.ts';
import { locateState } from '../locate.ts';
import { openTerminal } from '../terminal/open-terminal.ts';
import { sanitise } from '../terminal/sanitise.ts';

/** `resend-ops audit verify`: reads the whole log as a stream, and names the first line that is wrong. */
export const auditVerify: CommandRun = async ({ world, options }) => {
  const { screen } = openTerminal(world, options, { to: 'stdout' });
  const given = options.text('head');
  const witness = given === undefined ? {} : { head: parseWitness(given) };
  const directory = locateState(world, options.text('stateDir'));
  if (!(await world.files.exists(path.join(directory, 'audit')))) {
    throw new OpsError('usage', `there is no audit log in ${directory}`, {
      hint: 'name the state directory with --state-dir',
    });
  }
  const found = await verifyChain({ directory }, witness);
  const isEnough = found.ok && (found.anchored || !options.flag('strict'));
  const code = isEnough ? exitCodes.succeeded : exitCodes.audit;
  if (options.flag('json')) {
    writeJsonLine(world, { type: 'verification', ...found, exitCode: code });
    return code;
  }
  if (!found.ok) {
    screen.line([
      { text: '✗ the log does not verify: ', tone: 'bad' },
      sanitise(`${found.file}:${found.line}: entry ${found.seq}: ${found.what}`),
    ]);
    screen.line(`${found.records} entries before it are good`, { indent: 2 });
    screen.line('keep the state directory as it is: it is evidence', { indent: 2 });
    return code;
  }
  const tail = found.anchored
    ? 'and it reaches the head that was given'
    : 'tail unanchored: give --head SEQ:HASH as a run printed it';
  const tone = isEnough ? (found.anchored ? 'good' : 'warning') : 'bad';
  screen.line([{ text: `${isEnough ? '✓' : '✗'} chain intact, ${found.records} entries`, tone }, `; ${tail}`]);
  if (found.head !== undefined) screen.line(`head ${found.head.seq}:${found.head.hash}`, { indent: 2 });
  if (found.headFile === 'behind') screen.line('its own HEAD file is behind, as after a crash', { indent: 2 });
  if (found.tornBytes > 0)
    screen.line(`${found.tornBytes} bytes of a last write that a crash cut short`, { indent: 2 });
  return code;
};
