import { headOfLines, headText, rehash, reseal, sealedLog, textOf } from './sealed-log.ts';

/** A log that somebody has been at, and what verifying must say of it. */
export type Vector = {
  name: string;
  description: string;
  /** The files of the log's directory. */
  files: Readonly<Record<string, Buffer>>;
  /** The head that was kept outside. */
  head?: string;
  /** Where the first bad line is; left out where the log verifies. */
  bad?: { file: string; line: number };
  /** What has to be looked at beyond lines, hashes and the head: a verifier of the chain alone need not see it. */
  beyond?: 'HEAD' | 'file names' | 'form' | 'unfinished line';
};

const first = '00000001.jsonl';
const second = '00000002.jsonl';
const third = '00000003.jsonl';
const lines = sealedLog(5);
const head = headOfLines(lines);
const other = sealedLog(5, 'malla');

const bytes = (text: string | readonly string[]) => Buffer.from(typeof text === 'string' ? text : textOf(text));
const at = (line: number, file = first) => ({ bad: { file, line } });
const line = (number: number) => lines[number - 1] ?? '';
const one = (text: string | readonly string[] | Buffer) => ({
  files: { [first]: Buffer.isBuffer(text) ? text : bytes(text) },
});
const changed = (number: number, change: (line: string) => string) => lines.with(number - 1, change(line(number)));
const each = (numbers: readonly number[], make: (number: number) => Vector[]) => numbers.flatMap(make);

/** Every vector, in a fixed order. */
export function tamperVectors(): Vector[] {
  return [
    ...honest(),
    ...flips(),
    ...moved(),
    ...forged(),
    ...stripped(),
    ...cut(),
    ...extra(),
    ...files(),
    ...heads(),
  ];
}

function honest(): Vector[] {
  const two = { [first]: bytes(lines.slice(0, 3)), [second]: bytes(lines.slice(3)) };
  return [
    { name: 'honest', description: 'Nobody has been at it.', ...one(lines), head },
    { name: 'honest-no-head', description: 'Nobody has been at it; no head is known.', ...one(lines) },
    {
      name: 'honest-one-entry',
      description: 'A log of one entry.',
      ...one(lines.slice(0, 1)),
      head: headOfLines(lines.slice(0, 1)),
    },
    {
      name: 'honest-grown',
      description: 'The log has gone on since the head was written down.',
      ...one(lines),
      head: headOfLines(lines.slice(0, 3)),
    },
    { name: 'honest-two-files', description: 'One chain over two files.', files: two, head },
    {
      name: 'honest-own-head',
      description: 'HEAD names the last entry.',
      files: { ...one(lines).files, HEAD: bytes(headText(lines)) },
      head,
    },
    {
      name: 'honest-own-head-behind',
      description: 'HEAD is two entries behind, as a crash leaves it.',
      files: { ...one(lines).files, HEAD: bytes(headText(lines.slice(0, 3))) },
      head,
    },
    {
      name: 'honest-empty-last-file',
      description: 'A crash came between making a next file and its first line.',
      files: { ...one(lines).files, [second]: Buffer.alloc(0) },
      head,
    },
  ];
}

/** Where in a line a bit is flipped: the byte at which the text begins, and so many after it. */
const places: readonly { name: string; of: string; skip: number; bit: number }[] = [
  { name: 'opening', of: '{', skip: 0, bit: 0 },
  { name: 'seq', of: '{"seq":', skip: 7, bit: 2 },
  { name: 'time', of: '"time":"', skip: 10, bit: 0 },
  { name: 'run', of: '"run":"', skip: 8, bit: 1 },
  { name: 'epoch', of: '"epoch":', skip: 8, bit: 0 },
  { name: 'type', of: '"type":"', skip: 9, bit: 5 },
  { name: 'actor', of: '"actor":{"user":"', skip: 17, bit: 3 },
  { name: 'field-name', of: '"prev":"', skip: 2, bit: 4 },
  { name: 'prev', of: '"prev":"', skip: 40, bit: 0 },
  { name: 'hash', of: '"hash":"', skip: 70, bit: 1 },
  { name: 'closing', of: '"}\n', skip: 1, bit: 6 },
];

function flips(): Vector[] {
  const text = bytes(lines);
  const flipped = (index: number, bit: number) => {
    const copy = Buffer.from(text);
    copy[index] = (copy[index] ?? 0) ^ (1 << bit);
    return copy;
  };
  const begin = (number: number) => Buffer.byteLength(textOf(lines.slice(0, number - 1)));
  return each([1, 3, 5], (number) => [
    ...places.map(({ name, of, skip, bit }) => ({
      name: `flip-${name}-${number}`,
      description: `Bit ${bit} of a byte in entry ${number} is flipped (${name}).`,
      ...one(flipped(text.indexOf(of, begin(number)) + skip, bit)),
      head,
      ...at(number),
    })),
    {
      name: `flip-line-feed-${number}`,
      description: `A bit of the line feed after entry ${number} is flipped.`,
      ...one(flipped(begin(number) + Buffer.byteLength(line(number)), 0)),
      head,
      ...at(number),
    },
  ]);
}

function moved(): Vector[] {
  const swapped = (a: number, b: number) => lines.with(a - 1, line(b)).with(b - 1, line(a));
  return [
    ...each([1, 2, 3, 4, 5], (number) => [
      {
        name: `removed-${number}`,
        description: `Entry ${number} is removed.`,
        ...one(lines.toSpliced(number - 1, 1)),
        head,
        ...at(number),
      },
      {
        name: `doubled-${number}`,
        description: `Entry ${number} stands there twice.`,
        ...one(lines.toSpliced(number, 0, line(number))),
        head,
        ...at(number + 1),
      },
    ]),
    ...each([1, 2, 3, 4], (number) => [
      {
        name: `swapped-${number}-${number + 1}`,
        description: 'Two neighbours have changed places.',
        ...one(swapped(number, number + 1)),
        head,
        ...at(number),
      },
    ]),
    {
      name: 'swapped-1-5',
      description: 'The first and the last entry have changed places.',
      ...one(swapped(1, 5)),
      head,
      ...at(1),
    },
    { name: 'swapped-2-4', description: 'Two entries have changed places.', ...one(swapped(2, 4)), head, ...at(2) },
    {
      name: 'reversed',
      description: 'The entries stand in reverse order.',
      ...one(lines.toReversed()),
      head,
      ...at(1),
    },
    {
      name: 'replayed',
      description: 'The whole log stands there twice.',
      ...one([...lines, ...lines]),
      head,
      ...at(6),
    },
    {
      name: 'removed-last-no-head',
      description: 'The last entry is removed and no head is known: nobody can tell.',
      ...one(lines.slice(0, 4)),
    },
  ];
}

function forged(): Vector[] {
  const lie = (number: number) =>
    rehash(
      changed(number, (text) => text.replace('"alice"', '"malla"')),
      number - 1,
    );
  return [
    ...each([1, 2, 3, 4, 5], (number) => [
      {
        name: `rehashed-${number}`,
        description: `Entry ${number} is changed, and the chain hashed anew from there.`,
        ...one(lie(number)),
        head,
        ...at(5),
      },
      {
        name: `rehashed-${number}-no-head`,
        description: `Entry ${number} is changed, the chain hashed anew, and no head is known: nobody can tell.`,
        ...one(lie(number)),
      },
      {
        name: `resealed-${number}`,
        description: `Entry ${number} is changed and its own hash made anew; the next still links to the old one.`,
        ...one(changed(number, (text) => reseal(text.replace('"alice"', '"malla"')))),
        head,
        ...at(Math.min(5, number + 1)),
      },
    ]),
    {
      name: 'rehashed-early-witness',
      description: 'Entry 4 is changed and the chain hashed anew; the head is of entry 3, and vouches for no more.',
      ...one(lie(4)),
      head: headOfLines(lines.slice(0, 3)),
    },
    {
      name: 'removed-rehashed',
      description: 'Entry 2 is removed, and the chain hashed anew.',
      ...one(rehash(lines.toSpliced(1, 1), 1)),
      head,
      ...at(5),
    },
    {
      name: 'added-rehashed',
      description: 'An entry is added in the middle, and the chain hashed anew.',
      ...one(rehash(lines.toSpliced(2, 0, line(3)), 2)),
      head,
      ...at(5),
    },
    { name: 'other-log', description: 'A whole other log, which verifies by itself.', ...one(other), head, ...at(5) },
    {
      name: 'spliced',
      description: 'The first half of this log and the second half of another.',
      ...one([...lines.slice(0, 3), ...other.slice(3)]),
      head,
      ...at(4),
    },
    {
      name: 'linked-to-nothing',
      description: 'The first entry links to something that is not there.',
      ...one(rehash(lines, 1).with(0, reseal(line(1).replace('"prev":"0', '"prev":"1')))),
      head,
      ...at(1),
    },
  ];
}

function stripped(): Vector[] {
  const unhashed = (text: string) => text.replace(/,"hash":"[0-9a-f]+"\}$/, '}');
  const unlinked = (text: string) => text.replace(/,"prev":"[0-9a-f]+"/, '');
  return [
    ...each([1, 3, 5], (number) => [
      {
        name: `no-hash-${number}`,
        description: `Entry ${number} has lost its hash.`,
        ...one(changed(number, unhashed)),
        head,
        ...at(number),
      },
      {
        name: `no-prev-${number}`,
        description: `Entry ${number} has lost its link, and its hash is made anew.`,
        ...one(changed(number, (text) => reseal(unlinked(text)))),
        head,
        ...at(number),
      },
      {
        name: `empty-hash-${number}`,
        description: `The hash of entry ${number} is empty.`,
        ...one(changed(number, (text) => text.replace(/"hash":"[0-9a-f]+"/, '"hash":""'))),
        head,
        ...at(number),
      },
    ]),
    { name: 'no-hashes', description: 'Every hash is stripped.', ...one(lines.map(unhashed)), head, ...at(1) },
    {
      name: 'no-hashes-from-3',
      description: 'Every hash from entry 3 on is stripped.',
      ...one([...lines.slice(0, 2), ...lines.slice(2).map(unhashed)]),
      head,
      ...at(3),
    },
    {
      name: 'no-chain',
      description: 'Every hash and every link is stripped.',
      ...one(lines.map((text) => unlinked(unhashed(text)))),
      head,
      ...at(1),
    },
    {
      name: 'upper-case-hash',
      description: 'The hash of entry 3 is in upper case.',
      ...one(changed(3, (text) => text.replace(/[0-9a-f]{64}"\}$/, (hash) => hash.toUpperCase()))),
      head,
      ...at(3),
    },
    {
      name: 'short-hash',
      description: 'The hash of entry 3 lacks its last digit.',
      ...one(changed(3, (text) => text.replace(/.("\})$/, '$1'))),
      head,
      ...at(3),
    },
  ];
}

function cut(): Vector[] {
  const whole = bytes(lines);
  const before = bytes(lines.slice(0, 4)).length;
  const torn = (length: number) => one(whole.subarray(0, before + length));
  return [
    ...each([0, 1, 2, 3, 4], (kept) => [
      {
        name: `cut-after-${kept}`,
        description: `Only the first ${kept} entries are left.`,
        ...one(lines.slice(0, kept)),
        head,
        ...at(kept + 1),
      },
    ]),
    ...each([1, 20, 100, 200, whole.length - before - 1], (length) => [
      {
        name: `torn-${length}`,
        description: `The last entry ends after ${length} bytes; the head says that it was whole.`,
        ...torn(length),
        head,
        ...at(5),
      },
      {
        name: `torn-${length}-crash`,
        description: `The last entry ends after ${length} bytes, as a crash leaves it: the head is of the entry before.`,
        ...torn(length),
        head: headOfLines(lines.slice(0, 4)),
        beyond: 'unfinished line' as const,
      },
    ]),
    {
      name: 'cut-in-the-middle',
      description: 'Forty bytes are missing in entry 3.',
      ...one(Buffer.concat([whole.subarray(0, 1000), whole.subarray(1040)])),
      head,
      ...at(3),
    },
    {
      name: 'front-cut',
      description: 'The first hundred bytes are missing.',
      ...one(whole.subarray(100)),
      head,
      ...at(1),
    },
  ];
}

function extra(): Vector[] {
  const blank = (number: number) => lines.toSpliced(number - 1, 0, '');
  return [
    {
      name: 'garbage-after',
      description: 'Text stands after the last entry, without a line feed.',
      ...one(`${textOf(lines)}garbage`),
      head,
      ...at(6),
      beyond: 'unfinished line',
    },
    {
      name: 'garbage-line-after',
      description: 'A line of text stands after the last entry.',
      ...one([...lines, 'garbage']),
      head,
      ...at(6),
    },
    {
      name: 'blank-line-after',
      description: 'A blank line stands after the last entry.',
      ...one([...lines, '']),
      head,
      ...at(6),
    },
    {
      name: 'blank-line-first',
      description: 'A blank line stands before the first entry.',
      ...one(blank(1)),
      head,
      ...at(1),
    },
    { name: 'blank-line-3', description: 'A blank line stands before entry 3.', ...one(blank(3)), head, ...at(3) },
    {
      name: 'carriage-returns',
      description: 'Every line ends with a carriage return and a line feed.',
      ...one(lines.map((text) => `${text}\r`)),
      head,
      ...at(1),
    },
    {
      name: 'carriage-return-3',
      description: 'Entry 3 ends with a carriage return and a line feed.',
      ...one(changed(3, (text) => `${text}\r`)),
      head,
      ...at(3),
    },
    {
      name: 'carriage-return-only',
      description: 'Lines are separated by carriage returns alone.',
      ...one(`${lines.join('\r')}\n`),
      head,
      ...at(1),
    },
    {
      name: 'byte-order-mark',
      description: 'A byte order mark stands before the first entry.',
      ...one(`\ufeff${textOf(lines)}`),
      head,
      ...at(1),
    },
    {
      name: 'space-before-3',
      description: 'A space stands before entry 3.',
      ...one(changed(3, (text) => ` ${text}`)),
      head,
      ...at(3),
    },
    {
      name: 'space-after-3',
      description: 'A space stands after entry 3.',
      ...one(changed(3, (text) => `${text} `)),
      head,
      ...at(3),
    },
    {
      name: 'nul-in-3',
      description: 'A NUL byte stands within entry 3.',
      ...one(changed(3, (text) => text.replace('not needed', 'not\0needed'))),
      head,
      ...at(3),
    },
    {
      name: 'nul-bytes-after',
      description: 'NUL bytes stand after the last entry, as where a file grew before its data came.',
      ...one(`${textOf(lines)}\0\0\0\0`),
      head,
      beyond: 'unfinished line',
    },
    {
      name: 'two-entries-a-line',
      description: 'Entries 3 and 4 stand on one line.',
      ...one(textOf(lines).replace(`${line(3)}\n`, line(3))),
      head,
      ...at(3),
    },
    {
      name: 'field-after-hash',
      description: 'A field stands after the hash of entry 3.',
      ...one(changed(3, (text) => text.replace(/\}$/, ',"more":1}'))),
      head,
      ...at(3),
    },
    {
      name: 'not-json',
      description: 'Entry 5 is not JSON, but hashed and linked; the head is of the entry before.',
      ...one(
        rehash(
          changed(5, (text) => text.replace('"actor":{', '"actor":{,')),
          4,
        ),
      ),
      head: headOfLines(lines.slice(0, 4)),
      ...at(5),
      beyond: 'form',
    },
    {
      name: 'reordered',
      description: 'In entry 5 the type stands before the run, hashed and linked; the head is of the entry before.',
      ...one(
        rehash(
          changed(5, (text) => text.replace(/("run":"run-1","epoch":1),("type":"run-ended")/, '$2,$1')),
          4,
        ),
      ),
      head: headOfLines(lines.slice(0, 4)),
      ...at(5),
      beyond: 'form',
    },
    {
      name: 'leading-zero',
      description: 'The number of entry 5 has a leading zero; hashed and linked; the head is of the entry before.',
      ...one(lines.with(4, reseal(line(5).replace('"seq":5', '"seq":05')))),
      head: headOfLines(lines.slice(0, 4)),
      ...at(5),
    },
  ];
}

function files(): Vector[] {
  const two = { [first]: bytes(lines.slice(0, 3)), [second]: bytes(lines.slice(3)) };
  const three = {
    [first]: bytes(lines.slice(0, 2)),
    [second]: bytes(lines.slice(2, 4)),
    [third]: bytes(lines.slice(4)),
  };
  const { [second]: _middle, ...withGap } = three;
  const { [first]: _beginning, ...withoutFirst } = two;
  return [
    {
      name: 'files-swapped',
      description: 'The two files have changed names.',
      files: { [first]: two[second], [second]: two[first] },
      head,
      ...at(1),
    },
    {
      name: 'file-missing-last',
      description: 'The last file is gone.',
      files: { [first]: two[first] },
      head,
      ...at(4),
    },
    {
      name: 'file-missing-last-no-head',
      description: 'The last file is gone, and no head is known: nobody can tell.',
      files: { [first]: two[first] },
    },
    {
      name: 'file-missing-first',
      description: 'The first file is gone.',
      files: withoutFirst,
      head,
      ...at(1, second),
      beyond: 'file names',
    },
    {
      name: 'file-missing-middle',
      description: 'The second of three files is gone.',
      files: withGap,
      head,
      ...at(1, third),
      beyond: 'file names',
    },
    {
      name: 'file-emptied',
      description: 'The first of two files is empty.',
      files: { ...two, [first]: Buffer.alloc(0) },
      head,
      ...at(1, second),
    },
    {
      name: 'file-doubled',
      description: 'The first file stands there again under the next number.',
      files: { ...two, [third]: two[first] },
      head,
      ...at(1, third),
    },
    {
      name: 'file-torn-within',
      description: 'The first of two files has lost the line feed at its end.',
      files: { ...two, [first]: two[first].subarray(0, -1) },
      head,
      ...at(3),
    },
    {
      name: 'file-stray',
      description: 'A file with another name stands beside the log.',
      files: { ...one(lines).files, 'copy.jsonl': bytes(lines) },
      head,
      ...at(1, 'copy.jsonl'),
      beyond: 'file names',
    },
    {
      name: 'file-added',
      description: 'A file with a line of text follows the log.',
      files: { ...one(lines).files, [second]: bytes('garbage\n') },
      head,
      ...at(1, second),
    },
    {
      name: 'file-of-another-log',
      description: 'The second file is that of another log.',
      files: { ...two, [second]: bytes(other.slice(3)) },
      head,
      ...at(1, second),
    },
  ];
}

function heads(): Vector[] {
  const withHead = (text: string) => ({ files: { ...one(lines).files, HEAD: bytes(text) } });
  const own = headText(lines);
  return [
    {
      name: 'own-head-garbage',
      description: 'HEAD is no head.',
      ...withHead('hello\n'),
      head,
      ...at(1, 'HEAD'),
      beyond: 'HEAD',
    },
    {
      name: 'own-head-cut',
      description: 'HEAD lacks its last line.',
      ...withHead(own.split('\n').slice(0, 2).join('\n')),
      head,
      ...at(1, 'HEAD'),
      beyond: 'HEAD',
    },
    {
      name: 'own-head-carriage-returns',
      description: 'HEAD has carriage returns.',
      ...withHead(own.replaceAll('\n', '\r\n')),
      head,
      ...at(1, 'HEAD'),
      beyond: 'HEAD',
    },
    {
      name: 'own-head-other-hash',
      description: 'HEAD names another hash for the last entry.',
      ...withHead(own.replace(/[0-9a-f](?=\n$)/, (digit) => (digit === '0' ? '1' : '0'))),
      head,
      ...at(5),
      beyond: 'HEAD',
    },
    {
      name: 'own-head-other-origin',
      description: 'HEAD names the beginning of another log.',
      ...withHead(`${headText(other).slice(0, 64)}${own.slice(64)}`),
      head,
      ...at(1),
      beyond: 'HEAD',
    },
    {
      name: 'own-head-ahead',
      description: 'HEAD names an entry past the end of the log.',
      ...withHead(own.replace('\n5\n', '\n6\n')),
      head,
      ...at(6),
      beyond: 'HEAD',
    },
    {
      name: 'own-head-removed',
      description: 'HEAD is gone; the head that was kept outside still vouches for the log.',
      ...one(lines),
      head,
    },
    {
      name: 'own-head-cut-tail',
      description: 'The last entry is removed; HEAD still names it, and no head is known.',
      files: { [first]: bytes(lines.slice(0, 4)), HEAD: bytes(own) },
      ...at(5),
      beyond: 'HEAD',
    },
    {
      name: 'own-head-follows-forgery',
      description: 'The chain is hashed anew and HEAD made to fit; the head that was kept outside shows it.',
      files: { [first]: bytes(other), HEAD: bytes(headText(other)) },
      head,
      ...at(5),
    },
    {
      name: 'head-past-the-end',
      description: 'The head that was kept names an entry that the log does not reach.',
      ...one(lines),
      head: head.replace('5:', '6:'),
      ...at(6),
    },
    {
      name: 'head-of-another-log',
      description: 'The head that was kept is of another log.',
      ...one(lines),
      head: headOfLines(other),
      ...at(5),
    },
  ];
}
