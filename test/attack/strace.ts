import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Act } from './victim.ts';

const bin = fileURLToPath(new URL('../../bin/resend-ops.js', import.meta.url));

/** Whether strace is here and may trace. */
export const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

/** Runs the built program under strace with these options, to its end. strace ends as the program did. */
export function runUnderStrace(
  options: readonly string[],
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }> {
  const child = spawn('strace', ['-f', '-qq', ...options, process.execPath, bin, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', NO_COLOR: '1', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** The options that record what {@link readStrace} reads. */
export function tracing(file: string): string[] {
  const calls = 'trace=write,writev,sendto,sendmsg,pwrite64,fdatasync,fsync';
  return ['-yy', '-s', '400', '-e', calls, '-e', 'signal=none', '-o', file];
}

const ops: Readonly<Record<string, Act['op']>> = { fdatasync: 'fdatasync', fsync: 'fsync' };

/**
 * A recording as acts, in the order in which the system saw them begin and answered them. A write to a socket is a
 * `send` to its `host:port`.
 */
export function readStrace(text: string): Act[] {
  const acts: Act[] = [];
  const unfinished = new Map<string, Act>();
  for (const line of text.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (rest.startsWith('<... ')) {
      const begun = unfinished.get(thread);
      unfinished.delete(thread);
      if (begun !== undefined) acts.push(answered(begun, rest));
      continue;
    }
    const [, call, on, what = ''] = /^(\w+)\(\d+<(.*?)>[,)](.*)$/.exec(rest) ?? [];
    if (call === undefined || on === undefined) continue;
    const [, peer] = /^(?:TCP|UDP)\S*:\[.*->(.*)$/.exec(on.replace(/\]$/, '')) ?? [];
    const op = ops[call] ?? (peer === undefined ? 'write' : 'send');
    const begun: Act = { n: acts.length + 1, at: 'begin', op, path: peer ?? on, text: firstString(what) };
    acts.push(begun);
    if (rest.endsWith('<unfinished ...>')) unfinished.set(thread, begun);
    else acts.push(answered(begun, rest));
  }
  return acts;
}

function answered({ n, op, path }: Act, line: string): Act {
  const result = Number(/= (-?\d+)[^=]*$/.exec(line)?.[1] ?? Number.NaN);
  return result >= 0 ? { n, at: 'end', op, path, result } : { n, at: 'refused', op, path };
}

/** The first string that strace shows of a call, without its escapes. */
function firstString(shown: string): string {
  const [, text = ''] = /"((?:[^"\\]|\\.)*)"/.exec(shown) ?? [];
  return text
    .replace(/\\r/g, '\r')
    .replace(/\\n/g, '\n')
    .replace(/\\(["\\])/g, '$1');
}
