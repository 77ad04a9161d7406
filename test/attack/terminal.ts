import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const driver = fileURLToPath(new URL('./terminal.py', import.meta.url));
const bin = fileURLToPath(new URL('../../bin/resend-ops.js', import.meta.url));

/** Whether this machine can give a program a terminal of its own. */
export const hasTerminals = spawnSync('python3', ['-c', 'import pty, termios']).status === 0;

/** How the program on the terminal ended. `restored`: the line's settings are as before; null after a hang-up. */
type Ended = { code: number | null; signal: number | null; restored: boolean | null; output: string };

/** A pipe in place of stdout, whose reader leaves once a file is there and says so; then the exit code is told. */
const readUntil =
  'leave=$1; shift; { "$@"; echo "exit code $?" >&2; } | { until test -e "$leave"; do sleep 0.05; done; exec <&-; echo "reader left" >&2; }';

/** Starts the built program on a terminal of its own; `readUntil` is the file that ends the reader of its stdout. */
export async function startOnTerminal(
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  piped?: { readUntil: string },
) {
  const shell = piped === undefined ? [] : ['sh', '-c', readUntil, 'sh', piped.readUntil];
  const child = spawn('python3', [driver, ...shell, process.execPath, bin, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', TERM: 'xterm', LANG: 'C.UTF-8', ...variables },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  const watchers = new Set<() => void>();
  let onPid: (pid: number) => void = () => undefined;
  const started = new Promise<number>((resolve) => {
    onPid = resolve;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    let last: Omit<Ended, 'output'> | undefined;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const told: { pid?: number; out?: string; code?: number | null } & Partial<Ended> = JSON.parse(line);
      if (told.pid !== undefined) onPid(told.pid);
      if (told.out !== undefined) output += told.out;
      if (told.code !== undefined)
        last = { code: told.code, signal: told.signal ?? null, restored: told.restored ?? null };
      for (const watcher of watchers) watcher();
    });
    child.on('close', () => {
      if (last === undefined) reject(new Error('the terminal ended without a word'));
      else resolve({ ...last, output });
    });
  });
  const order = (what: object) => child.stdin.write(`${JSON.stringify(what)}\n`);
  return {
    pid: await started,
    ended,
    /** Types text, as a person would. */
    type: (text: string) => order({ type: text }),
    /** Loses the connection. */
    hangUp: () => order({ hangUp: true }),
    output: () => output,
    /** Resolves when the screen has shown a match; rejects when the program ends before. */
    until: (pattern: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (!pattern.test(output)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
        ended.then(({ code }) => reject(new Error(`ended with ${code} before ${pattern}: ${output}`)), reject);
      }),
  };
}
