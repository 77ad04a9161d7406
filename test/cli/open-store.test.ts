import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOptions } from '../../src/cli/command.ts';
import { withStore } from '../../src/cli/open-store.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { started } from '../journal/support/store-fixture.ts';
import { createFakeWorld } from './fake-world.ts';

test('entries are stamped with the time of day, although the process’s own clock stood still in a suspend', async () => {
  const clock = createClock({ speed: 1 });
  const fake = await createFakeWorld({ clock: { ...clock, now: () => clock.now() - 3_600_000 } });
  try {
    const options = readOptions({ stateDir: join(fake.home, 'state') });
    const begun = await withStore(fake.world, options, async (store) => {
      await store.begin('run-1', { user: 'ada', host: 'bastion' }, [], started());
      return (await store.runs())[0]?.started.time ?? '';
    });
    expect(Math.abs(Date.parse(begun) - Date.now())).toBeLessThan(60_000);
  } finally {
    await fake.remove();
  }
});
