import { expect, test } from 'vitest';
import { createEntryPrinter } from '../../../src/cli/terminal/entry-printer.ts';
import { createPaint } from '../../../src/cli/terminal/paint.ts';
import { createScreen } from '../../../src/cli/terminal/screen.ts';
import type { StartOptions } from '../../../src/engine/options.ts';
import { startRun } from '../../../src/engine/start-run.ts';
import { createRedactor } from '../../../src/journal/redact.ts';
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
