import { expect, test } from 'vitest';
import { createPaint } from '../../../src/cli/terminal/paint.ts';
import { createRunView } from '../../../src/cli/terminal/run-view.ts';
import { createScreen } from '../../../src/cli/terminal/screen.ts';
import { createRedactor } from '../../../src/journal/redact.ts';
import { createClock } from '../../../src/world/system-clock.ts';

test('what the scenario says while a question stands open is shown after the answer, not into the question', async () => {
  let shown = '';
  const write = (part: string) => {
    shown += part;
  };
  const screen = createScreen({
    output: { write, isTTY: true, columns: () => 80 },
    redactor: createRedactor([]),
    paint: createPaint({ isTTY: false, variables: {}, color: false }),
    unicode: true,
  });
  const spinner = { start: () => undefined, stop: () => undefined, clear: () => undefined };
  const view = await createRunView({
    ...{ screen, spinner: async () => spinner, clock: createClock({ speed: 1 }) },
    ...{ objective: undefined, full: false, flags: '' },
  });
  view.announce('the edge fails');
  expect(shown).toContain('the edge fails');
  view.beforeQuestion({ go: false });
  view.announce('the edge recovers');
  expect(shown).not.toContain('recovers');
  view.afterQuestion();
  expect(shown).toContain('◆ scenario the edge recovers\n');
});
