import { describe, expect, test } from 'vitest';
import { formatLine, genesis, sha256 } from '../../src/journal/chain.ts';
import { checkLine, looksTorn, readOpening } from '../../src/journal/check-line.ts';
import { reseal } from '../attack/sealed-log.ts';
import { alice } from './support/store-fixture.ts';

const stamp = { time: '2026-11-18T11:48:00.000Z', run: 'run-1', epoch: 1, actor: alice, prev: genesis };
const lineOf = (seq: number, more: { run?: string; type?: string } = {}) =>
  formatLine({ ...stamp, seq, run: more.run ?? stamp.run }, { type: more.type ?? 'commented', text: 'hello' }).line;

function check(line: string, seq = 1, prev = genesis) {
  const bytes = Buffer.from(line);
  return checkLine(bytes, 0, bytes.length, seq, prev);
}

const good = (line: string) => ({ ok: true, hash: line.slice(-66, -2) });
const bad = (what: string) => ({ ok: false, what: expect.stringContaining(what) });
const noOpening = bad('it does not begin with seq, time, run, epoch, type, actor');

describe('a line of the log', () => {
  test('is found good in the middle of other bytes, and only within its bounds', () => {
    const line = lineOf(1);
    const bytes = Buffer.from(`junk${line}\n{"seq":`);
    expect(checkLine(bytes, 4, 4 + line.length, 1, genesis)).toEqual(good(line));
    for (const [start, end] of [
      [3, 4 + line.length],
      [5, 4 + line.length],
      [4, 3 + line.length],
      [4, 5 + line.length],
    ] as const) {
      expect(checkLine(bytes, start, end, 1, genesis), `${start} to ${end}`).toMatchObject({ ok: false });
    }
  });

  test('may have a name of a run of 128 characters, a type of 64, and a number of 16 digits; one more is too many', () => {
    const cases: [string, number][] = [
      [lineOf(1, { run: 'r'.repeat(128) }), 1],
      [lineOf(1, { type: 't'.repeat(64) }), 1],
      [lineOf(9_007_199_254_740_991), 9_007_199_254_740_991],
    ];
    for (const [line, seq] of cases) expect(check(line, seq)).toEqual(good(line));
    const longer = [
      lineOf(1, { run: 'r'.repeat(129) }),
      lineOf(1, { type: 't'.repeat(65) }),
      reseal(lineOf(1).replace('"seq":1', '"seq":11111111111111111')),
      reseal(lineOf(1).replace('"epoch":1', '"epoch":11111111111111111')),
    ];
    for (const line of longer) expect(check(line), line).toEqual(noOpening);
    const epoch = reseal(lineOf(1).replace('"epoch":1', '"epoch":1111111111111111'));
    expect(check(epoch)).toEqual(good(epoch));
  });

  test.each(['a', 'z', 'A', 'Z', '0', '9', '.', '-', '_'])('may have %s in the name of its run', (character) => {
    const line = lineOf(1, { run: `r${character}${character}` });
    expect(check(line)).toEqual(good(line));
  });

  test.each(['`', '{', '@', '[', '/', ':', ',', ' ', '~', '\u007f', 'ä'])(
    'may not have %j in the name of its run',
    (character) => {
      expect(check(lineOf(1, { run: `r${character}` }))).toEqual(noOpening);
    },
  );

  test('says its number in digits, without zeros before it', () => {
    for (const seq of ['/', ':', '01', '00', '', '-1', '1a', '1.0']) {
      expect(check(reseal(lineOf(1).replace('"seq":1', `"seq":${seq}`))), seq).toEqual(noOpening);
    }
    const zero = reseal(lineOf(1).replace('"seq":1', '"seq":0'));
    expect(check(zero, 0)).toEqual(good(zero));
    expect(check(zero)).toEqual(bad('seq is 0 where 1 belongs'));
    for (const seq of [90, 109, 1234567890]) expect(check(lineOf(seq), seq)).toEqual(good(lineOf(seq)));
    expect(check(lineOf(21), 12)).toEqual(bad('seq is 21 where 12 belongs'));
  });

  test('has each of its opening fields at its place', () => {
    for (const name of ['{"seq"', '"time"', '"run"', '"epoch"', '"type"', '"actor"']) {
      const changed = name.replace(/[a-z](?=")/, 'x');
      expect(check(reseal(lineOf(1).replace(name, changed))), name).toEqual(noOpening);
    }
    expect(check(reseal(lineOf(1).replace('"time":"2026', '"time":"02026')))).toEqual(noOpening);
  });

  test('ends with prev and its hash, each of 64 lower-case hexadecimal digits', () => {
    const line = lineOf(1);
    const atEnd = (change: (text: string) => string) => line.slice(0, -150) + change(line.slice(-150));
    const noHash = bad('it does not end with its hash');
    const noPrev = bad('prev does not stand before its hash');
    const hash = line.slice(-66, -2);
    const without = line.slice(0, -75);
    const cases: [string, object][] = [
      ['', bad('an empty line')],
      ['x', bad('too short')],
      [line.slice(-149), bad('too short')],
      [`x${line.slice(-149)}`, noOpening],
      [atEnd((text) => text.replace('"hash"', '"hasx"')), noHash],
      [atEnd((text) => text.replace(/"\}$/, '"]')), noHash],
      [atEnd((text) => text.replace(/"\}$/, ' }')), noHash],
      [`${without},"hash":"${hash.slice(0, -1)}g"}`, noHash],
      [`${without},"hash":"${hash.slice(0, -1)}A"}`, noHash],
      [`${without},"hash":"/${hash.slice(1)}"}`, noHash],
      [`${without},"hash":"\`${hash.slice(1)}"}`, noHash],
      [`${without},"hash":":${hash.slice(1)}"}`, noHash],
      [`${without},"hash":"${'0'.repeat(64)}"}`, bad('its hash is not the hash of its bytes')],
      [`${without},"hash":"${hash.slice(0, -1)}${hash.endsWith('0') ? '1' : '0'}"}`, bad('its hash is not the hash')],
      [reseal(atEnd((text) => text.replace('"prev"', '"prex"'))), noPrev],
      [reseal(atEnd((text) => text.replace(`${genesis}"`, `${genesis}x`))), noPrev],
      [reseal(atEnd((text) => text.replace(genesis, `${genesis.slice(1)}g`))), noPrev],
      [reseal(atEnd((text) => text.replace(genesis, `F${genesis.slice(1)}`))), noPrev],
    ];
    for (const [text, expected] of cases) expect(check(text), text).toEqual(expected);
    const hexadecimal = '0123456789abcdef'.repeat(4);
    const linked = formatLine({ ...stamp, seq: 1, prev: hexadecimal }, { type: 'commented' }).line;
    expect(check(linked, 1, hexadecimal)).toEqual(good(linked));
  });

  test('is linked to the one before by every digit of its hash', () => {
    const prev = sha256('before');
    const { line } = formatLine({ ...stamp, seq: 2, prev }, { type: 'commented', text: 'hello' });
    expect(check(line, 2, prev)).toEqual(good(line));
    for (const at of [0, 31, 63]) {
      const other = prev.slice(0, at) + (prev[at] === '0' ? '1' : '0') + prev.slice(at + 1);
      expect(check(line, 2, other), other).toEqual(bad('prev is not the hash of the line before'));
    }
  });
});

test('the opening of a line tells its run and its type, also where they are as long as may be', () => {
  const [run, type] = ['r'.repeat(128), 't'.repeat(64)];
  const bytes = Buffer.from(`{"seq":9,"run":"run-2",\n${lineOf(9_007_199_254_740_991, { run, type })}\n`);
  const start = bytes.indexOf('\n') + 1;
  expect(readOpening(bytes, start, bytes.length - 1)).toEqual({ run, type });
  expect(readOpening(bytes, start, start + 60)).toEqual({ run: '', type: '' });
});

test('what is left of a write is the beginning of the entry that belongs there, or zeros', () => {
  const torn: [string, boolean][] = [
    ['{', true],
    ['{"seq":7,"time":"', true],
    ['{"seq":7,"time":"2026', true],
    ['{"seq":7,"time":"and anything after it', true],
    ['\0\0', true],
    ['{"seq"\0\0,"time":"', true],
    ['x', false],
    ['{"seq":8', false],
    ['{"seq":7,"time":2', false],
    ['{"seq":7,"time":\0', true],
    ['{"seq":77', false],
  ];
  for (const [text, expected] of torn) expect(looksTorn(Buffer.from(text), 7), text).toBe(expected);
});
