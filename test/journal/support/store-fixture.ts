import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor, Event } from '../../../src/journal/events.ts';
import { createFileStore, type FileStoreOptions } from '../../../src/journal/file-store.ts';
import { createRedactor } from '../../../src/journal/redact.ts';
import type { Store } from '../../../src/journal/store.ts';
import { isAlive, type ProcessIdentity, readSelf } from '../../../src/world/process-identity.ts';

export const alice: Actor = { user: 'alice', host: 'laptop' };
export const bob: Actor = { user: 'bob', host: 'bastion' };

/** A clock in real time, as the store wants it. */
const realClock: FileStoreOptions['clock'] = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

/** A fresh state directory; `remove` takes it away. */
export function stateDirectory(): { directory: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'resend-ops-journal-'));
  return { directory: join(root, 'state'), remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** A store on a state directory, as this process or as another one that tests make up. */
export function storeOn(directory: string, options: Partial<FileStoreOptions> = {}): Store {
  const self = options.self ?? readSelf();
  return createFileStore({
    directory,
    redact: createRedactor([]),
    clock: realClock,
    self,
    isAlive: (other) => isAlive(other, self),
    ...options,
  });
}

/** A process of this machine that does not exist (any more): its start time is from before the machine's. */
export function deadProcess(): ProcessIdentity {
  return { ...readSelf(), start: '0' };
}

/** The first event of a run. */
export function started(resources: readonly string[] = []): Extract<Event, { type: 'run-started' }> {
  return {
    type: 'run-started',
    runbook: 'failover',
    title: 'Fail over',
    mode: 'live',
    speed: 1,
    environment: 'production',
    hostname: 'api.example.com',
    inputs: { reason: 'edge is down' },
    documents: [],
    resources,
    overrides: {},
    version: '0.1.0',
  };
}

/** The last event of a run. */
export const ended: Extract<Event, { type: 'run-ended' }> = {
  type: 'run-ended',
  outcome: 'succeeded',
  exitCode: 0,
  message: 'done',
  left: [],
};

/** An intent to change something. */
export function intended(step: string): Extract<Event, { type: 'change-intended' }> {
  return {
    type: 'change-intended',
    step,
    uses: 'cloudflare.set-load-balancer',
    input: {},
    before: { enabled: true },
    after: { enabled: false },
    digest: 'd'.repeat(64),
    undoable: true,
    rollback: 'auto',
  };
}

/** A log with one whole run of `entries` entries, and its lines. */
export async function recordedLog(directory: string, entries: number): Promise<string[]> {
  const store = storeOn(directory);
  await store.begin('run-1', alice, ['dns/api.example.com'], started(['dns/api.example.com']));
  const lease = await store.drive('run-1', alice);
  for (let at = 3; at < entries; at += 1)
    await lease.append({ type: 'step-skipped', step: `s${at}`, why: 'not needed' });
  await lease.end(ended);
  const lines: string[] = [];
  for await (const line of store.chain()) lines.push(line);
  await store.close();
  return lines;
}
