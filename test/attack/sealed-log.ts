import { formatLine, genesis, sha256 } from '../../src/journal/chain.ts';
import type { Event } from '../../src/journal/events.ts';
import { started } from '../journal/support/store-fixture.ts';

/** The events of one run that ended well, `count` of them, the same at every call. */
function eventsOf(count: number): Event[] {
  const middle = Array.from({ length: Math.max(0, count - 3) }, (_, at): Event => {
    return { type: 'step-skipped', step: `step-${at + 1}`, why: `not needed on ${at + 1} “quiet” nights` };
  });
  const all: Event[] = [
    { ...started(['dns/api.example.com']), inputs: { reason: 'the edge answers 500' } },
    { type: 'driver-started', pid: 4711, process: '12345', boot: 'laptop/boot/pid:[1]', forced: false },
    ...middle,
    { type: 'run-ended', outcome: 'succeeded', exitCode: 0, message: 'done', left: [] },
  ];
  return all.slice(0, count);
}

/** The lines of a log of one run, with the same bytes at every call; `user` makes another log of the same shape. */
export function sealedLog(count: number, user = 'alice'): string[] {
  let prev = genesis;
  return eventsOf(count).map((event, at) => {
    const time = new Date(Date.UTC(2026, 10, 18, 11, 48, at)).toISOString();
    const stamp = { seq: at + 1, time, run: 'run-1', epoch: at === 0 ? 0 : 1, actor: { user, host: 'laptop' }, prev };
    const { line, hash } = formatLine(stamp, event);
    prev = hash;
    return line;
  });
}

/** The hash that stands at the end of a line. */
export function hashOf(line: string | undefined): string {
  return /"hash":"([0-9a-f]{64})"\}$/.exec(line ?? '')?.[1] ?? genesis;
}

/** `SEQ:HASH` of the last of some lines. */
export function headOfLines(lines: readonly string[]): string {
  return `${lines.length}:${hashOf(lines.at(-1))}`;
}

/** What the program would keep in `HEAD` for these lines. */
export function headText(lines: readonly string[]): string {
  return `${hashOf(lines[0])}\n${lines.length}\n${hashOf(lines.at(-1))}\n`;
}

/** Lines as the bytes of a file. */
export function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** The line with a hash that fits what it now says. */
export function reseal(line: string): string {
  const body = line.replace(/,"hash":"[^"]*"\}$/, '');
  return `${body},"hash":"${sha256(body)}"}`;
}

/** The lines from `from` (counted from 0) on, numbered, linked and hashed anew, as a forger would who knows the format. */
export function rehash(lines: readonly string[], from: number): string[] {
  const forged = [...lines.slice(0, from)];
  for (const line of lines.slice(from)) {
    const prev = hashOf(forged.at(-1));
    const numbered = line.replace(/^\{"seq":\d+/, `{"seq":${forged.length + 1}`);
    forged.push(reseal(numbered.replace(/,"prev":"[0-9a-f]*"/, `,"prev":"${prev}"`)));
  }
  return forged;
}
