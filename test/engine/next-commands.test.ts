import { expect, test } from 'vitest';
import { commandsFor, nextCommands, recommendedCommand, usualEnvironment } from '../../src/engine/next-commands.ts';
import type { Event } from '../../src/journal/events.ts';
import { applied, changing, error, run, stateOf, succeeded } from './folded.ts';

const flags = ' --state-dir /s';
const doubt: Event = { type: 'change-doubted', step: 'one', error };
const inPlace = changing('one', [applied('one'), succeeded('one')]);
const rollbackDecided: Event = { type: 'decided', choice: 'rollback', by: 'policy', cause: 'failed' };
const read: Event[] = [{ type: 'step-started', step: 'see', title: 'See', uses: 'test.look' }, succeeded('see')];
const planned: Event[] = [
  { type: 'step-started', step: 'one', title: 'One', uses: 'test.set' },
  { type: 'step-planned', step: 'one', uses: 'test.set', before: 0, after: 1, diff: [], notes: [], digest: 'd' },
  succeeded('one'),
];
const suspended: Event = { type: 'run-suspended', exitCode: 3, message: 'left', left: [] };
const released: Event = { type: 'claim-released', reason: 'gone' };
const ended: Event = { type: 'run-ended', outcome: 'succeeded', exitCode: 0, message: 'well', left: [] };
const switched: Event[] = [
  { type: 'go-given', step: 'one' },
  { type: 'milestone-reached', step: 'one', milestone: 'switched' },
];

const status = `resend-ops status ${run}${flags}`;
const resume = (what: string) => `resend-ops resume ${run}${flags}  (${what})`;
const rollback = (what: string) => `resend-ops rollback ${run}${flags}  (${what})`;
const verify = `resend-ops audit verify${flags}`;

test.each([
  ['what only read has its answer on the screen', read, {}, 0, []],
  ['what only read, and came to nothing', read, {}, 1, [status]],
  ['what was planned, and was so already', planned, {}, 0, [status]],
  ['a change', inPlace, {}, 0, [status]],
  ['a rehearsal', inPlace, { mode: 'rehearsal' }, 3, [status]],
  ['a dry run', planned, { mode: 'dry-run' }, 0, ['the same command without --dry-run']],
  ['a dry run that would stop', planned, { mode: 'dry-run' }, 1, [status]],
  ['what was undone', inPlace, {}, 4, [status]],
  ['a change that is left', inPlace, {}, 3, [resume('look again and go on'), rollback('undo what is left')]],
  [
    'a change in doubt',
    changing('one', [doubt]),
    {},
    3,
    [
      resume('look again and go on'),
      rollback('undo what is left'),
      `resend-ops mark-done ${run} one --evidence TEXT${flags}  (done by hand)`,
    ],
  ],
  [
    'a change that could not be undone',
    [
      ...inPlace,
      { type: 'rollback-started', why: 'w', cause: 'failed' },
      { type: 'revert-failed', step: 'one', error, observed: 'after' },
    ],
    {},
    3,
    [
      resume('look again and go on undoing'),
      rollback('undo what is left'),
      `resend-ops mark-done ${run} one --evidence TEXT${flags}  (undone by hand)`,
    ],
  ],
  [
    'a run that was given up with a change in place',
    [...inPlace, suspended, released],
    {},
    3,
    [rollback('undo what is left, if it is still so'), `resend-ops audit show ${run}${flags}  (what it did)`],
  ],
  [
    'a run that was given up',
    [...read, suspended, released],
    {},
    3,
    [`resend-ops audit show ${run}${flags}  (what it did)`],
  ],
  ['a log that fails', read, {}, 7, [verify]],
  ['a log that fails after the end', [...inPlace, ended], {}, 7, [verify]],
  ['a log that fails in a rehearsal', inPlace, { mode: 'rehearsal' }, 7, [verify]],
  [
    'a log that fails with a change in place',
    inPlace,
    {},
    7,
    [verify, resume('once the log can be written: go on'), rollback('once it can: undo what is in place')],
  ],
  [
    'a log that fails once a rollback is decided',
    [...inPlace, rollbackDecided],
    {},
    7,
    [verify, resume('once the log can be written: go on undoing'), rollback('once it can: undo what is in place')],
  ],
  [
    'a failover',
    [...inPlace, ...switched],
    { runbook: 'failover' },
    0,
    [`resend-ops failback${flags}  (the way back, once it is proven)`],
  ],
  [
    'a failover elsewhere',
    [...inPlace, ...switched],
    { runbook: 'failover', environment: 'a b' },
    0,
    [`resend-ops failback --env 'a b'${flags}  (the way back, once it is proven)`],
  ],
  ['a failover that has switched nothing', inPlace, { runbook: 'failover' }, 0, [status]],
  ['a failover that went wrong', [...inPlace, ...switched], { runbook: 'failover' }, 1, [status]],
  ['the way home itself', [...inPlace, ...switched], { runbook: 'failback' }, 0, [status]],
  ['another switch', [...inPlace, ...switched], { runbook: 'elsewhere' }, 0, [status]],
] as const)('what to run next: %s', (_what, events, first, exitCode, commands) => {
  expect(nextCommands(stateOf(events, first), exitCode, flags)).toEqual(commands);
});

const failover = 'resend-ops failover --from a';
const see: Event = { type: 'step-started', step: 'see', title: 'See', uses: 'test.look' };
const advised: Event[] = [see, succeeded('see', failover)];
const skipped: Event[] = [
  { type: 'step-started', step: 'two', title: 'Two', uses: 'test.look' },
  { type: 'step-skipped', step: 'two', why: 'not due' },
];
const later: Event[] = [{ type: 'step-started', step: 'two', title: 'Two', uses: 'test.look' }, succeeded('two')];
const group: Event[] = [{ type: 'step-started', step: 'all', title: 'All' }, succeeded('all')];
const undoing = (cause: 'failed' | 'stopped' | 'asked'): Event => ({ type: 'rollback-started', why: 'w', cause });

test.each([
  ['its last step', advised, {}, 0, `${failover}${flags}`],
  ['in another environment', advised, { environment: 'staging' }, 0, `${failover} --env staging${flags}`],
  [
    'a later step that was skipped, and a group, do not overtake it',
    [...advised, ...skipped, ...group],
    {},
    1,
    `${failover}${flags}`,
  ],
  ['a later step does', [...advised, ...later], {}, 0, undefined],
  ['no step', [], {}, 0, undefined],
  ['a person must finish the run first', advised, {}, 3, undefined],
  ['the log failed', advised, {}, 7, undefined],
  ['a person has asked for the undoing', [...advised, undoing('asked')], {}, 0, undefined],
  ['a person has stopped it', [...advised, undoing('stopped')], {}, 4, undefined],
  ['undone because a step failed', [...advised, undoing('failed')], {}, 1, `${failover}${flags}`],
  ['another runbook', advised, { inputs: { from: 'a' } }, 0, `${failover}${flags}`],
  ['the very same', advised, { runbook: 'failover', inputs: { from: 'a' } }, 0, undefined],
  ['other value', advised, { runbook: 'failover', inputs: { from: 'b' } }, 0, `${failover}${flags}`],
  ['more inputs', advised, { runbook: 'failover', inputs: { from: 'a', to: 'b' } }, 0, `${failover}${flags}`],
  ['other name', advised, { runbook: 'failover', inputs: { to: 'a' } }, 0, `${failover}${flags}`],
  ['fewer inputs', advised, { runbook: 'failover' }, 0, `${failover}${flags}`],
  [
    'the same duration in other words',
    [see, succeeded('see', 'resend-ops wait --for 90s')],
    { runbook: 'wait', inputs: { for: 90_000 }, durations: ['for'] },
    0,
    undefined,
  ],
  [
    'another duration',
    [see, succeeded('see', 'resend-ops wait --for 91s')],
    { runbook: 'wait', inputs: { for: 90_000 }, durations: ['for'] },
    0,
    `resend-ops wait --for 91s${flags}`,
  ],
  [
    'another program',
    [see, succeeded('see', 'other failover --from a')],
    { runbook: 'failover', inputs: { from: 'a' } },
    0,
    `other failover --from a${flags}`,
  ],
] as const)('the command that a run has come to: %s', (_what, events, first, exitCode, command) => {
  const state = stateOf(events, first);
  expect(recommendedCommand(state, exitCode, flags)).toBe(command);
  // What is recommended stands alone.
  if (command !== undefined) expect(nextCommands(state, exitCode, flags)).toEqual([]);
});

test('what a run has left open is gone on with by each command once, in its environment; in a live run alone', () => {
  const open = ['one', 'two'].map((step) => ({
    ...{ run, step, isSure: true, id: step, to: 'customers', what: 'notice', state: 'open', isClosed: false },
    commands: [
      { command: 'notice update', why: 'tell more' },
      { command: `notice close ${step}`, why: `close ${step}` },
    ],
  }));
  const staging = { environment: 'staging' };
  expect(commandsFor(stateOf([], staging), open, flags)).toEqual([
    { command: `resend-ops notice update --env staging${flags}`, why: 'tell more' },
    { command: `resend-ops notice close one --env staging${flags}`, why: 'close one' },
    { command: `resend-ops notice close two --env staging${flags}`, why: 'close two' },
  ]);
  expect(commandsFor(stateOf([], { environment: usualEnvironment }), open.slice(0, 1), '')[0]?.command).toBe(
    'resend-ops notice update',
  );
  expect(commandsFor(stateOf([], { mode: 'rehearsal' }), open, flags)).toEqual([]);
  expect(commandsFor(stateOf([], { mode: 'dry-run' }), open, flags)).toEqual([]);
});
