import { appendFileSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatLine, genesis, longestLine, sha256 } from '../../src/journal/chain.ts';
import { createLogScan, type Expected, headOf, type LogScan, scanOn } from '../../src/journal/log-scan.ts';
import { verifyChain } from '../../src/journal/verify.ts';
import { hashOf, sealedLog } from '../attack/sealed-log.ts';
import { alice, stateDirectory, storeOn } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
let audit: string;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
  audit = join(directory, 'audit');
  mkdirSync(audit, { recursive: true });
});
afterEach(() => remove());

const lines = sealedLog(6);
const text = (...some: (string | undefined)[]) => some.map((line) => `${line}\n`).join('');
const [first = ''] = lines;
const file = (number: number) => join(audit, `0000000${number}.jsonl`);
let ticks = 0;
/** Writes a file of the log, at another time than whatever was written to it before. */
function write(number: number, content: string): void {
  ticks += 1;
  writeFileSync(file(number), content);
  utimesSync(file(number), ticks, ticks);
}
const none = () => undefined;
const scan = (seen: LogScan, expected: readonly Expected[] = []) => scanOn(seen, expected, none);
/** A log whose first lines, in one file, were read already. */
function readOf(count: number): LogScan {
  write(1, text(...lines.slice(0, count)));
  const seen = createLogScan(audit);
  expect(scan(seen)).toBeUndefined();
  return seen;
}

describe('reading on', () => {
  test('of a log that is not there is at its beginning', () => {
    const seen = createLogScan(audit);
    expect(scan(seen)).toBeUndefined();
    expect(headOf(seen)).toBeUndefined();
    expect(seen).toMatchObject({ seq: 0, hash: genesis, previous: genesis, ownSeq: 0, tornBytes: 0, lineNumber: 1 });
    write(1, '');
    expect(scan(seen)).toBeUndefined();
    expect(seen.place).toEqual({ segment: 1, offset: 0 });
  });

  test('goes from where it was to the end, through every file', () => {
    const seen = readOf(2);
    expect(seen).toMatchObject({
      seq: 2,
      hash: hashOf(lines[1]),
      previous: hashOf(first),
      lineNumber: 3,
      tornBytes: 0,
    });
    expect(seen.place).toEqual({ segment: 1, offset: text(...lines.slice(0, 2)).length });
    write(1, text(...lines.slice(0, 3)));
    write(2, text(lines[3]));
    write(3, text(lines[4], lines[5]));
    expect(scan(seen)).toBeUndefined();
    expect(headOf(seen)).toEqual({ origin: hashOf(first), seq: 6, hash: hashOf(lines[5]) });
    expect(seen).toMatchObject({ lineNumber: 3, previous: hashOf(lines[4]), place: { segment: 3 } });
  });

  test('shows each line to who asks, at its place, and hears what is wrong with it', () => {
    write(1, text(...lines.slice(0, 2)));
    write(2, text(lines[2], lines[3]));
    const seen = createLogScan(audit);
    const shown: [string, number][] = [];
    const fault = scanOn(seen, [], (buffer, start, end) => {
      const line = buffer.toString('utf8', start, end);
      if (line === lines[3]) return 'not this one';
      shown.push([line, seen.seq]);
      return undefined;
    });
    expect(fault).toEqual({ file: '00000002.jsonl', line: 2, seq: 4, what: 'not this one' });
    expect(shown).toEqual(lines.slice(0, 3).map((line, at) => [line, at]));
    expect(seen).toMatchObject({ seq: 3, lineNumber: 2 });
  });
});

describe('a log that was read already', () => {
  test('and whose file is gone, or is shorter, is damaged', () => {
    const seen = readOf(2);
    const size = text(...lines.slice(0, 2)).length;
    write(1, text(first));
    expect(scan(seen)).toMatchObject({
      line: 3,
      seq: 3,
      what: `the file was cut to ${text(first).length} bytes; it had ${size}`,
    });
    rmSync(file(1));
    expect(scan(seen)).toEqual({ file: '00000001.jsonl', line: 3, seq: 3, what: 'this file of the log is missing' });
  });

  test('and whose first file is gone, while there is a next, is damaged from its beginning', () => {
    write(2, text(first));
    expect(scan(createLogScan(audit))).toMatchObject({ line: 1, what: 'this file of the log is missing' });
  });

  test('and whose newest line has become another is damaged, whatever its length', () => {
    const seen = readOf(2);
    const other = sealedLog(2, 'malla');
    write(1, text(...other));
    expect(text(...other).length).toBe(text(...lines.slice(0, 2)).length);
    expect(scan(seen)).toMatchObject({ what: 'the last line was replaced by another' });
    // What this process wrote itself nobody looks at again.
    const own = readOf(2);
    own.ownSeq = 2;
    write(1, text(...other));
    expect(scan(own)).toBeUndefined();
  });

  test('and is as it was is as good as before, also where its file was touched or gone on with', () => {
    const seen = readOf(2);
    expect(scan(seen)).toBeUndefined();
    write(1, text(...lines.slice(0, 2)));
    expect(scan(seen)).toBeUndefined();
    write(2, text(lines[2]));
    expect(scan(seen)).toBeUndefined();
    expect(seen).toMatchObject({ seq: 3, place: { segment: 2 }, lineNumber: 2 });
  });
});

describe('a place that the chain must come by', () => {
  const at = (seq: number, more: Partial<Expected> = {}): Expected => ({
    seq,
    hash: hashOf(lines[seq - 1]),
    from: 'HEAD',
    ...more,
  });

  test('is met where its entry is that one, and its log has that origin', () => {
    write(1, text(...lines));
    for (const seq of [1, 3, 6]) {
      expect(scan(createLogScan(audit), [at(seq), at(seq, { origin: hashOf(first) })])).toBeUndefined();
    }
  });

  test('is missed at another entry, at another origin, and behind the end', () => {
    write(1, text(...lines.slice(0, 5)));
    expect(scan(createLogScan(audit), [at(2), at(4, { hash: sha256('x') })])).toEqual({
      file: '00000001.jsonl',
      line: 4,
      seq: 4,
      what: 'it is not the entry 4 that HEAD names',
    });
    expect(scan(createLogScan(audit), [at(5), at(5, { origin: sha256('x'), from: 'a witness' })])).toEqual({
      file: '00000001.jsonl',
      line: 1,
      seq: 1,
      what: 'it is not the origin of the log that a witness names',
    });
    expect(scan(createLogScan(audit), [at(5), at(6)])).toEqual({
      file: '00000001.jsonl',
      line: 6,
      seq: 6,
      what: 'the log ends with entry 5, but HEAD names entry 6: its end was cut off',
    });
  });
});

describe('what stands behind the last whole line', () => {
  const torn = '{"seq":7,"time":"2026';
  const zeroed = `{"seq":7,"time":"${'\0'.repeat(40)}"}`;

  test('is torn where it may be the beginning of the next entry, until it is gone on with', () => {
    const seen = readOf(6);
    const { place } = seen;
    appendFileSync(file(1), torn);
    expect(scan(seen)).toBeUndefined();
    expect(seen).toMatchObject({ tornBytes: torn.length, place, seq: 6 });
    write(1, text(...lines));
    expect(scan(seen)).toBeUndefined();
    expect(seen.tornBytes).toBe(0);
  });

  test('is torn where its end came to the disk and its middle did not: zeros, in the very last line', () => {
    const seen = readOf(6);
    appendFileSync(file(1), text(zeroed));
    expect(scan(seen)).toBeUndefined();
    expect(seen).toMatchObject({ tornBytes: zeroed.length + 1, seq: 6 });
    for (const after of [
      text(zeroed, 'x'),
      `${text(zeroed)}{`,
      text(`x${zeroed}`),
      text(zeroed.replaceAll('\0', ' ')),
    ]) {
      write(1, text(...lines) + after);
      expect(scan(createLogScan(audit)), after).toMatchObject({ line: 7, seq: 7 });
    }
    write(1, text(...lines, zeroed));
    write(2, '');
    expect(scan(createLogScan(audit))).toMatchObject({ file: '00000001.jsonl', line: 7 });
  });

  test('is damage where it is no beginning of an entry, is too long for one, or another file follows', () => {
    write(1, `${text(...lines)}x`);
    expect(scan(createLogScan(audit))).toMatchObject({
      line: 7,
      what: 'the log ends with bytes that are not the beginning of an entry',
    });
    const start = '{"seq":7,"time":"';
    for (const [length, found] of [
      [longestLine, undefined],
      [longestLine + 1, expect.objectContaining({ line: 7, what: 'a line of more than 1048576 bytes' })],
    ] as const) {
      write(1, text(...lines) + start.padEnd(length, '2'));
      expect(scan(createLogScan(audit))).toEqual(found);
    }
    write(1, `${text(...lines)}${torn}`);
    write(2, '');
    expect(scan(createLogScan(audit))).toMatchObject({ line: 7, what: 'the file ends in the middle of a line' });
  });

  test('a whole line may be of the longest length, and no longer', async () => {
    const lineOf = (length: number) => {
      const stamp = { seq: 1, time: '2026-11-18T11:48:00.000Z', run: 'run-1', epoch: 0, actor: alice, prev: genesis };
      const bare = formatLine(stamp, { type: 'commented', text: '' }).line.length;
      return formatLine(stamp, { type: 'commented', text: 'x'.repeat(length - bare) }).line;
    };
    write(1, text(lineOf(longestLine)));
    expect(scan(createLogScan(audit))).toBeUndefined();
    write(1, text(lineOf(longestLine + 1)));
    expect(scan(createLogScan(audit))).toMatchObject({ line: 1, what: 'a line of more than 1048576 bytes' });
    const verified = await verifyChain({ lines: [lineOf(longestLine + 1)], name: 'export' });
    expect(verified).toMatchObject({ ok: false, file: 'export', what: 'a line of more than 1048576 bytes' });
  });
});

test('the length of a line is its own, wherever in the log it stands', () => {
  let prev = genesis;
  const long = Array.from({ length: 5 }, (_, at) => {
    const stamp = { seq: at + 1, time: '2026-11-18T11:48:00.000Z', run: 'run-1', epoch: 0, actor: alice, prev };
    const { line, hash } = formatLine(stamp, { type: 'commented', text: 'x'.repeat(200_000) });
    prev = hash;
    return line;
  });
  write(1, text(...long));
  const seen = createLogScan(audit);
  expect(scan(seen)).toBeUndefined();
  expect(seen).toMatchObject({ seq: 5, place: { offset: text(...long).length } });
});

describe('lines from anywhere', () => {
  test('verify with the place up to which they are good', async () => {
    expect(await verifyChain({ lines, name: 'export' })).toEqual({
      ok: true,
      records: 6,
      head: { origin: hashOf(first), seq: 6, hash: hashOf(lines[5]) },
      anchored: false,
      headFile: 'none',
      tornBytes: 0,
    });
    expect(await verifyChain({ lines: lines.with(3, 'x'), name: 'export' })).toEqual({
      ok: false,
      records: 3,
      file: 'export',
      line: 4,
      seq: 4,
      what: expect.stringContaining('not an entry'),
    });
    const head = { seq: 7, hash: sha256('x') };
    expect(await verifyChain({ lines, name: 'export' }, { head })).toEqual({
      ok: false,
      records: 6,
      file: 'export',
      line: 7,
      seq: 7,
      what: 'the log ends with entry 6, but the head that was given names entry 7: its end was cut off',
    });
  });
});

test('what is no head, and a file that is no part of the log, are damage at its very beginning', async () => {
  write(1, text(...lines));
  const fault = { ok: false, records: 0, line: 1, seq: 1 };
  writeFileSync(join(audit, 'HEAD'), 'hello');
  const what = 'not a head: origin, seq and hash on three lines';
  expect(await verifyChain({ directory })).toEqual({ ...fault, file: 'HEAD', what });
  await expect(storeOn(directory).runs()).rejects.toMatchObject({
    code: 'audit',
    message: `the audit log in ${audit} is damaged: HEAD: ${what}`,
  });
  write(3, '');
  expect(await verifyChain({ directory })).toEqual({
    ...fault,
    file: '00000003.jsonl',
    what: 'the files of the log are not numbered from 1 without gaps',
  });
});

test('a log verifies with its head where that is the newest entry, behind, or not there', async () => {
  write(1, text(...lines));
  const verified = {
    ok: true,
    records: 6,
    head: { origin: hashOf(first), seq: 6, hash: hashOf(lines[5]) },
    tornBytes: 0,
  };
  expect(await verifyChain({ directory })).toEqual({ ...verified, anchored: false, headFile: 'absent' });
  for (const [seq, headFile] of [
    [6, 'matches'],
    [5, 'behind'],
    [1, 'behind'],
  ] as const) {
    writeFileSync(join(audit, 'HEAD'), `${hashOf(first)}\n${seq}\n${hashOf(lines[seq - 1])}\n`);
    expect(await verifyChain({ directory })).toEqual({ ...verified, anchored: false, headFile });
  }
  const head = { seq: 2, hash: hashOf(lines[1]) };
  expect(await verifyChain({ directory }, { head })).toEqual({ ...verified, anchored: true, headFile: 'behind' });
});

test('a damaged log gives the lines before the damage, then says where it is', async () => {
  write(1, text(...lines.slice(0, 3)));
  write(2, text(lines[3], 'x', lines[5]));
  const given: string[] = [];
  const read = async () => {
    for await (const line of storeOn(directory).chain()) given.push(line);
  };
  await expect(read()).rejects.toMatchObject({
    code: 'audit',
    message: `the audit log in ${audit} is damaged: 00000002.jsonl:2: not an entry: too short to hold prev and hash`,
    hint: expect.stringContaining(`mv '${audit}/HEAD' '${audit}/HEAD.lost' accepts it`),
  });
  expect(given).toEqual(lines.slice(0, 4));
});
