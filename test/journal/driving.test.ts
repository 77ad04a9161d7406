import { describe, expect, test } from 'vitest';
import {
  assertDrivable,
  assertEpoch,
  assertFree,
  drivenError,
  isDriving,
  knownRun,
} from '../../src/journal/driving.ts';
import { createLogView } from '../../src/journal/log-view.ts';
import type { IndexedDriver, IndexedRun } from '../../src/journal/run-index.ts';
import type { Liveness } from '../../src/world/process-identity.ts';
import { stamped } from './support/stamped.ts';
import { alice, bob, ended, started } from './support/store-fixture.ts';

const since = '2026-11-18T11:50:00.000Z';
const driver: IndexedDriver = {
  epoch: 1,
  actor: bob,
  process: { pid: 4711, start: '1', boot: 'bastion/b/n' },
  since,
  released: false,
};

const [first, last] = stamped([started(['r']), ended]);
if (first?.type !== 'run-started' || last?.type !== 'run-ended') throw new Error('they are these two');

const runOf = (more: Partial<IndexedRun> = {}): IndexedRun => ({
  run: 'run-1',
  started: first,
  ended: undefined,
  claims: ['q', 'r'],
  claimReleased: false,
  intends: false,
  epoch: 1,
  driver,
  formerDrivers: [],
  first: { segment: 1, offset: 0 },
  ...more,
});

function viewOf(...runs: IndexedRun[]) {
  const view = createLogView('/state/audit');
  for (const run of runs) view.runs.set(run.run, run);
  return view;
}
const is = (liveness: Liveness) => () => liveness;

test('a driver drives until it has let go or is known to be dead', () => {
  expect((['alive', 'unknown', 'dead'] as const).map((liveness) => isDriving(driver, is(liveness)))).toEqual([
    true,
    true,
    false,
  ]);
  expect(isDriving({ ...driver, released: true }, is('alive'))).toBe(false);
  expect(isDriving(undefined, is('alive'))).toBe(false);
});

describe('a resource', () => {
  test('is free where no other run holds it', () => {
    const view = viewOf(runOf(), runOf({ run: 'run-2', claims: [] }));
    expect(() => assertFree(view, 'run-1', ['r'], is('alive'))).not.toThrow();
    expect(() => assertFree(view, 'run-3', ['s', 't'], is('alive'))).not.toThrow();
    expect(() => assertFree(view, 'run-3', [], is('alive'))).not.toThrow();
  });

  test('is held by the first run that holds one of those wanted: who, where, since when, and whether it lives', () => {
    const view = viewOf(runOf({ run: 'run-0', claims: ['s'] }), runOf());
    const held = (liveness: Liveness) => () => assertFree(view, 'run-3', ['t', 'r', 'q'], is(liveness));
    expect(held('alive')).toThrow(
      expect.objectContaining({
        code: 'busy',
        message: `r is held by run run-1 of bob@bastion (pid 4711), since ${first.time}`,
        hint: expect.stringMatching(
          /^it is running: .*`resend-ops watch run-1`.*`resend-ops rollback run-1 --take-over`/,
        ),
      }),
    );
    expect(held('dead')).toThrow(
      expect.objectContaining({
        hint: 'its process is gone: finish it with `resend-ops resume run-1`, or undo it with `resend-ops rollback run-1`',
      }),
    );
    const undriven = viewOf(runOf({ driver: undefined }));
    expect(() => assertFree(undriven, 'run-3', ['r'], is('alive'))).toThrow(
      expect.objectContaining({
        message: `r is held by run run-1 of alice@laptop, since ${first.time}`,
        hint: expect.stringContaining('its process is gone'),
      }),
    );
  });
});

describe('a run', () => {
  test('is known by its id', () => {
    const run = runOf();
    expect(knownRun(viewOf(run), 'run-1')).toBe(run);
    expect(() => knownRun(viewOf(run), 'run-2')).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: 'there is no run run-2',
        hint: expect.stringContaining('runs'),
      }),
    );
  });

  test('may be driven until it has ended or its claim was given up', () => {
    expect(() => assertDrivable(runOf())).not.toThrow();
    expect(() => assertDrivable(runOf({ ended: last }))).toThrow(
      expect.objectContaining({
        code: 'fenced',
        message: `run run-1 ended at ${last.time} (succeeded)`,
        hint: 'to undo what it changed: `resend-ops rollback run-1`',
      }),
    );
    expect(() => assertDrivable(runOf({ claimReleased: true }))).toThrow(
      expect.objectContaining({
        code: 'fenced',
        message: 'the claim of run run-1 was given up by hand',
        hint: expect.stringContaining('`resend-ops rollback run-1`'),
      }),
    );
  });

  test('is driven by the newest epoch alone, until it has ended', () => {
    const view = viewOf(runOf({ epoch: 3, driver: { ...driver, epoch: 3, actor: alice } }));
    expect(() => assertEpoch(view, 'run-1', 3)).not.toThrow();
    expect(() => assertEpoch(view, 'run-1', 2)).toThrow(
      expect.objectContaining({
        code: 'fenced',
        message: 'run run-1 was taken over by alice@laptop (pid 4711)',
        hint: expect.stringContaining('`resend-ops watch run-1`'),
      }),
    );
    const undriven = viewOf(runOf({ epoch: 3, driver: undefined }));
    expect(() => assertEpoch(undriven, 'run-1', 2)).toThrow('run run-1 was taken over by another process');
    expect(() => assertEpoch(viewOf(runOf({ ended: last })), 'run-1', 1)).toThrow('run run-1 ended at');
    // Taken over and then ended: the first is what its old driver must know.
    expect(() => assertEpoch(viewOf(runOf({ epoch: 2, ended: last })), 'run-1', 1)).toThrow('was taken over');
  });

  test('that is driven says by whom, and how to take over from where it is', () => {
    expect(drivenError('run-1', driver, 'alive')).toMatchObject({
      code: 'busy',
      message: `run run-1 is driven by bob@bastion (pid 4711), since ${since}`,
      hint: expect.stringMatching(/^follow it with `resend-ops watch run-1`; .*`kill -9 4711`.*with --take-over$/),
    });
    expect(drivenError('run-1', driver, 'unknown')).toMatchObject({
      hint: expect.stringMatching(/^that process was started on bastion .*--take-over$/),
    });
  });
});
