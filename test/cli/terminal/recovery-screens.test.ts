import { expect, test } from 'vitest';
import { printEndScreen } from '../../../src/cli/terminal/end-screen.ts';
import { createEntryPrinter } from '../../../src/cli/terminal/entry-printer.ts';
import { createPaint } from '../../../src/cli/terminal/paint.ts';
import { createScreen } from '../../../src/cli/terminal/screen.ts';
import { rollbackRun } from '../../../src/engine/continue-run.ts';
import { nextCommands } from '../../../src/engine/next-commands.ts';
import type { StartOptions } from '../../../src/engine/options.ts';
import { startRun } from '../../../src/engine/start-run.ts';
import { OpsError } from '../../../src/errors.ts';
import { createRedactor } from '../../../src/journal/redact.ts';
import { foldRun } from '../../../src/journal/state.ts';
import { useBenches } from '../../engine/benches.ts';

const bench = useBenches();

const twoSwitches = `
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: two, title: Second, uses: test.set, with: { name: b, value: 2 } }
`;

/** A screen of 80 columns, and what it shows. */
function screenOf80() {
  let shown = '';
  const screen = createScreen({
    output: {
      write: (text) => {
        shown += text;
      },
      isTTY: true,
      columns: () => 80,
    },
    redactor: createRedactor([]),
    paint: createPaint({ isTTY: false, variables: {}, color: false }),
    unicode: true,
  });
  return { screen, shown: () => shown };
}

/** The same drive, shown as it is on a terminal. */
function shownOn(options: StartOptions) {
  const { screen, shown } = screenOf80();
  const print = createEntryPrinter({ screen, objective: undefined, full: false, flags: '' });
  const { subscribe } = options;
  const watched: StartOptions = {
    ...options,
    subscribe(entry, state) {
      subscribe?.(entry, state);
      print(entry, state);
    },
  };
  return { watched, shown };
}

test('a signal is told as received, and the stop that it leads to as the operator’s', async () => {
  const { options, interrupts, onEntry } = bench(twoSwitches);
  onEntry((entry) => {
    if (entry.type === 'change-intended' && entry.step === 'one') interrupts.raise('SIGTERM');
  });
  const { watched, shown } = shownOn(options);
  expect(await startRun(watched)).toMatchObject({ exitCode: 3 });
  expect(shown()).toContain('! signal   SIGTERM received; a running write settles first\n');
  expect(shown()).toMatch(/decided to stop, and leave things as they are \(the operator’s\s+interrupt\)/);
  expect(shown()).not.toMatch(/stopped +SIGTERM|as the runbook says/);
});

test('"stop", picked with nothing in place, is told as that', async () => {
  const steps = '\n  - { id: wait, title: Wait, uses: test.slow, with: {} }\n';
  const { options, interrupts, onEntry } = bench(steps, { interactive: true, answers: ['leave'] });
  onEntry((entry) => {
    if (entry.type === 'step-started') queueMicrotask(() => interrupts.raise('SIGINT'));
  });
  const { watched, shown } = shownOn(options);
  expect(await startRun(watched)).toMatchObject({ exitCode: 4 });
  expect(shown()).toContain('decided to stop (the operator)\n');
});

test('a doubt is explained once, though the group around the step fails of it too', async () => {
  const { options, world } = bench(`
  - id: either
    title: Either
    first-of:
      - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
      - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
`);
  world.mischief.set('a', ['lost']);
  const { watched, shown } = shownOn(options);
  expect(await startRun(watched)).toMatchObject({ exitCode: 3 });
  const text = shown().replace(/\s+/g, ' ');
  expect(text).toMatch(/a person must look: One .*\? in doubt One .*failed Either/);
  expect(text.match(/it does not show so far, and may still happen/g)).toHaveLength(1);
  expect(text.match(/look at it by hand/g)).toHaveLength(1);
  expect(text.match(/the connection was reset/g)).toHaveLength(1);
});

test('the end of a run that was undone says of its clocks that they hold no more', async () => {
  const { options, again, world, store } = bench(`${twoSwitches}
  - { id: see, title: See, uses: test.look, with: { name: b } }
  - { id: three, title: Third, uses: test.set, with: { name: c, value: 3 }, on-failure: stop }
`);
  world.mischief.set('c', ['refuse']);
  const { run } = await startRun(options);
  const end = async () => {
    const state = foldRun(await store.read(run));
    if (state?.ending === undefined || state.ending === null) throw new Error('it has not ended');
    const { screen, shown } = screenOf80();
    const { exitCode, message } = state.ending;
    const objective = { switchedWithinMs: 60_000, from: 'go' as const };
    printEndScreen(screen, state, { objective, head: null, exitCode, message, open: [], flags: '' });
    return shown();
  };
  expect(await end()).toMatch(/switched +\S+ after go \(objective 60s: met\)/);
  expect(await rollbackRun(again(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(await end()).toMatch(/switched +\S+ after go, and undone since\n/);
  expect(await end()).not.toMatch(/met\)|recovered/);
});

test('a log that fails with a change in place: besides the log, how to finish or undo the change is said', async () => {
  const { options, store, entries } = bench(twoSwitches);
  const poisoned = {
    ...store,
    drive: async (...args: Parameters<typeof store.drive>) => {
      const lease = await store.drive(...args);
      const append: typeof lease.append = (event, ...more) =>
        event.type === 'change-intended' && event.step === 'two'
          ? Promise.reject(new OpsError('audit', 'no space left on device'))
          : lease.append(event, ...more);
      return { ...lease, append };
    },
  };
  const { run, exitCode } = await startRun({ ...options, store: poisoned });
  expect(exitCode).toBe(7);
  const state = foldRun(await store.read(run));
  if (state === undefined) throw new Error('there is no run');
  expect(nextCommands(state, 7, ' --state-dir s')).toEqual([
    'resend-ops audit verify --state-dir s',
    `resend-ops resume ${run} --state-dir s  (once the log can be written: go on)`,
    `resend-ops rollback ${run} --state-dir s  (once it can: undo what is in place)`,
  ]);
  const begun = foldRun(
    entries.slice(
      0,
      entries.findIndex(({ type }) => type === 'change-intended'),
    ),
  );
  if (begun === undefined) throw new Error('there is no run');
  expect(nextCommands(begun, 7, '')).toEqual(['resend-ops audit verify']);
});

test('after a rollback that is not whole, to resume is to go on undoing', async () => {
  const { options, store, world } = bench(`${twoSwitches}
  - { id: see, title: See, uses: test.look, with: { name: b }, expect: "false" }
`);
  const { run, exitCode } = await startRun({
    ...options,
    subscribe: (entry) => {
      if (entry.type === 'rollback-started') world.mischief.set('a', ['refuse']);
    },
  });
  expect(exitCode).toBe(3);
  const state = foldRun(await store.read(run));
  if (state === undefined) throw new Error('there is no run');
  expect(nextCommands(state, 3, '')).toEqual([
    `resend-ops resume ${run}  (look again and go on undoing)`,
    `resend-ops rollback ${run}  (undo what is left)`,
    `resend-ops mark-done ${run} one --evidence TEXT  (undone by hand)`,
  ]);
  expect(nextCommands(state, 7, '')[1]).toBe(`resend-ops resume ${run}  (once the log can be written: go on undoing)`);
});

test('a change that was begun and of which no more is known is among what a person can mark', async () => {
  const { options, entries } = bench(twoSwitches);
  const { run } = await startRun(options);
  const state = foldRun(
    entries.slice(0, entries.findLastIndex((entry) => entry.type === 'change-intended' && entry.step === 'two') + 1),
  );
  if (state === undefined) throw new Error('there is no run');
  expect(nextCommands(state, 3, '').slice(2)).toEqual([
    `resend-ops mark-done ${run} two --evidence TEXT  (done by hand)`,
  ]);
});
