import { appendFileSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatLine } from '../../src/journal/chain.ts';
import type { Entry } from '../../src/journal/events.ts';
import { alice, bob, ended, started, stateDirectory, storeOn } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
});
afterEach(() => remove());

const said = (text: string) => ({ type: 'commented', text }) as const;

/** Watches `run-1` from `fromSeq` on; each time that it waits, the next of `acts` happens; after the last it is aborted. */
async function watch(fromSeq: number | undefined, acts: readonly (() => unknown)[]) {
  const over = new AbortController();
  const left = [...acts];
  const waits: unknown[] = [];
  const sleep = async (ms: number, signal?: AbortSignal) => {
    waits.push([ms, signal === over.signal]);
    const act = left.shift();
    if (act === undefined) {
      over.abort();
      throw new Error('aborted');
    }
    await act();
  };
  const seen: Entry[] = [];
  const store = storeOn(directory, { clock: { now: Date.now, sleep } });
  for await (const entry of store.watch('run-1', fromSeq, over.signal)) seen.push(entry);
  return { seen, waits };
}

const begin = () => storeOn(directory).begin('run-1', alice, ['r'], started(['r']));
const say = (text: string, run = 'run-1') => storeOn(directory).say(run, bob, said(text));

test('a watch waits for a run that is to come, looks every 100 ms, and ends without a word when it is aborted', async () => {
  const { seen, waits } = await watch(undefined, [() => undefined, begin, () => say('hello')]);
  expect(seen.map(({ type }) => type)).toEqual(['run-started', 'commented']);
  expect(waits).toEqual(Array.from({ length: 4 }, () => [100, true]));
});

test('a watch gives each entry of its run once, from the one asked for on, and ends with the run', async () => {
  await begin();
  await storeOn(directory).begin('run-2', bob, [], started());
  const { seen, waits } = await watch(3, [
    () => say('three'),
    () => say('not mine', 'run-2'),
    async () => (await storeOn(directory).drive('run-1', alice)).end(ended),
    () => expect.unreachable('the run has ended'),
  ]);
  expect(seen.map(({ seq, type }) => [seq, type])).toEqual([
    [3, 'commented'],
    [5, 'driver-started'],
    [6, 'run-ended'],
  ]);
  expect(waits).toHaveLength(3);
});

test('a watch of a run that has ended gives what there is, and waits for nothing', async () => {
  await begin();
  await (await storeOn(directory).drive('run-1', alice)).end(ended);
  expect(await watch(undefined, [])).toMatchObject({ seen: [{ seq: 1 }, { seq: 2 }, { seq: 3 }], waits: [] });
});

test.each(['lost', 'something longer than that', 'x'])(
  'a watch that gave a line which was withdrawn gives what stands in its place (%s), and goes on',
  async (text) => {
    await begin();
    await say('two');
    const log = join(directory, 'audit', '00000001.jsonl');
    const whole = readFileSync(log, 'utf8');
    const { hash: prev } = JSON.parse(whole.trim().split('\n').at(-1) ?? '');
    const stamp = { seq: 3, time: new Date(0).toISOString(), run: 'run-1', epoch: 0, actor: bob, prev };
    const { seen } = await watch(2, [
      () => appendFileSync(log, `${formatLine(stamp, said('lost')).line}\n`),
      async () => {
        truncateSync(log, whole.length);
        await say(text);
      },
      () => say('four'),
    ]);
    expect(seen.map((entry) => [entry.seq, entry.type === 'commented' && entry.text])).toEqual([
      [2, 'two'],
      [3, 'lost'],
      [3, text],
      [4, 'four'],
    ]);
  },
);
