import { Buffer } from 'node:buffer';

/** A malformed file that cannot stand in a repository as text, and what must be said of it first. */
export type MalformedBytes = { name: string; bytes: () => string | Buffer; at: string; says: string };

const sound = 'title: Try\nsteps:\n  - { id: one, uses: wait, with: { for: 1s } }\n';
const steps = (count: number, step: (index: number) => string) =>
  `title: Try\nsteps:\n${Array.from({ length: count }, (_, index) => `  - ${step(index)}\n`).join('')}`;
const one = (index: number) => `{ id: s${index}, uses: wait, with: { for: 1s } }`;
const filled = (piece: string, head = 'title: Try\nsteps:\n') =>
  head + piece.repeat(Math.floor((500 * 1024 - head.length) / piece.length));
const tooManyParts = 'the file has too many parts';

/** Bytes that are no text, and files that are out of all bounds. */
export const malformedBytes: readonly MalformedBytes[] = [
  { name: 'empty', bytes: () => '', at: '1:1', says: 'the file is empty' },
  { name: 'one-space', bytes: () => ' ', at: '1:1', says: 'the file is empty' },
  {
    name: 'binary',
    bytes: () => Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]),
    at: '1:1',
    says: 'control character',
  },
  { name: 'nul', bytes: () => `${sound}\u0000`, at: '4:1', says: 'there is a control character here (U+0000)' },
  { name: 'bell', bytes: () => sound.replace('Try', 'Try\u0007'), at: '1:11', says: '(U+0007)' },
  { name: 'escape', bytes: () => sound.replace('Try', '\u001b[31mTry'), at: '1:8', says: '(U+001B)' },
  { name: 'delete', bytes: () => sound.replace('Try', 'Try\u007f'), at: '1:11', says: '(U+007F)' },
  { name: 'upper-control', bytes: () => sound.replace('Try', 'Try\u009b31m'), at: '1:11', says: '(U+009B)' },
  { name: 'utf-16-le', bytes: () => Buffer.from(`\uFEFF${sound}`, 'utf16le'), at: '1:1', says: 'not UTF-8' },
  { name: 'utf-16-be', bytes: () => Buffer.from(`\uFEFF${sound}`, 'utf16le').swap16(), at: '1:1', says: 'not UTF-8' },
  { name: 'utf-16-unmarked', bytes: () => Buffer.from(sound, 'utf16le'), at: '1:2', says: '(U+0000)' },
  {
    name: 'latin-1',
    bytes: () => Buffer.from(sound.replace('Try', 'Tr\u00fc'), 'latin1'),
    at: '1:10',
    says: 'not UTF-8',
  },
  {
    name: 'overlong',
    bytes: () => Buffer.concat([Buffer.from(sound), Buffer.from([0xc0, 0xaf])]),
    at: '4:1',
    says: 'not UTF-8',
  },
  { name: 'surrogate-bytes', bytes: () => Buffer.from([0xed, 0xa0, 0x80]), at: '1:1', says: 'not UTF-8' },
  { name: 'byte-order-mark', bytes: () => `\uFEFF${sound}`, at: '1:1', says: 'byte order mark' },
  { name: 'carriage-returns', bytes: () => sound.replaceAll('\n', '\r'), at: '1:11', says: 'a carriage return alone' },
  { name: 'nine-megabytes', bytes: () => `# ${'x'.repeat(9 * 1024 * 1024)}\n${sound}`, at: '1:1', says: 'EFBIG' },
  {
    name: 'one-megabyte',
    bytes: () => `# ${'x'.repeat(1024 * 1024)}\n${sound}`,
    at: '1:1',
    says: 'larger than 512 KB',
  },
  { name: 'long-value', bytes: () => sound.replace('Try', 'x'.repeat(400_000)), at: '1:8', says: 'too long' },
  { name: 'long-key', bytes: () => `${sound}${'k'.repeat(2_000)}: 1\n`, at: '4:1', says: 'longer than 1024' },
  { name: 'long-step-id', bytes: () => sound.replace('one', 'o'.repeat(100_000)), at: '3:11', says: 'too long' },
  { name: 'many-steps', bytes: () => steps(1_200, one), at: '3:3', says: '"steps" is too long' },
  { name: 'hundred-thousand-steps', bytes: () => steps(100_000, () => '{}'), at: '1:1', says: 'larger than 512 KB' },
  { name: 'too-many-steps', bytes: () => steps(20_000, () => '{ a: 1 }'), at: '', says: tooManyParts },
  {
    name: 'many-keys',
    bytes: () => Array.from({ length: 40_000 }, (_, index) => `k${index}: 1\n`).join(''),
    at: '',
    says: tooManyParts,
  },
  {
    name: 'many-inputs',
    bytes: () =>
      `title: Try\ninputs:\n${Array.from({ length: 2_000 }, (_, index) => `  i${index}: { type: text }\n`).join('')}`,
    at: '1:1',
    says: 'the key "steps" is missing',
  },
  { name: 'ten-thousand-levels', bytes: () => `title: ${'['.repeat(10_000)}`, at: '1:31', says: 'nested too deeply' },
  { name: 'ten-thousand-maps', bytes: () => `title: ${'{a: '.repeat(10_000)}`, at: '', says: tooManyParts },
  {
    name: 'ten-thousand-dashes',
    bytes: () => `title:\n${'- '.repeat(10_000)}x\n`,
    at: '2:47',
    says: 'nested too deeply',
  },
  {
    name: 'deep-groups',
    bytes: () => `title: Try\nsteps: ${'[{ parallel: '.repeat(200)}`,
    at: '',
    says: 'nested too deeply',
  },
  {
    name: 'many-expressions',
    bytes: () => steps(1, () => `{ id: one, uses: wait, with: { for: 1s, why: "${'${{ run.id }} '.repeat(5_000)}" } }`),
    at: '',
    says: 'more than 1000 expressions',
  },
  {
    name: 'many-expressions-in-a-list',
    bytes: () =>
      steps(1, () => `{ id: one, uses: wait, with: { for: 1s, why: [${'"${{ run.id }}",'.repeat(4_000)}] } }`),
    at: '',
    says: '',
  },
  {
    name: 'half-open-expressions',
    bytes: () => steps(1, () => `{ id: one, uses: wait, with: { for: 1s, why: "${'${{ '.repeat(50_000)}" } }`),
    at: '3:51',
    says: 'the expression is not closed',
  },
  ...[
    '[',
    '{',
    ']',
    '}',
    '- ',
    '? ',
    ': ',
    '"',
    "'",
    "'\n",
    '|\n',
    '>\n',
    '&a ',
    '*a ',
    '!a ',
    '!!str ',
    '---\n',
    '...\n',
    '[]',
    '{}',
    '[\n',
    ',\n',
    'a\n',
    '- a\n',
    'a:\n a:\n',
    '}} ',
    '%a\n',
    '\\',
    '`',
    '@',
    '<<: *a\n',
    'k: v\n',
    '? a\n: b\n',
    'a: [\n',
    '#',
    '\t',
    '\n',
    '- - -\n',
    '${{ ',
  ].map(
    (piece): MalformedBytes => ({
      name: `nothing-but-${Buffer.from(piece).toString('hex')}`,
      bytes: () => filled(piece),
      at: '',
      says: '',
    }),
  ),
];
