import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { longestLine } from '../../src/journal/chain.ts';
import { listSegments, readLines, readText, segmentFile, segmentName } from '../../src/journal/segments.ts';
import { stateDirectory } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
let file: string;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
  mkdirSync(directory, { recursive: true });
  file = join(directory, 'file');
});
afterEach(() => remove());

/** What is read of a text, which stops before the line `stop`. */
function read(text: string, options: { from?: number; until?: number; stop?: string } = {}) {
  writeFileSync(file, text);
  const lines: string[] = [];
  const visit = (buffer: Buffer, start: number, end: number) => {
    const line = buffer.toString('utf8', start, end);
    if (line === options.stop) return false;
    lines.push(line);
    return true;
  };
  const { offset, rest, stopped } = readLines(file, options.from ?? 0, visit, options.until);
  return { lines, offset, rest: rest.toString(), stopped };
}

describe('reading the lines of a file', () => {
  test('gives each whole line, and what stands behind the last of them', () => {
    expect(read('')).toEqual({ lines: [], offset: 0, rest: '', stopped: false });
    expect(read('one')).toEqual({ lines: [], offset: 0, rest: 'one', stopped: false });
    expect(read('\n')).toEqual({ lines: [''], offset: 1, rest: '', stopped: false });
    expect(read('one\n\ntwo\nth')).toEqual({ lines: ['one', '', 'two'], offset: 9, rest: 'th', stopped: false });
  });

  test('begins and ends where it is asked to, and stops before a line where it is told to', () => {
    const text = 'one\ntwo\nthree\n';
    expect(read(text, { from: 4 })).toEqual({ lines: ['two', 'three'], offset: 14, rest: '', stopped: false });
    expect(read(text, { from: 14 })).toEqual({ lines: [], offset: 14, rest: '', stopped: false });
    expect(read(text, { until: 8 })).toEqual({ lines: ['one', 'two'], offset: 8, rest: '', stopped: false });
    expect(read(text, { until: 7 })).toEqual({ lines: ['one'], offset: 4, rest: 'two', stopped: false });
    expect(read(text, { until: 99 })).toMatchObject({ lines: ['one', 'two', 'three'], offset: 14 });
    expect(read(text, { stop: 'one' })).toEqual({ lines: [], offset: 0, rest: '', stopped: true });
    expect(read(text, { from: 4, stop: 'three' })).toEqual({ lines: ['two'], offset: 8, rest: '', stopped: true });
  });

  test('is the same wherever a line lies in the pieces in which the file is read', () => {
    const piece = 256 * 1024;
    for (const length of [piece - 2, piece - 1, piece, piece + 1, 3 * piece]) {
      const lines = ['x'.repeat(length), 'short', 'y'.repeat(length), 'last'];
      const text = `${lines.join('\n')}\n`;
      expect(read(`${text}rest`)).toEqual({ lines, offset: text.length, rest: 'rest', stopped: false });
    }
    const many = Array.from({ length: 60_000 }, (_, at) => `line ${at}`);
    expect(read(`${many.join('\n')}\n`).lines).toEqual(many);
  });

  test('takes a line of the longest length, and stops at one that is longer', () => {
    const longest = 'x'.repeat(longestLine);
    expect(read(`a\n${longest}\nb\n`).lines).toEqual(['a', longest, 'b']);
    const { lines, offset, rest, stopped } = read(`a\n${'x'.repeat(2 * longestLine)}\nb\n`);
    expect({ lines, offset, stopped }).toEqual({ lines: ['a'], offset: 2, stopped: true });
    expect(rest.length).toBeGreaterThan(longestLine);
    // A whole text of the longest length that has no end is no line yet, and not too long for one.
    expect(read(longest)).toEqual({ lines: [], offset: 0, rest: longest, stopped: false });
  });

  test('of which some bytes are asked for gives those, and fewer where it ends before', () => {
    writeFileSync(file, 'abc\xff', 'latin1');
    expect([readText(file, 1, 2), readText(file, 2, 9), readText(file, 9, 1)]).toEqual(['bc', 'c\xff', '']);
  });
});

test('the files of a log are numbered from 1 without gaps', () => {
  const audit = join(directory, 'audit');
  expect(listSegments(audit)).toEqual({ count: 0, stray: undefined });
  mkdirSync(audit);
  for (const number of [1, 2, 10]) writeFileSync(segmentFile(audit, number), '');
  for (const name of ['HEAD', 'HEAD.next', '00000001.jsonl.broken-1']) writeFileSync(join(audit, name), '');
  expect(listSegments(audit)).toEqual({ count: 3, stray: '00000010.jsonl' });
  rmSync(segmentFile(audit, 10));
  expect(listSegments(audit)).toEqual({ count: 2, stray: undefined });
  rmSync(segmentFile(audit, 1));
  expect(listSegments(audit)).toEqual({ count: 1, stray: '00000002.jsonl' });
  expect([segmentName(1), segmentName(123_456_789)]).toEqual(['00000001.jsonl', '123456789.jsonl']);
});
