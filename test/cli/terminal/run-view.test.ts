import { expect, test } from 'vitest';
import { createPaint } from '../../../src/cli/terminal/paint.ts';
import { createRunView } from '../../../src/cli/terminal/run-view.ts';
import { createScreen } from '../../../src/cli/terminal/screen.ts';
import type { Entry, Event } from '../../../src/journal/events.ts';
import { createRedactor } from '../../../src/journal/redact.ts';
import { advance, begin } from '../../../src/journal/state.ts';
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

test('the moving line shows what the step does whole, and shortens its title', async () => {
  let line = () => '';
  const screen = createScreen({
    output: { write: () => undefined, isTTY: true, columns: () => 80 },
    redactor: createRedactor([]),
    paint: createPaint({ isTTY: false, variables: {}, color: false }),
    unicode: true,
    banner: 'REHEARSAL',
  });
  const spinner = { start: () => undefined, stop: () => undefined, clear: () => undefined };
  const view = await createRunView({
    ...{ screen, clock: createClock({ speed: 1 }), objective: undefined, full: false, flags: '' },
    spinner: async (text) => {
      line = text;
      return spinner;
    },
  });
  const actor = { user: 'ada', host: 'bastion' };
  const entry = (event: Event, seq: number): Entry => ({
    ...{ seq, time: '2026-01-01T00:00:00.000Z', run: 'r1', epoch: 1, actor, prev: '', hash: '' },
    ...event,
  });
  const started = entry(
    {
      ...{ type: 'run-started', runbook: 'triage', title: 'Triage', mode: 'rehearsal', speed: 1, environment: 'x' },
      ...{ hostname: 'api.example.com', inputs: {}, documents: [], resources: [], overrides: {}, version: '1' },
    },
    1,
  );
  if (started.type !== 'run-started') throw new Error('no beginning');
  const state = begin(started);
  const titles = ['What DNS answers now, and for how long', 'The same requests over every path'];
  for (const [at, title] of titles.entries()) {
    const step = entry({ type: 'step-started', step: `s${at}`, title, uses: 'http.compare' }, at + 2);
    advance(state, step);
    view.entry(step, state);
  }
  view.progress('s1', 'round 2 of 25');
  expect(line()).toBe('The same requests over every path (and 1 more)  round 2 of 25');
  const doing = 'round 12 of 25: edge failed in 11 of 11';
  view.progress('s1', doing);
  expect(line()).toBe(`The same … (and 1 more)  ${doing}`);
  expect([...line()].length).toBeLessThanOrEqual(80 - 'REHEARSAL │ '.length - 4);
  // What is too long for any title is cut as ever.
  view.progress('s1', doing.repeat(3));
  expect([...line()].length).toBe(80 - 'REHEARSAL │ '.length - 4);
  expect(line()).toMatch(/^The sam… \(and 1 more\) {2}round 12 .*…$/);
});
