import { expect, test } from 'vitest';
import { askConfirmation, askWhatNow, heedInterrupts } from '../../src/engine/confirm.ts';
import { deciderOf, wordsOfDecision } from '../../src/engine/decisions.ts';
import type { Session } from '../../src/engine/session.ts';
import { OpsError } from '../../src/errors.ts';
import { runOf, type Told } from '../journal/support/entries.ts';
import { useBenches } from './benches.ts';
import { sessionOfTold } from './session-on.ts';

const bench = useBenches();

const steps = '  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }\n';
const changed: Told[] = [
  { type: 'step-started', step: 'one', title: 'One', uses: 'test.set' },
  {
    ...{ type: 'change-intended', step: 'one', uses: 'test.set', input: {}, before: 0, after: 1, digest: 'd' },
    ...{ undoable: true, rollback: 'auto' },
  },
  { type: 'change-applied', step: 'one', how: 'answered', output: {} },
];

type More = { told?: Told[]; interactive?: boolean; answers?: unknown[]; stage?: Session['stage'] };

function listening({ told = [], stage = 'steps', ...more }: More = {}) {
  const made = bench(steps, { interactive: true, ...more });
  const { session, recorded } = sessionOfTold(made.options, told);
  session.stage = stage;
  const stopHeeding = heedInterrupts(session);
  const raised = async (signal: string) => {
    made.interrupts.raise(signal);
    await session.asking;
    // What is only noted is noted while nobody waits for it.
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const heard = () =>
    recorded.map((event) =>
      event.type === 'interrupted'
        ? event.signal
        : event.type === 'decided'
          ? `${event.choice} by ${event.by}`
          : event.type,
    );
  return { ...made, session, recorded, raised, heard, stopHeeding };
}

test.each<[string, More, string, string[], Session['stop'], number]>([
  ['Ctrl-C asks, and stops', { answers: ['leave'] }, 'SIGINT', ['SIGINT', 'leave by terminal'], 'leave', 1],
  ['Ctrl-C asks, and goes on', { answers: ['continue'] }, 'SIGINT', ['SIGINT', 'continue by terminal'], null, 1],
  [
    'Ctrl-C asks, and rolls back',
    { answers: ['rollback'], told: changed },
    'SIGINT',
    ['SIGINT', 'rollback by terminal'],
    'rollback',
    1,
  ],
  ['Ctrl-C at the question', { answers: ['CTRL-C'] }, 'SIGINT', ['SIGINT', 'leave by interrupt'], 'leave', 1],
  ['without a terminal', { interactive: false }, 'SIGINT', ['SIGINT', 'leave by interrupt'], 'leave', 0],
  ['SIGTERM does not ask', {}, 'SIGTERM', ['SIGTERM', 'leave by interrupt'], 'leave', 0],
  ['SIGHUP does not ask', { told: changed }, 'SIGHUP', ['SIGHUP', 'leave by interrupt'], 'leave', 0],
  ['a reader that is gone stops nothing', {}, 'SIGPIPE', ['SIGPIPE'], null, 0],
  [
    'at the end, with nothing to undo, there is nothing to ask',
    { stage: 'end' },
    'SIGINT',
    ['SIGINT', 'leave by interrupt'],
    'leave',
    0,
  ],
  [
    'at the end, with a change in place, it asks',
    { stage: 'end', told: changed, answers: ['rollback'] },
    'SIGINT',
    ['SIGINT', 'rollback by terminal'],
    'rollback',
    1,
  ],
  ['once it is decided', { stage: 'decided', told: changed }, 'SIGINT', ['SIGINT'], null, 0],
  ['once it is decided, SIGTERM', { stage: 'decided' }, 'SIGTERM', ['SIGTERM'], null, 0],
])('a signal during a run: %s', async (_, more, signal, heard, stop, questions) => {
  const made = listening(more);
  await made.raised(signal);
  expect(made.heard()).toEqual(heard);
  expect(made.session.stop).toBe(stop);
  expect(made.session.reads.signal.aborted).toBe(stop !== null);
  expect(made.operator.asked).toHaveLength(questions);
});

test('a decision to roll back says that it was a stop; no other says why', async () => {
  const made = listening({ told: changed, answers: ['rollback'] });
  await made.raised('SIGINT');
  expect(made.recorded.at(-1)).toEqual({ type: 'decided', choice: 'rollback', by: 'terminal', cause: 'stopped' });
  const other = listening({ told: changed, answers: ['leave'] });
  await other.raised('SIGINT');
  expect(other.recorded.at(-1)).toEqual({ type: 'decided', choice: 'leave', by: 'terminal' });
});

test('who goes on is asked again at the next Ctrl-C; who has stopped is not', async () => {
  const on = listening({ answers: ['continue', 'leave'] });
  await on.raised('SIGINT');
  expect(on.session.asking).toBeNull();
  await on.raised('SIGINT');
  expect(on.heard()).toEqual(['SIGINT', 'continue by terminal', 'SIGINT', 'leave by terminal']);
  await on.raised('SIGINT');
  expect(on.heard().slice(4)).toEqual(['SIGINT']);
  expect(on.operator.asked).toHaveLength(2);
});

test('a question that stands open takes Ctrl-C itself, and no other signal', async () => {
  const made = listening();
  const { session } = sessionOfTold({ ...made.options, operator: { ...made.operator, interrupt: () => true } });
  made.stopHeeding();
  heedInterrupts(session);
  made.interrupts.raise('SIGINT');
  expect(session.asking).toBeNull();
  made.interrupts.raise('SIGTERM');
  await session.asking;
  expect(session.stop).toBe('leave');
});

test('nothing is heard any more once the listening has ended', async () => {
  const made = listening();
  made.stopHeeding();
  await made.raised('SIGTERM');
  expect(made.heard()).toEqual([]);
  expect(made.session.stop).toBeNull();
});

test('a signal that the log does not take stops the run all the same', async () => {
  for (const [signal, stage] of [
    ['SIGTERM', 'steps'],
    ['SIGPIPE', 'steps'],
    ['SIGINT', 'decided'],
  ] as const) {
    const made = listening({ stage });
    const lease = { ...made.session.lease, append: () => Promise.reject(new OpsError('audit', 'no more entries')) };
    made.stopHeeding();
    const session: Session = { ...made.session, record: () => lease.append() };
    heedInterrupts(session);
    made.interrupts.raise(signal);
    await session.asking;
    await new Promise((resolve) => setImmediate(resolve));
    expect(session.stop).toBe('leave');
  }
});

test('a signal that is in the log only once it is decided how the run ends decides nothing', async () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const made = listening({ told: changed });
    made.stopHeeding();
    const session: Session = {
      ...made.session,
      async record(event) {
        session.stage = 'decided';
        return await made.session.record(event);
      },
    };
    heedInterrupts(session);
    await made.raised(signal);
    await session.asking;
    expect(made.heard()).toEqual([signal]);
    expect(session.stop).toBeNull();
    expect(made.operator.asked).toEqual([]);
  }
});

test('what is offered: to go on while steps run, and to roll back where something may be in place', async () => {
  const inDoubt = changed.slice(0, 2);
  const label = { continue: 'continue the run' };
  for (const [told, stage, message, options] of [
    [[], 'steps', 'Stop? Nothing of this run needs undoing so far.', [label.continue, 'stop']],
    [[], 'end', 'The run ends here. Nothing of this run needs undoing so far.', ['stop']],
    [
      changed,
      'steps',
      'Stop? Changes of this run are in place.',
      [label.continue, 'roll back what was changed, then stop', 'stop, and leave the changes as they are'],
    ],
    [
      changed,
      'end',
      'The run ends here. Changes of this run are in place.',
      ['roll back what was changed, then stop', 'stop, and leave the changes as they are'],
    ],
    [
      inDoubt,
      'steps',
      'Stop? A change is under way: nobody can tell yet whether it happened.',
      [label.continue, 'undo it if it happened, then stop', 'stop, and leave it as it is'],
    ],
  ] as const) {
    const made = bench(steps);
    const asked: unknown[] = [];
    const choose: typeof made.operator.choose = async (question) => {
      asked.push([question.message, question.options.map((option) => option.label)]);
      return { kind: 'unanswerable', flag: '--yes' };
    };
    const { session, recorded } = sessionOfTold({ ...made.options, operator: { ...made.operator, choose } }, told);
    session.stage = stage;
    await askWhatNow(session);
    expect(asked).toEqual([[message, options]]);
    // Nobody answered: things are left as they are.
    expect(recorded).toEqual([{ type: 'decided', choice: 'leave', by: 'policy' }]);
    expect(session.stop).toBe('leave');
  }
});

test('an answer that comes once it is decided how the run ends decides nothing', async () => {
  const made = bench(steps);
  const choose: typeof made.operator.choose = async ({ options }) => {
    session.stage = 'decided';
    return { kind: 'answered', value: options.map(({ value }) => value)[0] as never, by: 'terminal' };
  };
  const { session, recorded } = sessionOfTold({ ...made.options, operator: { ...made.operator, choose } }, changed);
  await askWhatNow(session);
  expect(recorded).toEqual([]);
  expect(session.stop).toBeNull();
});

const plain = { kind: 'plain', message: 'One?' } as const;
const typed = { kind: 'typed', phrase: 'api.example.com' } as const;

test.each([
  ['yes', plain, [true], 'given', ['confirmation-given']],
  ['no', plain, [false], 'declined', ['confirmation-declined']],
  ['what is not yes', plain, ['true'], 'declined', ['confirmation-declined']],
  ['the phrase', typed, ['api.example.com'], 'given', ['confirmation-given']],
  ['another phrase', typed, ['api.example.co'], 'declined', ['confirmation-declined']],
  ['yes to a phrase', typed, [true], 'declined', ['confirmation-declined']],
  ['Ctrl-C, with nothing in place', plain, ['CTRL-C'], 'stopped', ['interrupted']],
] as const)('a confirmation: %s', async (_, question, answers, result, types) => {
  const made = bench(steps, { interactive: true, answers: [...answers] });
  const { session, recorded } = sessionOfTold(made.options, changed.slice(0, 1));
  expect(await askConfirmation(session, 'one', question, 'd1')).toBe(result);
  expect(recorded.map(({ type }) => type)).toEqual(types);
  if (result !== 'stopped') expect(recorded[0]).toMatchObject({ step: 'one', digest: 'd1', kind: question.kind });
  expect(session.stop).toBe(result === 'stopped' ? 'declined' : null);
});

test('what was confirmed counts for its own plan alone', async () => {
  const confirmed: Told = { type: 'confirmation-given', step: 'one', digest: 'd1', kind: 'plain', by: 'terminal' };
  const made = bench(steps, { interactive: true, answers: [false] });
  const { session } = sessionOfTold(made.options, [...changed.slice(0, 1), confirmed]);
  expect(await askConfirmation(session, 'one', plain, 'd1')).toBe('given');
  expect(made.operator.asked).toEqual([]);
  expect(await askConfirmation(session, 'one', plain, 'd2')).toBe('declined');
  expect(made.operator.asked).toEqual(['One?']);
});

test('Ctrl-C at a confirmation of a run that stops already is asked about no more', async () => {
  const made = bench(steps, { interactive: true, answers: ['CTRL-C'] });
  const { session, recorded } = sessionOfTold(made.options, changed);
  session.stop = 'rollback';
  expect(await askConfirmation(session, 'one', plain, 'd1')).toBe('stopped');
  expect(recorded).toEqual([]);
  expect(made.operator.asked).toEqual(['One?']);
});

test('who decided, and what, as the log and the screen have it', () => {
  expect(deciderOf({ kind: 'answered', value: 1, by: 'flag' })).toBe('flag');
  expect(deciderOf({ kind: 'interrupted' })).toBe('interrupt');
  expect(deciderOf({ kind: 'unanswerable', flag: '--yes' })).toBe('policy');
  const words = (told: Told[]) =>
    (['continue', 'retry', 'rollback', 'leave'] as const).map((choice) =>
      wordsOfDecision({ type: 'decided', choice, by: 'terminal' }, runOf(told)),
    );
  expect(words([])).toEqual(['go on', 'look again', 'roll back', 'stop']);
  expect(words(changed)).toEqual(['go on', 'look again', 'roll back', 'stop, and leave things as they are']);
});
