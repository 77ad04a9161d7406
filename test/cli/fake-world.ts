import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRedactor } from '../../src/journal/redact.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { systemFiles } from '../../src/world/system-files.ts';
import type { StopSignal, World } from '../../src/world/world.ts';

/** A world with a home of its own, no terminal, and what was written kept. */
export type FakeWorld = {
  world: World;
  home: string;
  stdout(): string;
  stderr(): string;
  /** Forgets what was written so far. */
  clear(): void;
  /** Raises a signal, as the system would. */
  raise(signal: StopSignal): void;
  remove(): Promise<void>;
};

/** Makes a world; what is given replaces the defaults. */
export async function createFakeWorld(given: Partial<World> = {}): Promise<FakeWorld> {
  const home = await mkdtemp(join(tmpdir(), 'resend-ops-cli-'));
  const listeners = new Map<StopSignal, Set<() => void>>();
  const written = { stdout: '', stderr: '' };
  const port = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      written[name] += text;
    },
    isTTY: false,
    columns: () => 80,
  });
  const world: World = {
    variables: { LANG: 'C.UTF-8' },
    cwd: home,
    homeDirectory: home,
    user: 'ada',
    host: 'bastion',
    version: '9.9.9',
    packageDirectory: fileURLToPath(new URL('../..', import.meta.url)),
    stdin: { isTTY: false },
    stdout: port('stdout'),
    stderr: port('stderr'),
    onSignal(signal, listener) {
      const those = listeners.get(signal) ?? new Set();
      listeners.set(signal, those.add(listener));
      return () => those.delete(listener);
    },
    files: systemFiles,
    redactor: createRedactor([]),
    clock: createClock({ speed: 1 }),
    ...given,
  };
  return {
    world,
    home,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    clear() {
      written.stdout = '';
      written.stderr = '';
    },
    raise(signal) {
      for (const listener of listeners.get(signal) ?? []) listener();
    },
    remove: () => rm(home, { recursive: true, force: true }),
  };
}
