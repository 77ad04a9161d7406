import { expect, test } from 'vitest';
import { start, startWorld } from './program.ts';

test('--customers 0: nobody sends a request but who is asked to', { timeout: 60_000 }, async () => {
  const world = await startWorld(['--customers', '0']);
  try {
    expect(JSON.parse(await world.call('GET', '/clients'))).toMatchObject({ clients: 0, sent: 0 });
    expect(JSON.parse(await world.call('GET', '/requests?server=edge'))).toEqual([]);
  } finally {
    await world.stop();
  }
});

test('more customers than one process bears are refused, with the bound', { timeout: 30_000 }, async () => {
  const { code, stderr } = await start(['simulate', '--customers', '101']).ended;
  expect([code, stderr]).toEqual([2, expect.stringContaining('--customers 101: more than 100')]);
});
