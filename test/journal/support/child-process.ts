import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** Bundles the program that the tests start as other processes into `directory`; answers its path. */
export async function bundleChild(directory: string): Promise<string> {
  const file = join(directory, 'child.mjs');
  const bundle = await rolldown({ input: fileURLToPath(new URL('./child.ts', import.meta.url)), platform: 'node' });
  await bundle.write({ file, format: 'esm' });
  await bundle.close();
  return file;
}

/** A started process: what it tells, one JSON line at a time. */
export type Child = {
  readonly process: ChildProcess;
  /** The next thing it tells. Throws when it has ended instead. */
  next(): Promise<Record<string, unknown>>;
  ask(line: string): void;
  signal(signal: NodeJS.Signals): void;
  /** Kills it and waits until the system has let go of it. */
  kill(): Promise<void>;
};

/** Starts the bundled program with arguments. */
export function startChild(file: string, ...args: string[]): Child {
  return startCommand(process.execPath, file, ...args);
}

/** Starts a command that becomes the bundled program in the end. */
export function startCommand(command: string, ...args: string[]): Child {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const gone = once(child, 'close');
  // A process that is killed while it is asked something closes its pipe.
  child.stdin.on('error', () => undefined);
  return {
    process: child,
    async next() {
      const line = await lines.next();
      if (line.done === true) throw new Error(`the process ended: ${args.join(' ')}`);
      return JSON.parse(line.value);
    },
    ask: (line) => void child.stdin.write(`${line}\n`),
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
