/** What the tests start as another process: `node child.mjs COMMAND DIRECTORY …`, one JSON line of output per event. */
import { createInterface } from 'node:readline';
import { OpsError } from '../../../src/errors.ts';
import { alice, intended, started, storeOn } from './store-fixture.ts';

const [, , command = '', directory = '', run = '', count = '0'] = process.argv;
const resource = 'dns/api.example.com';
const tell = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);
const failure = (error: unknown) =>
  error instanceof OpsError
    ? { code: error.code, message: error.message, hint: error.hint, remedy: error.remedy }
    : { bug: String(error) };
const asked = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const commands: Record<string, () => Promise<void>> = {
  /** Waits for a line, then tries to begin and drive a run of the one resource, and stays until it is ended. */
  async start() {
    tell({ ready: true });
    await asked.next();
    const store = storeOn(directory);
    try {
      await store.begin(run, { user: run, host: 'laptop' }, [resource], started([resource]));
      const lease = await store.drive(run, { user: run, host: 'laptop' });
      tell({ won: lease.epoch });
    } catch (error) {
      tell(failure(error));
    }
    await asked.next();
  },
  /** Drives the run, and appends without end; tells of each entry once it is durable. */
  async append() {
    const lease = await storeOn(directory, { segmentBytes: 4000 }).drive(run, alice);
    for (let at = 0; ; at += 1) tell(await lease.append({ type: 'commented', text: `${'x'.repeat(at % 700)}` }));
  },
  /** Begins and drives; at each line asks whether it may write, then appends an intent. */
  async drive() {
    const store = storeOn(directory);
    await store.begin(run, alice, [resource], started([resource]));
    const lease = await store.drive(run, alice);
    tell({ driving: process.pid });
    for (let turn = await asked.next(); turn.done !== true; turn = await asked.next()) {
      try {
        await lease.ensure(1000);
        tell(await lease.append(intended(turn.value)));
      } catch (error) {
        tell(failure(error));
      }
    }
  },
  /** Says so many things. */
  async say() {
    const store = storeOn(directory);
    for (let at = 0; at < Number(count); at += 1) {
      await store.say(run, alice, { type: 'commented', text: `${process.pid}: ${at}` });
    }
    tell({ said: count });
  },
};

await commands[command]?.();
process.exit(0);
