import { expect, test } from 'vitest';
import { resumeRun } from '../../src/engine/continue-run.ts';
import { startRun } from '../../src/engine/start-run.ts';
import { OpsError } from '../../src/errors.ts';
import type { Entry } from '../../src/journal/events.ts';
import type { Access } from '../../src/world/access.ts';
import type { Clock } from '../../src/world/clock.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { deadProcess } from '../journal/support/store-fixture.ts';
import { useBenches } from './benches.ts';
import { createRooms } from './fake-rooms.ts';

const bench = useBenches();

const [ana, bo, tester, stranger] = ['U0000001', 'U0000002', 'U0000003', 'U0000009'];
const approvals = {
  people: { ana: { slack: ana }, bo: { slack: bo }, tester: { slack: tester } },
  reaction: 'white_check_mark',
};
const room = '  - { id: war, title: Open the room, uses: test.room, with: { name: war } }\n';
const switchWith = (rule: string, more = '') =>
  `  - { id: switch, title: Switch, uses: test.set, with: { name: a, value: 1 }, approvals: ${rule}${more} }\n`;

/** A clock on which waiting is over soon, and time boxes only where a test asks for that. */
function quickClock({ boxes = 1 } = {}): Clock {
  const real = createClock({ speed: 1 });
  return { ...real, sleep: (ms, signal) => real.sleep(ms / 100, signal), timeBox: (ms) => real.timeBox(ms / boxes) };
}

/** A bench with rooms, in which `ana`, `bo` and the runner have accounts. */
function benchWith(
  steps: string,
  rooms: ReturnType<typeof createRooms>,
  { boxes = 1, ...more }: { boxes?: number; self?: ReturnType<typeof deadProcess> } = {},
) {
  const made = bench(steps, { actions: [rooms.action], ...more });
  const options = {
    ...made.options,
    environment: { ...made.options.environment, approvals },
    clock: quickClock({ boxes }),
  };
  return { ...made, options };
}

type Of<Type extends Entry['type']> = Extract<Entry, { type: Type }>;
const of = <Type extends Entry['type']>(entries: readonly Entry[], type: Type): Of<Type>[] =>
  entries.filter((entry): entry is Of<Type> => entry.type === type);

const given = (entries: readonly Entry[]) =>
  of(entries, 'approval-given').map((entry) =>
    entry.how === 'reaction' ? `${entry.by} by ${entry.account}` : `${entry.actor.user} by command`,
  );
const refused = (entries: readonly Entry[]) =>
  of(entries, 'approval-refused').map(({ by, why, account }) => `${by} by ${account}: ${why}`);
const failures = (entries: readonly Entry[]) =>
  of(entries, 'follow-up-failed').map(({ step, error }) => `${step}: ${error.message}`);

test('a request is shown once in each room, saying what is asked of whom, and says at the end that it is approved', async () => {
  const rooms = createRooms(({ what, nth }) => {
    if (what === 'read' && nth === 2) rooms.answer(1, ana);
  });
  const two = `${room}  - { id: ops, title: Open another, uses: test.room, with: { name: ops } }\n`;
  const made = benchWith(`${two}${switchWith('{ from: [ana, bo] }')}`, rooms);
  const { run, exitCode } = await startRun(made.options);
  expect(exitCode).toBe(0);
  const [asked] = of(made.entries, 'approval-requested');
  const until = new Date(Date.parse(asked?.time ?? '') + (asked?.withinMs ?? 0)).toISOString();
  const lines = [
    'Switch on api.example.com: 1 approval wanted, from ana, bo, not from tester',
    ...['- null', '+ 1', `run ${run}, plan ${asked?.digest}`],
    `until ${until}; or in a terminal: resend-ops approve ${run}`,
  ];
  const closed = [...lines, 'APPROVED: no more approvals are taken'];
  const shown = { request: asked?.seq, digest: asked?.digest, lines, closed };
  expect(rooms.messages).toEqual([
    { room: 'war', ...shown },
    { room: 'ops', ...shown },
  ]);
  expect(rooms.calls.filter((call) => call.startsWith('find'))).toEqual([]);
  expect(given(made.entries)).toEqual([`ana by ${ana}`]);
  expect(failures(made.entries)).toEqual([]);
  const headlines = of(made.entries, 'follow-up-intended').map(({ step, headline }) => `${step}: ${headline}`);
  expect(headlines).toEqual([
    ...['war', 'ops'].map((name) => `${name}: asks for approval of ${asked?.digest.slice(0, 12)}`),
    ...['war', 'ops'].map((name) => `${name}: APPROVED: no more approvals are taken`),
  ]);
  expect(of(made.entries, 'approval-closed')).toMatchObject([
    { step: 'switch', room: 'war', request: asked?.seq },
    { step: 'switch', room: 'ops', request: asked?.seq },
  ]);
});

test('what a plan notes is shown too, and how many must approve; in a rehearsal it says so first', async () => {
  const rooms = createRooms(({ what, nth }) => {
    if (what !== 'read' || nth !== 1) return;
    rooms.answer(1, ana);
    rooms.answer(1, bo);
  });
  const say =
    '  - { id: say, title: Say, uses: test.say, with: { text: hello }, approvals: { count: 2, from: [ana, bo] } }\n';
  const made = benchWith(`${room}${say}`, rooms);
  expect(await startRun({ ...made.options, mode: 'rehearsal' })).toMatchObject({ exitCode: 0 });
  expect(rooms.messages[0]?.lines.slice(0, 3)).toEqual([
    'REHEARSAL: Say on api.example.com: 2 approvals wanted, from ana, bo, not from tester',
    '+ hello',
    'cannot be unsent',
  ]);
});

test('whoever asks or closes writes; whoever looks for a request or reads the answers may only read', async () => {
  const rights: Record<string, Access> = {};
  const rooms = createRooms(async ({ what, nth, ctx }) => {
    await ctx.clients.slack();
    if (what === 'ask' && nth === 1) return 'lost';
    if (what === 'read') rooms.answer(1, ana);
    return undefined;
  });
  const made = benchWith(`${room}${switchWith('{ from: [ana] }')}`, rooms);
  const slack: typeof made.options.edges.slack = async (access) => {
    rights[rooms.calls.at(-1)?.split(' ')[0] ?? ''] = access();
    return undefined as never;
  };
  expect(await startRun({ ...made.options, edges: { ...made.options.edges, slack } })).toMatchObject({ exitCode: 0 });
  expect(rights).toEqual({
    ask: { mode: 'write', ensure: expect.any(Function) },
    find: { mode: 'read-only', why: 'looking only reads' },
    read: { mode: 'read-only', why: 'reading approvals only reads' },
    close: { mode: 'write', ensure: expect.any(Function) },
  });
});

test('an answer goes into the log once, under the name whose account it is; a stranger’s and the runner’s are refused', async () => {
  const rooms = createRooms(({ what, nth }) => {
    if (what !== 'read') return;
    if (nth === 1) for (const account of [stranger, tester, bo]) rooms.answer(1, account);
    if (nth === 5) rooms.answer(1, ana);
  });
  const made = benchWith(`${room}${switchWith('{ count: 2, from: [ana, bo, tester] }')}`, rooms);
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  expect(given(made.entries)).toEqual([`bo by ${bo}`, `ana by ${ana}`]);
  expect(refused(made.entries)).toEqual([`${stranger} by ${stranger}: stranger`, `tester by ${tester}: runner`]);
  expect(of(made.entries, 'step-approved')).toMatchObject([{ by: ['bo', 'ana'] }]);
});

test('an answer that is taken back counts no more, and counts again when it is given again', async () => {
  const rooms = createRooms(({ what, nth }) => {
    if (what !== 'read') return;
    if (nth === 1) rooms.answer(1, ana);
    if (nth === 3) rooms.takeBack(1, ana);
    if (nth === 5) rooms.answer(1, bo);
    if (nth === 7) rooms.answer(1, ana);
  });
  const made = benchWith(`${room}${switchWith('{ count: 2, from: [ana, bo] }')}`, rooms);
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  expect(given(made.entries)).toEqual([`ana by ${ana}`, `bo by ${bo}`, `ana by ${ana}`]);
  expect(of(made.entries, 'approval-withdrawn')).toMatchObject([{ step: 'switch', by: 'ana', account: ana }]);
  expect(rooms.count('read war 1')).toBeGreaterThanOrEqual(7);
});

test('what was said in a terminal, or stands in another room, is not taken back by a room', async () => {
  const rooms = createRooms(({ what, room: name, nth }) => {
    if (what !== 'read' || name !== 'war') return;
    if (nth === 1) for (const message of [1, 2]) rooms.answer(message, ana);
    if (nth === 3) rooms.takeBack(1, ana);
    if (nth === 5) rooms.answer(1, bo);
  });
  const two = `${room}  - { id: ops, title: Open another, uses: test.room, with: { name: ops } }\n`;
  const made = benchWith(`${two}${switchWith('{ count: 3, from: [ana, bo, cy] }')}`, rooms);
  made.onEntry((entry) => {
    if (entry.type !== 'approval-requested') return;
    const { run, step, digest } = entry;
    void made.store.say(
      run,
      { user: 'cy', host: 'elsewhere' },
      { type: 'approval-given', step, digest, how: 'command' },
    );
  });
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  expect(of(made.entries, 'approval-withdrawn')).toEqual([]);
  expect(of(made.entries, 'step-approved')[0]?.by.toSorted()).toEqual(['ana', 'bo', 'cy']);
});

test('nothing counts as taken back while a room cannot be read; the trouble is told once', async () => {
  const rooms = createRooms(({ what, nth }) => {
    if (what !== 'read') return;
    if (nth === 1) rooms.answer(1, ana);
    if (nth === 2) rooms.takeBack(1, ana);
    if (nth >= 2 && nth <= 4) throw new OpsError('lost-answer', 'HTTP 503');
    if (nth === 5) rooms.answer(1, ana);
    if (nth === 6) rooms.answer(1, bo);
  });
  const made = benchWith(`${room}${switchWith('{ count: 2, from: [ana, bo] }')}`, rooms);
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  expect(failures(made.entries)).toEqual(['war: HTTP 503']);
  expect(of(made.entries, 'approval-withdrawn')).toEqual([]);
  expect(given(made.entries)).toEqual([`ana by ${ana}`, `bo by ${bo}`]);
});

test('a request that was surely not shown is shown again at once, and each new trouble is told', async () => {
  const rooms = createRooms(({ what, nth }) => {
    if (what === 'ask' && nth <= 2) throw new OpsError('refused', 'no such channel');
    if (what === 'ask' && nth === 3) throw new OpsError('refused', 'rate limited');
    if (what === 'read') rooms.answer(1, ana);
  });
  const made = benchWith(`${room}${switchWith('{ from: [ana] }')}`, rooms);
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  expect(rooms.count('ask war')).toBe(4);
  expect(rooms.count('find war')).toBe(0);
  expect(failures(made.entries)).toEqual(['war: no such channel', 'war: rate limited']);
});

test('a request whose answer was lost is looked for, and read where it is found', async () => {
  const rooms = createRooms(({ what, nth }) => {
    if (what === 'ask') return 'lost';
    if (what === 'read' && nth === 20) rooms.answer(1, ana);
    return undefined;
  });
  const made = benchWith(`${room}${switchWith('{ from: [ana] }')}`, rooms);
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  expect(rooms.count('ask war')).toBe(1);
  // It is looked for some more, for what arrives late; then it is only read.
  expect(rooms.count('find war')).toBe(15);
  expect(of(made.entries, 'approval-posted')).toHaveLength(1);
  expect(rooms.messages[0]?.closed?.at(-1)).toBe('APPROVED: no more approvals are taken');
});

test('a request that is not found after three looks is shown again; one that arrives late is read like the other', async () => {
  const rooms = createRooms(({ what, nth }) => {
    if (what === 'ask' && nth === 1) throw new OpsError('lost-answer', 'cut off');
    // The first one turns up, after the second.
    if (what === 'find' && nth === 6) rooms.messages.push(...rooms.messages);
    if (what === 'read' && nth === 30) rooms.answer(2, ana);
  });
  const made = benchWith(`${room}${switchWith('{ from: [ana] }')}`, rooms);
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  const before = rooms.calls.slice(0, rooms.calls.lastIndexOf('ask war'));
  expect(before).toEqual(['ask war', 'find war', 'find war', 'find war']);
  expect(rooms.count('ask war')).toBe(2);
  expect(rooms.count('find war')).toBe(15);
  expect(of(made.entries, 'approval-posted').map(({ place }) => place)).toEqual([
    { room: 'war', message: 1 },
    { room: 'war', message: 2 },
  ]);
  expect(rooms.messages.map(({ closed }) => closed?.at(-1))).toEqual(
    Array(2).fill('APPROVED: no more approvals are taken'),
  );
});

test('a look that fails is no look; where nobody may look, nothing is shown again, and the terminal is there', async () => {
  const flaky = createRooms(({ what, nth }) => {
    if (what === 'ask' && nth === 1) throw new OpsError('lost-answer', 'cut off');
    if (what === 'find' && nth <= 2) throw new OpsError('lost-answer', 'HTTP 503');
    if (what === 'read') flaky.answer(1, ana);
  });
  const made = benchWith(`${room}${switchWith('{ from: [ana] }')}`, flaky);
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  expect(flaky.calls.slice(0, 7)).toEqual(['ask war', ...Array(5).fill('find war'), 'ask war']);
  expect(failures(made.entries)).toEqual(['war: cut off', 'war: HTTP 503']);

  const blind = createRooms(({ what }) => {
    if (what === 'ask') throw new OpsError('lost-answer', 'cut off');
    if (what === 'find') throw new OpsError('credentials', 'missing scope');
  });
  const other = benchWith(`${room}${switchWith('{ from: [ana] }')}`, blind);
  let rounds = 0;
  other.onEntry((entry) => {
    if (entry.type !== 'follow-up-failed' || entry.error.code !== 'credentials') return;
    const { run } = entry;
    const [asked] = of(other.entries, 'approval-requested');
    const { step, digest } = asked ?? { step: '', digest: '' };
    rounds += 1;
    setTimeout(() => {
      const word = { type: 'approval-given', step, digest, how: 'command' } as const;
      void other.store.say(run, { user: 'ana', host: 'elsewhere' }, word);
    }, 90);
  });
  expect(await startRun(other.options)).toMatchObject({ exitCode: 0 });
  expect(blind.calls).toEqual(['ask war', 'find war']);
  expect(rounds).toBe(1);
});

test('a room that does not answer is given up on after its time box, and holds up nothing', async () => {
  const hangs = (what: string) =>
    createRooms((call) => {
      if (call.what !== what || call.nth > 1) return undefined;
      return new Promise<never>(() => undefined);
    });
  for (const what of ['ask', 'read']) {
    const rooms = hangs(what);
    const made = benchWith(`${room}${switchWith('{ from: [ana], within: 5h }')}`, rooms, { boxes: 100 });
    made.onEntry((entry) => {
      if (entry.type === 'follow-up-failed') queueMicrotask(() => rooms.answer(1, ana));
    });
    expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
    expect(failures(made.entries)).toEqual(['war: not done within 5 s']);
  }
});

test('a plan that changes closes its request before the next is shown; who answers the old one is told', async () => {
  const rooms = createRooms(({ what, nth }) => {
    if (what === 'ask' && nth === 1) rooms.answer(1, ana);
    if (what === 'read' && nth === 1) made.world.switches.set('a', 7);
    if (what === 'ask' && nth === 2) rooms.answer(1, bo);
    if (what === 'read' && nth === 8) rooms.answer(2, bo);
  });
  const made = benchWith(`${room}${switchWith('{ from: [ana, bo] }')}`, rooms);
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  const order = rooms.calls.filter((call) => !call.startsWith('read'));
  expect(order).toEqual(['ask war', 'close war 1', 'ask war', 'close war 2']);
  expect(rooms.messages.map(({ closed }) => closed?.at(-1))).toEqual([
    'VOID: the world has changed, and the plan is made anew',
    'APPROVED: no more approvals are taken',
  ]);
  expect(given(made.entries)).toEqual([`ana by ${ana}`, `bo by ${bo}`]);
  // Both answers stand beneath the old request; neither counts for the new one.
  expect(refused(made.entries)).toEqual([`ana by ${ana}: other-plan`, `bo by ${bo}: other-plan`]);
});

test('of the requests of earlier plans the newest are watched, three in all', async () => {
  const changes = 3;
  const rooms = createRooms(({ what, nth, message }) => {
    if (what === 'ask' && nth <= changes) rooms.answer(nth, ana);
    if (what === 'read' && message === rooms.messages.length && message <= changes)
      made.world.switches.set('a', message * 10);
    if (what === 'read' && message === changes + 1) rooms.answer(message, ana);
  });
  const made = benchWith(`${room}${switchWith('{ from: [ana] }')}`, rooms);
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  expect(rooms.messages).toHaveLength(changes + 1);
  const last = rooms.calls.slice(rooms.calls.lastIndexOf('ask war') + 1);
  expect([...new Set(last)]).toEqual(['read war 2', 'read war 3', 'read war 4', 'close war 4']);
});

test('a request that comes to nothing says why in the room', async () => {
  for (const [end, word] of [
    ['cancel', 'VOID: the run has stopped'],
    ['expire', 'VOID: expired'],
    ['fail', 'VOID: the step has failed'],
  ] as const) {
    const rooms = createRooms(async ({ what, nth }) => {
      if (what !== 'read' || nth !== 1) return;
      if (end === 'cancel') {
        made.interrupts.raise('SIGTERM');
        await expect.poll(() => made.types().includes('decided'), { interval: 1 }).toBe(true);
        // What is read once the run stops is no answer any more.
        rooms.answer(1, ana);
      }
      if (end === 'fail') {
        made.world.blind = true;
        rooms.answer(1, ana);
      }
    });
    const within = end === 'expire' ? '10s' : '5h';
    // A read that the stop finds under way comes to its end within its grace, which is not to be shortened.
    const boxes = end === 'cancel' ? 1 : 100;
    const made = benchWith(`${room}${switchWith(`{ from: [ana], within: ${within} }`)}`, rooms, { boxes });
    const { exitCode } = await startRun(made.options);
    expect(exitCode).toBe(end === 'cancel' ? 4 : 1);
    expect(rooms.messages.map(({ closed }) => [closed?.slice(0, -1), closed?.at(-1)])).toEqual([
      [rooms.messages[0]?.lines, word],
    ]);
    expect(rooms.calls.filter((call) => call.startsWith('close'))).toEqual(['close war 1']);
    expect(given(made.entries)).toEqual(end === 'fail' ? [`ana by ${ana}`] : []);
    expect(refused(made.entries)).toEqual([]);
    expect(made.world.writes).toEqual([]);
  }
});

test('what a room could not be told is told at the end of the run, once', async () => {
  const rooms = createRooms(({ what, nth }) => {
    if (what === 'read') rooms.answer(1, ana);
    if (what === 'close' && nth === 1) throw new OpsError('lost-answer', 'HTTP 503');
  });
  const made = benchWith(`${room}${switchWith('{ from: [ana] }')}`, rooms);
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  const [asked] = of(made.entries, 'approval-requested');
  expect(rooms.count('close war 1')).toBe(2);
  expect(rooms.messages[0]?.closed).toEqual([
    `Switch: plan ${asked?.digest.slice(0, 12)}`,
    'APPROVED: no more approvals are taken',
  ]);
  expect(failures(made.entries)).toEqual(['war: HTTP 503']);
  expect(of(made.entries, 'approval-closed')).toHaveLength(1);
});

test('whoever approves too late is told in the log before the run ends, and only of what expired', async () => {
  for (const trouble of [false, true]) {
    const rooms = createRooms(({ what, message }) => {
      if (what !== 'read' || !made.types().includes('approvals-voided')) return;
      if (trouble) throw new OpsError('lost-answer', `HTTP 503 for ${message}`);
      rooms.answer(message ?? 0, ana);
    });
    const rule = '{ from: [ana], within: 10s }';
    const made = benchWith(`${room}${switchWith(rule, ', on-failure: continue')}`, rooms, { boxes: 100 });
    await startRun(made.options);
    expect(refused(made.entries)).toEqual(trouble ? [] : [`ana by ${ana}: expired`]);
    expect(failures(made.entries)).toEqual(trouble ? ['war: HTTP 503 for 1'] : []);
    expect(rooms.messages[0]?.closed?.at(-1)).toBe('VOID: expired');
    expect(made.types().at(-1)).toBe('run-ended');
  }
});

test('who takes a run up looks for what was shown before, and shows nothing twice', async () => {
  for (const shown of ['nothing', 'lost', 'known']) {
    const rooms = createRooms(({ what, nth }) => {
      if (what === 'ask' && nth === 1 && shown === 'nothing') return new Promise<never>(() => undefined);
      if (what === 'ask' && nth === 1 && shown === 'lost') return 'lost';
      if (what === 'read' && isResumed) rooms.answer(1, ana);
      return undefined;
    });
    let isResumed = false;
    const made = benchWith(`${room}${switchWith('{ from: [ana] }')}`, rooms, { self: deadProcess() });
    // The first process never wakes again once it waits: it was killed.
    const dead = { ...quickClock(), sleep: () => new Promise<never>(() => undefined) };
    void startRun({ ...made.options, clock: dead });
    const last = shown === 'known' ? 'approval-posted' : shown === 'lost' ? 'follow-up-failed' : 'follow-up-intended';
    await expect.poll(() => made.types().includes(last), { timeout: 10_000, interval: 5 }).toBe(true);
    const run = made.entries[0]?.run ?? '';
    isResumed = true;
    const before = rooms.calls.length;
    const again = { ...made.afterDeath(run), environment: made.options.environment, clock: quickClock() };
    expect(await resumeRun(again)).toMatchObject({ exitCode: 0 });
    const since = rooms.calls.slice(before);
    const looks = shown === 'nothing' ? 3 : 1;
    expect(since.slice(0, looks + 1)).toEqual([
      ...Array(looks).fill('find war'),
      shown === 'nothing' ? 'ask war' : 'read war 1',
    ]);
    const entries = await made.store.read(run);
    expect(of(entries, 'approval-requested')).toHaveLength(1);
    expect(of(entries, 'approval-posted')).toHaveLength(1);
    expect(rooms.messages).toHaveLength(1);
    expect(made.world.writes).toEqual(['set a=1']);
  }
});

test.each([
  'follow-up-intended',
  'approval-posted',
  'approval-given',
  'approval-refused',
  'approval-withdrawn',
] as const)('a log that refuses an entry of the asking (%s) ends it, and the run: nothing is changed', async (type) => {
  const rooms = createRooms(({ what, nth }) => {
    if (what === 'read' && nth === 1) for (const account of [stranger, ana]) rooms.answer(1, account);
    if (what === 'read' && nth === 2) rooms.takeBack(1, ana);
  });
  const made = benchWith(`${room}${switchWith('{ count: 2, from: [ana, bo] }')}`, rooms);
  let hasFailed = false;
  const store: typeof made.store = {
    ...made.store,
    async drive(...args) {
      const lease = await made.store.drive(...args);
      const append: typeof lease.append = (event, more) => {
        hasFailed ||= event.type === type;
        return hasFailed ? Promise.reject(new OpsError('audit', 'no more entries')) : lease.append(event, more);
      };
      return { ...lease, append };
    },
  };
  expect(await startRun({ ...made.options, store })).toMatchObject({ exitCode: 7 });
  expect(rooms.calls.filter((call) => !call.startsWith('read'))).toEqual(
    type === 'follow-up-intended' ? [] : ['ask war'],
  );
  expect(made.world.writes).toEqual([]);
});

test('only what is open to people is a room: what was not opened, or asks nobody, is passed over', async () => {
  const rooms = createRooms(({ what }) => {
    if (what === 'read') rooms.answer(1, ana);
  });
  const made = benchWith(
    `${room}  - { id: not, title: Not, when: "false", uses: test.room, with: { name: ops } }
  - { id: set, title: Set, uses: test.set, with: { name: b, value: 1 } }
${switchWith('{ from: [ana] }')}`,
    rooms,
  );
  expect(await startRun(made.options)).toMatchObject({ exitCode: 0 });
  expect(rooms.messages.map((message) => message.room)).toEqual(['war']);
});

test('an asking that breaks is told as the bug it is, and the terminal is there', async () => {
  const rooms = createRooms();
  const made = benchWith(`${room}${switchWith('{ from: [ana] }')}`, rooms);
  const { clock } = made.options;
  const sleep: Clock['sleep'] = (ms, signal) =>
    ms === 2_000 ? Promise.reject(new Error('a broken clock')) : clock.sleep(ms, signal);
  made.onEntry((entry) => {
    if (entry.type !== 'follow-up-failed') return;
    const [{ step, digest } = { step: '', digest: '' }] = of(made.entries, 'approval-requested');
    const word = { type: 'approval-given', step, digest, how: 'command' } as const;
    void made.store.say(entry.run, { user: 'ana', host: 'elsewhere' }, word);
  });
  expect(await startRun({ ...made.options, clock: { ...clock, sleep } })).toMatchObject({ exitCode: 0 });
  expect(failures(made.entries)).toEqual(['switch: unexpected: Error: a broken clock']);
  expect(rooms.count('ask war')).toBe(1);
});
