import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const preload = fileURLToPath(new URL('./failpoints.cjs', import.meta.url));

/** The act at which to kill, by its number. */
export type KillAtAct = { at: number; when: 'before' | 'after' };

/** Orders to the failpoints in the attacked process; see `failpoints.cjs`. */
export type Orders = {
  trace?: string;
  kill?: KillAtAct | { text: string; when: 'before' | 'after' };
  stop?: { at: number; when: 'before' | 'after' };
  fail?: { code: string; ops: readonly Act['op'][]; path: string; at: number; for: 'once' | 'ever' };
};

/** One act of the attacked process, as traced: at its beginning, and once the system has answered. */
export type Act = {
  n: number;
  at: 'begin' | 'end' | 'refused';
  op:
    | 'open'
    | 'write'
    | 'fdatasync'
    | 'fsync'
    | 'ftruncate'
    | 'rename'
    | 'link'
    | 'unlink'
    | 'mkdir'
    | 'copy'
    | 'write-file'
    | 'rm'
    | 'connect'
    | 'lookup'
    | 'send'
    | 'print';
  path: string;
  to?: string;
  /** What was written or sent, as far as its beginning. */
  text?: string;
  /** What the system answered where that is a number: the bytes written, or the descriptor. */
  result?: number;
};

/** Environment variables that put the failpoints into a process of the program. */
export function failpoints(orders: Orders): Record<string, string> {
  return { NODE_OPTIONS: `--require ${preload}`, FAILPOINTS: JSON.stringify(orders) };
}

/** The acts in a trace file, in order. */
export function readTrace(file: string): Act[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Act => JSON.parse(line));
}
