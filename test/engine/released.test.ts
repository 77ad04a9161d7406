import { expect, test } from 'vitest';
import { resumeRun, rollbackRun } from '../../src/engine/continue-run.ts';
import { resultOf } from '../../src/engine/result.ts';
import { startRun } from '../../src/engine/start-run.ts';
import { foldRun } from '../../src/journal/state.ts';
import { useBenches } from './benches.ts';

const bench = useBenches();

const oneSwitch = `
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
`;
const released = { type: 'claim-released', reason: 'nobody will finish it' } as const;

/** A run that was left in doubt and given up by hand. */
async function givenUp() {
  const made = bench(oneSwitch, { head: 'lock: r\n' });
  made.world.mischief.set('a', ['lost-but-done']);
  made.onEntry((entry) => {
    if (entry.type === 'change-doubted') made.world.blind = true;
  });
  const { run } = await startRun(made.options);
  made.world.blind = false;
  await made.store.say(run, made.options.actor, released);
  return { ...made, run };
}

test('a run that was released is not resumed, and the refusal names what can be done', async () => {
  const { run, again } = await givenUp();
  await expect(resumeRun(again(run))).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/ was released by tester@here at .*: nobody will finish it$/),
    hint: `undo it with \`resend-ops rollback ${run}\`, or start a new run`,
  });
});

test('a run that was released can still be undone: its resources are claimed anew', async () => {
  const { run, again, world, store } = await givenUp();
  expect(world.switches.get('a')).toBe(1);
  const state = foldRun(await store.read(run));
  expect(state && resultOf(state)).toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(
      /^was released by .*; next: look at what it changed, and undo it with `resend-ops rollback/,
    ),
  });
  expect(await rollbackRun(again(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(world.switches.get('a')).toBe(null);
  expect(foldRun(await store.read(run))?.released).toBe(null);
});

test('a run that was released is not undone while another run holds what it had', async () => {
  const first = await givenUp();
  first.world.switches.set('a', null);
  first.world.mischief.set('a', ['lost']);
  const second = await startRun(first.options);
  expect(second.exitCode).toBe(3);
  const before = (await first.store.read(first.run)).length;
  await expect(rollbackRun(first.again(first.run))).rejects.toMatchObject({
    code: 'busy',
    message: expect.stringContaining(second.run),
  });
  expect(await first.store.read(first.run)).toHaveLength(before);
});

test('resume of a run that was rolled back does not offer to undo it again', async () => {
  const { options, again, world } = bench(oneSwitch);
  world.mischief.set('a', ['lost']);
  const { run } = await startRun(options);
  expect(await rollbackRun(again(run))).toMatchObject({ exitCode: 0 });
  await expect(resumeRun(again(run))).rejects.toMatchObject({
    code: 'usage',
    hint: 'nothing of it is in place: start a new run',
  });
});

test('a rehearsal that ends in doubt names no command that cannot work', async () => {
  const { options, world } = bench(oneSwitch);
  world.mischief.set('a', ['lost']);
  const result = await startRun({ ...options, mode: 'rehearsal' });
  expect(result).toMatchObject({ exitCode: 3 });
  expect(result.message).toMatch(/its simulator ends with it: rehearse again$/);
  const texts = (await options.store.read(result.run)).map((entry) => JSON.stringify(entry));
  expect(texts.filter((text) => /resend-ops (resume|rollback|mark-done)/.test(text))).toEqual([]);
});

test('the words "in doubt" come once, and so does the reason', async () => {
  const { options, world } = bench(oneSwitch);
  world.mischief.set('a', ['lost']);
  const { message } = await startRun(options);
  expect(message.match(/in doubt/g)).toHaveLength(1);
  expect(message.match(/may still happen/g)).toHaveLength(1);
  expect(message).toMatch(/^left: one \(First\): in doubt: its answer was lost/);
});

test('undone by hand: the change counts as undone, and the end says that nobody looked', async () => {
  const { options, again, store, world, onEntry } = bench(`${oneSwitch}
  - { id: two, title: Second, uses: test.set, with: { name: b, value: 2 }, on-failure: rollback }
`);
  world.mischief.set('b', ['refuse']);
  onEntry((entry) => {
    if (entry.type === 'rollback-started') world.mischief.set('a', ['refuse']);
  });
  const { run, exitCode } = await startRun(options);
  expect(exitCode).toBe(3);
  await store.say(run, options.actor, { type: 'marked-done', step: 'one', evidence: 'console', undone: true });
  const step = foldRun(await store.read(run))?.steps.get('one');
  expect(step).toMatchObject({ phase: 'succeeded', undoneByHand: 'console', change: { status: 'reverted' } });
  const result = await resumeRun(again(run));
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 1 });
  expect(result.message).toContain('undone by hand, and not looked at: First');
  expect(world.writes).toEqual(['set a=1']);
});
