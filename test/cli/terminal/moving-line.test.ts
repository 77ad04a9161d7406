import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { movingLine } from '../../../src/cli/terminal/moving-line.ts';
import { createSpinner } from '../../../src/cli/terminal/spinner.ts';
import { startRun } from '../../../src/engine/start-run.ts';
import { createClock } from '../../../src/world/system-clock.ts';
import { useBenches } from '../../engine/benches.ts';

const bench = useBenches();

/** The moving lines of a step after the go, at each width. */
async function linesAt(rooms: readonly number[], progress: string | undefined): Promise<string[]> {
  const { options } = bench(`
  - { id: set, title: Set, uses: test.set, with: { name: a, value: 1 } }
  - { id: drained, title: Resolvers have let go of the old answer, uses: test.look, with: { name: a } }
`);
  const lines: string[] = [];
  const doing = new Map(progress === undefined ? [] : [['drained', progress]]);
  const objective = { from: 'go', switchedWithinMs: 60_000, recoveredWithinMs: 360_000 } as const;
  await startRun({
    ...options,
    subscribe(entry, state) {
      if (entry.type !== 'step-started' || entry.step !== 'drained') return;
      const clock = { timeOfDay: () => Date.parse(state.clocks.goAt ?? '') };
      const moving = { state, doing, clock, objective };
      lines.push(...rooms.map((room) => movingLine({ ...moving, clean: (text) => text }, room)));
    },
  });
  return lines;
}

test('where there is no room, the title is shortened, then the clock left out, and never what has come of the step', async () => {
  const progress = '0 of 3 answer with fallback';
  expect(await linesAt([100, 64, 50, 46, 30, 20], progress)).toEqual([
    `go+0.0s of 60s  Resolvers have let go of the old answer  ${progress}`,
    `go+0.0s of 60s  Resolvers have let…  ${progress}`,
    `go+0.0s of 60s  ${progress}`,
    `go+0.0s of 60s  ${progress}`,
    progress,
    '0 of 3 answer with …',
  ]);
  expect(await linesAt([100, 30], undefined)).toEqual([
    'go+0.0s of 60s  Resolvers have let go of the old answer',
    'go+0.0s of 60s  Resolvers hav…',
  ]);
});

test('a line that a narrower terminal has broken over more rows is taken away whole', async () => {
  let written = '';
  const terminal = { isTTY: true, columns: 80, cursorTo: () => true, moveCursor: () => true, clearLine: () => true };
  const stream = Object.assign(new PassThrough(), terminal);
  stream.on('data', (data: Buffer) => {
    written += data.toString();
  });
  const columns = () => stream.columns;
  const shared = { stream, clock: createClock({ speed: 1 }), unicode: true, banner: 'REHEARSAL │ ', columns };
  for (const reflows of [true, false]) {
    written = '';
    stream.columns = 80;
    const spinner = await createSpinner({ ...shared, text: () => 'x'.repeat(columns() - 20), reflows });
    spinner.start();
    stream.columns = 25;
    stream.emit('resize');
    spinner.stop();
    // Three rows of 25 hold its 74 characters: two up from the last, and away with everything below.
    expect(written.includes('\x1b[2A\x1b[0J')).toBe(reflows);
    expect(stream.listenerCount('resize')).toBe(0);
  }
});
