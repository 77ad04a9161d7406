import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { resumeRun } from '../../src/engine/continue-run.ts';
import { startRun } from '../../src/engine/start-run.ts';
import { OpsError } from '../../src/errors.ts';
import { formatLine } from '../../src/journal/chain.ts';
import type { Entry } from '../../src/journal/events.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { deadProcess, storeOn } from '../journal/support/store-fixture.ts';
import { useBenches } from './benches.ts';

const bench = useBenches();

const switchWith = (approvals: string) =>
  `  - { id: switch, title: Switch, uses: test.set, with: { name: a, value: 1 }, approvals: ${approvals} }\n`;

type Requested = Extract<Entry, { type: 'approval-requested' }>;

/** Starts a run that waits for approvals, and answers each request. */
function waiting(approvals: string, onRequest: (asked: Requested) => void | Promise<void>) {
  const made = bench(switchWith(approvals));
  made.onEntry((entry) => {
    if (entry.type === 'approval-requested') void onRequest(entry);
  });
  return made;
}

/** A clock on which nobody wakes up. */
const stopped = () => ({ ...createClock({ speed: 1 }), sleep: () => new Promise<never>(() => undefined) });

/** Starts a run whose driver, once it waits for approvals, never looks again, as a process that is killed does. */
function leaveWaiting(made: ReturnType<typeof bench>): Promise<Requested> {
  const asked = new Promise<Requested>((resolve) =>
    made.onEntry((entry) => {
      if (entry.type === 'approval-requested') resolve(entry);
    }),
  );
  void startRun({ ...made.options, clock: stopped() });
  return asked;
}

const say = ({ store }: ReturnType<typeof bench>, { run, step, digest }: Requested, user: string, other?: string) =>
  store.say(
    run,
    { user, host: 'elsewhere' },
    { type: 'approval-given', step, digest: other ?? digest, how: 'command' },
  );

const refusals = (entries: readonly Entry[]) =>
  entries.flatMap((entry) => (entry.type === 'approval-refused' ? [`${entry.by}: ${entry.why}`] : []));

test('another person approves of exactly this plan, and the change is made once', async () => {
  const made = waiting('{ from: [ana, bo] }', (asked) => void say(made, asked, 'ana'));
  expect(await startRun(made.options)).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(made.world.writes).toEqual(['set a=1']);
  const order = made.types().filter((type) => /^approv|^step-approved|^go-given|^change-intended/.test(type));
  expect(order).toEqual(['approval-requested', 'approval-given', 'step-approved', 'go-given', 'change-intended']);
});

test('two approvals are those of two people', async () => {
  const made = waiting('{ count: 2, from: [ana, bo] }', async (asked) => {
    await say(made, asked, 'ana');
    await say(made, asked, 'ana');
    await expect.poll(() => made.types().filter((type) => type === 'approval-given').length).toBe(2);
    expect(made.world.writes).toEqual([]);
    await say(made, asked, 'bo');
  });
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  expect(made.entries.find(({ type }) => type === 'step-approved')).toMatchObject({ by: ['ana', 'bo'] });
});

test('the runner, a stranger and an old digest are refused on the record, and the step waits on until it expires', async () => {
  const made = waiting('{ from: [ana, tester], within: 60s }', (asked) => {
    void say(made, asked, 'tester');
    void say(made, asked, 'eve');
    void say(made, asked, 'ana', 'f'.repeat(64));
  });
  expect(await startRun(made.options)).toMatchObject({
    outcome: 'failed',
    exitCode: 1,
    message: expect.stringContaining('not approved within 60 s: 0 of 1 approved'),
  });
  expect(refusals(made.entries).sort()).toEqual(['ana: other-plan', 'eve: stranger', 'tester: runner']);
  expect(made.entries.find(({ type }) => type === 'approvals-voided')).toMatchObject({ why: 'expired' });
  expect(made.world.writes).toEqual([]);
});

test('nobody can write an approval into the log in the name of another', async () => {
  let refused: unknown;
  const made = waiting('{ from: [ana], within: 60s }', async ({ run, step, digest }) => {
    const forged = { type: 'approval-given', step, digest, how: 'reaction', by: 'ana', account: 'U1' } as const;
    refused = await made.store.say(run, { user: 'eve', host: 'x' }, forged).catch((error: unknown) => error);
    made.interrupts.raise('SIGTERM');
  });
  expect(await startRun(made.options)).toMatchObject({ exitCode: 4 });
  expect(String(refused)).toContain('written by the driver of a run, nobody else');
  expect(made.world.writes).toEqual([]);
});

test('a plan that has changed when it is approved voids what was given, and is asked anew', async () => {
  let times = 0;
  const made = waiting('{ from: [ana] }', (asked) => {
    times += 1;
    if (times === 1) made.world.switches.set('a', 7);
    void say(made, asked, 'ana');
  });
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  const asked = made.entries.filter((entry) => entry.type === 'approval-requested');
  expect(new Set(asked.map(({ digest }) => digest)).size).toBe(2);
  expect(made.entries.filter(({ type }) => type === 'approvals-voided')).toMatchObject([
    { why: 'plan-changed', digest: asked[0]?.digest },
  ]);
  expect(made.entries.find(({ type }) => type === 'change-intended')).toMatchObject({ digest: asked[1]?.digest });
  expect(made.world.writes).toEqual(['set a=1']);
});

test('what comes up against the very same plan while it is approved stops it, unless it is passed by name', async () => {
  for (const overrides of [{}, { 'plan-objection': 'known' }]) {
    const made = waiting('{ from: [ana] }', (asked) => {
      made.world.planObjection = 'something else answers for the name now';
      void say(made, asked, 'ana');
    });
    const isPassed = 'plan-objection' in overrides;
    expect(await startRun({ ...made.options, overrides })).toMatchObject({ exitCode: isPassed ? 0 : 1 });
    expect(made.entries.find(({ type }) => type === 'step-approved')).toBeDefined();
    const type = isPassed ? 'guard-overridden' : 'guard-raised';
    expect(made.entries.find((entry) => entry.type === type)).toMatchObject({ guard: 'plan-objection' });
    expect(made.world.writes).toEqual(isPassed ? ['set a=1'] : []);
    // It was not asked for again: the plan is the same.
    expect(made.types().filter((name) => name === 'approval-requested')).toHaveLength(1);
  }
});

test('a last look that objects after the approval stops the write', async () => {
  const made = waiting('{ from: [ana] }', (asked) => {
    made.world.objection = 'the primary has recovered';
    void say(made, asked, 'ana');
  });
  expect(await startRun(made.options)).toMatchObject({
    exitCode: 1,
    message: expect.stringContaining('guard objection'),
  });
  expect(made.types().filter((name) => /^step-approved|^go-given|^guard|^change-intended/.test(name))).toEqual([
    'step-approved',
    'go-given',
    'guard-raised',
  ]);
  expect(made.world.writes).toEqual([]);
});

test('killed between the approval and the intent: the same counts again, unless its giver takes the run up; then it asks anew', async () => {
  for (const driver of ['tester', 'ana']) {
    const made = bench(switchWith('{ from: [ana, bo] }'), { self: deadProcess() });
    const real = createClock({ speed: 1 });
    // The first process is killed when it looks for the last time.
    const killed = new Promise<Requested>((resolve) => {
      let request: Requested | undefined;
      made.onEntry((entry) => {
        if (entry.type === 'approval-requested') {
          request = entry;
          void say(made, entry, 'ana');
        }
        if (entry.type === 'go-given' && request !== undefined) resolve(request);
      });
    });
    const set = made.options.actions.get('test.set');
    if (set?.kind !== 'change') throw new Error('test.set is a change');
    const stuck = { ...set, lastLook: () => new Promise<never>(() => undefined) };
    const actions = new Map([...made.options.actions, ['test.set', stuck] as const]);
    void startRun({
      ...made.options,
      clock: { ...real, timeBox: () => ({ signal: new AbortController().signal, cancel: () => undefined }) },
      actions,
    });
    const { run } = await killed;
    made.onEntry((entry) => {
      if (driver === 'ana' && entry.type === 'approval-requested') void say(made, entry, 'bo');
    });
    const again = { ...made.afterDeath(run), clock: real, actor: { user: driver, host: 'here' } };
    expect(await resumeRun(again)).toMatchObject({ exitCode: 0 });
    const entries = await made.store.read(run);
    expect(entries.filter(({ type }) => type === 'approval-requested')).toHaveLength(driver === 'ana' ? 2 : 1);
    expect(entries.findLast(({ type }) => type === 'step-approved')).toMatchObject({
      by: [driver === 'ana' ? 'bo' : 'ana'],
    });
    expect(made.world.writes).toEqual(['set a=1']);
  }
});

test('a request that ran out while the machine was suspended ends as it wakes', { timeout: 10_000 }, async () => {
  const made = bench(switchWith('{ from: [ana], within: 300s }'));
  const real = createClock({ speed: 1 });
  let suspendedMs = 0;
  made.onEntry(({ type }) => {
    if (type === 'approval-requested') suspendedMs = 600_000;
  });
  const clock = { ...real, timeOfDay: () => real.timeOfDay() + suspendedMs };
  expect(await startRun({ ...made.options, clock })).toMatchObject({
    outcome: 'failed',
    message: expect.stringContaining('not approved within 300 s'),
  });
  expect(made.world.writes).toEqual([]);
});

test('a cancel that stands in the place of a line which failed after it was heard is heard too', async () => {
  const log = (made: ReturnType<typeof bench>) => join(made.directory, 'state', 'audit', '00000001.jsonl');
  const made = waiting('{ from: [ana], within: 300s }', async (asked) => {
    // As another process leaves it while its sync hangs, and once the disk has said that it failed.
    const before = readFileSync(log(made));
    const { seq, hash } = (await made.store.head()) ?? { seq: 0, hash: '' };
    const stamp = { seq: seq + 1, time: asked.time, run: asked.run, epoch: 0, actor: asked.actor, prev: hash };
    appendFileSync(log(made), `${formatLine(stamp, { type: 'commented', text: 'lost' }).line}\n`);
    await sleep(600);
    writeFileSync(log(made), before);
    const other = storeOn(join(made.directory, 'state'));
    await other.say(asked.run, { user: 'bo', host: 'elsewhere' }, { type: 'cancel-requested', text: 'stop' });
  });
  expect(await startRun({ ...made.options, clock: createClock({ speed: 1 }) })).toMatchObject({ exitCode: 4 });
});

test('who is the last that could approve cannot take the run up; whoever else drove it cannot approve', async () => {
  const made = bench(switchWith('{ from: [ana, bo] }'), { self: deadProcess() });
  const real = createClock({ speed: 1 });
  const request = await leaveWaiting(made);
  const { run } = request;
  const second = { ...made.afterDeath(run), clock: stopped(), actor: { user: 'ana', host: 'here' } };
  // Its last entry before it waits, and never looks again.
  const taken = new Promise<void>((resolve) => {
    let isResumed = false;
    made.onEntry((entry) => {
      isResumed ||= entry.type === 'resumed';
      if (isResumed && entry.type === 'step-planned') resolve();
    });
  });
  void resumeRun({
    ...second,
    store: storeOn(join(made.directory, 'state'), { self: { ...deadProcess(), start: '1' } }),
  });
  await taken;
  await expect(resumeRun({ ...made.afterDeath(run), actor: { user: 'bo', host: 'here' } })).rejects.toMatchObject({
    code: 'usage',
    message: 'step switch needs 1 approval by others than tester, ana, bo, and nobody else may give one',
  });
  const third = resumeRun({ ...made.afterDeath(run), clock: real });
  await say(made, request, 'ana');
  await expect.poll(() => refusals(made.entries), { timeout: 10_000 }).toEqual(['ana: runner']);
  await say(made, request, 'bo');
  expect(await third).toMatchObject({ exitCode: 0 });
  expect(made.world.writes).toEqual(['set a=1']);
});

test('a cancel ends the waiting, and so does a signal; nothing is changed', async () => {
  for (const end of ['cancel', 'signal']) {
    const made = waiting('{ from: [ana] }', ({ run }) => {
      if (end === 'signal') made.interrupts.raise('SIGTERM');
      else void made.store.say(run, { user: 'bo', host: 'x' }, { type: 'cancel-requested', text: 'not now' });
    });
    expect(await startRun(made.options)).toMatchObject({ exitCode: 4 });
    expect(made.entries.find(({ type }) => type === 'approvals-voided')).toMatchObject({ why: 'stopped' });
    expect(made.world.writes).toEqual([]);
  }
});

test('who stops at the confirmation, or asks to, is not followed by a request for approvals', async () => {
  for (const [choice, requests] of [
    ['leave', 0],
    ['continue', 1],
  ] as const) {
    const steps = `  - { id: first, title: First, uses: test.set, with: { name: b, value: 1 } }
  - { id: switch, title: Switch, uses: test.set, with: { name: a, value: 1 }, confirm: true, approvals: { from: [ana] } }
`;
    const answers = choice === 'leave' ? ['CTRL-C', choice] : ['CTRL-C', choice, true];
    const made = bench(steps, { interactive: true, answers });
    made.onEntry((entry) => {
      if (entry.type === 'approval-requested') void say(made, entry, 'ana');
    });
    expect(await startRun(made.options)).toMatchObject({ exitCode: choice === 'leave' ? 3 : 0 });
    expect(made.types().filter((type) => /^approval-requested|^approvals-voided/.test(type))).toHaveLength(requests);
  }
});

test('a log that fails a step beside the run ends the waiting (exit 7, or 3 where another process drives now)', async () => {
  for (const [code, exitCode] of [
    ['audit', 7],
    ['fenced', 3],
  ] as const) {
    const beside = '  - { id: beside, title: Beside, uses: test.slow, optional: true, with: {}, timeout: 1s }\n';
    const made = bench(`${beside}${switchWith('{ from: [ana] }')}`);
    let isWaiting = false;
    made.onEntry((entry) => {
      isWaiting ||= entry.type === 'approval-requested';
    });
    const mostLooks = 200;
    let looks = 0;
    const store: typeof made.store = {
      ...made.store,
      async head() {
        looks += 1;
        // A loop without a pause would keep this test from ever ending.
        if (looks > mostLooks) throw new Error('it looks without a pause');
        return made.store.head();
      },
      async drive(...args) {
        const lease = await made.store.drive(...args);
        return {
          ...lease,
          append: (event, more) =>
            isWaiting ? Promise.reject(new OpsError(code, 'no more entries')) : lease.append(event, more),
        };
      },
    };
    const result = await startRun({ ...made.options, store });
    expect(result).toMatchObject({ exitCode, message: expect.stringContaining('no more entries') });
    expect(looks).toBeLessThan(mostLooks);
    expect(made.world.writes).toEqual([]);
  }
});

test('a dry run plans and waits for nobody', async () => {
  const made = bench(switchWith('{ from: [ana] }'));
  expect(await startRun({ ...made.options, mode: 'dry-run' })).toMatchObject({ exitCode: 0 });
  expect(made.types()).not.toContain('approval-requested');
});

test('a run that nobody else could approve does not start', async () => {
  const made = bench(switchWith('{ from: [tester] }'));
  await expect(startRun(made.options)).rejects.toMatchObject({
    code: 'usage',
    message: 'step switch needs 1 approval by others than tester, and nobody else may give one',
  });
  expect(made.types()).toEqual([]);
});

test('an approval that its condition waives is not asked for', async () => {
  const made = bench(switchWith('{ from: [ana], when: has(env.approvals) }'));
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  expect(made.types()).not.toContain('approval-requested');
});

test('alternatives inherit the approvals of their group, each for its own plan', async () => {
  const made = bench(`  - id: switch
    approvals: { from: [ana] }
    first-of:
      - { id: one, uses: test.set, with: { name: a, value: 1 } }
      - { id: two, uses: test.set, with: { name: b, value: 2 } }
`);
  made.onEntry((entry) => {
    if (entry.type === 'approval-requested') void say(made, entry, 'ana');
  });
  made.world.mischief.set('a', ['refuse']);
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  expect(made.entries.filter(({ type }) => type === 'step-approved')).toMatchObject([{ step: 'one' }, { step: 'two' }]);
});

test('what was given before a crash counts for the same plan, but not once its giver drives', async () => {
  const real = createClock({ speed: 1 });
  for (const driver of ['tester', 'ana']) {
    const made = bench(switchWith('{ from: [ana, bo] }'), { self: deadProcess() });
    const request = await leaveWaiting(made);
    const { run } = request;
    await say(made, request, 'ana');
    made.onEntry((entry) => {
      if (entry.type === 'approval-refused' && entry.by === 'ana') void say(made, request, 'bo');
    });
    const again = { ...made.afterDeath(run), clock: real, actor: { user: driver, host: 'here' } };
    expect(await resumeRun(again)).toMatchObject({ exitCode: 0 });
    const entries = await made.store.read(run);
    expect(entries.filter(({ type }) => type === 'approval-requested')).toHaveLength(1);
    expect(entries.find(({ type }) => type === 'step-approved')).toMatchObject({
      by: [driver === 'ana' ? 'bo' : 'ana'],
    });
    expect(refusals(entries)).toEqual(driver === 'ana' ? ['ana: runner'] : []);
    expect(made.world.writes).toEqual(['set a=1']);
  }
});
