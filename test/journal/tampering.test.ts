import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { formatLine, genesis, sha256 } from '../../src/journal/chain.ts';
import { parseWitness, verifyChain, type Witness } from '../../src/journal/verify.ts';
import { recordedLog, stateDirectory, storeOn } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
let lines: string[];
let log: string;
let witness: Witness;
const records = 5;

beforeAll(async () => {
  ({ directory, remove } = stateDirectory());
  lines = await recordedLog(directory, records);
  log = join(directory, 'audit', '00000001.jsonl');
  witness = { seq: records, hash: JSON.parse(lines.at(-1) ?? '').hash };
  copyFileSync(join(directory, 'audit', 'HEAD'), join(directory, 'HEAD.kept'));
});
afterAll(() => remove());
beforeEach(() => {
  rmSync(join(directory, 'audit'), { recursive: true });
  mkdirSync(join(directory, 'audit'));
  write(lines);
});

function write(changed: readonly string[], end = '\n'): void {
  writeFileSync(log, changed.join('\n') + end);
}

/** The lines from `at` on, linked and hashed anew, as a forger would who knows the format. */
function rehashed(changed: readonly string[], at: number): string[] {
  let prev = at === 0 ? genesis : JSON.parse(changed[at - 1] ?? '').hash;
  const forged = changed.slice(at).map((line, index) => {
    const { seq: _seq, hash: _hash, prev: _prev, time, run, epoch, actor, ...event } = JSON.parse(line);
    const made = formatLine({ seq: at + index + 1, time, run, epoch, actor, prev }, event);
    prev = made.hash;
    return made.line;
  });
  return [...changed.slice(0, at), ...forged];
}

const unanchored = { ok: true, anchored: false };
const verify = (head?: Witness) => verifyChain({ directory }, head === undefined ? {} : { head });
const restoreHead = () => copyFileSync(join(directory, 'HEAD.kept'), join(directory, 'audit', 'HEAD'));

test('an honest log verifies, and says whether its end is vouched for', async () => {
  expect(await verify()).toMatchObject({ ...unanchored, records, headFile: 'absent', head: witness });
  expect(await verify(witness)).toMatchObject({ ok: true, anchored: true });
  restoreHead();
  expect(await verify(witness)).toMatchObject({ ok: true, anchored: true, headFile: 'matches' });
  expect(await verify({ seq: 2, hash: JSON.parse(lines[1] ?? '').hash })).toMatchObject({ ok: true, anchored: true });
  expect(await verifyChain({ lines, name: 'export' }, { head: witness })).toMatchObject({ ok: true, headFile: 'none' });
});

describe('against a head that was written down outside', () => {
  test('a chain that was hashed anew from any line on shows', async () => {
    for (let at = 0; at < records; at += 1) {
      const forged = rehashed(lines.with(at, (lines[at] ?? '').replaceAll('alice', 'malla')), at);
      write(forged);
      expect(await verify(), 'without a head nobody can tell').toMatchObject(unanchored);
      expect(await verify(witness)).toMatchObject({ ok: false, what: expect.stringContaining('head that was given') });
      restoreHead();
      expect(await verify()).toMatchObject({ ok: false, what: expect.stringContaining('HEAD') });
      rmSync(join(directory, 'audit', 'HEAD'));
    }
  });
});

describe('without any head', () => {
  test('a line that is removed, doubled, moved, blank or strange shows, and is named', async () => {
    for (let at = 0; at < records - 1; at += 1) {
      const [line = '', after = ''] = [lines[at], lines[at + 1]];
      const changes = {
        removed: lines.toSpliced(at, 1),
        doubled: lines.toSpliced(at, 0, line),
        swapped: lines.with(at, after).with(at + 1, line),
        blank: lines.toSpliced(at, 0, ''),
        strange: lines.toSpliced(at, 0, 'hello'),
        'not JSON': lines.with(at, reseal(line.replace('"actor":{', '"actor":{,'))),
        unhashed: lines.with(at, line.replace(/,"hash":"[0-9a-f]+"\}$/, '}')),
        unlinked: lines.with(at, reseal(line.replace(/,"prev":"[0-9a-f]+"/, ''))),
        'hash elsewhere': lines.with(at, line.replace(/^\{(.*)(,"hash":"[0-9a-f]+")\}$/, '{$1$2,"more":1}')),
        'something after': lines.with(at, `${line} `),
      };
      for (const [name, changed] of Object.entries(changes)) {
        write(changed);
        const found = await verify();
        const expected = name === 'doubled' ? at + 2 : at + 1;
        expect(found, `${name} at ${at}`).toMatchObject({
          ok: false,
          file: '00000001.jsonl',
          line: expected,
          records: expected - 1,
        });
      }
    }
  });

  test('the end alone cannot vouch for itself, and verifying says so', async () => {
    write(lines.slice(0, 3));
    expect(await verify()).toMatchObject({ ...unanchored, records: 3 });
    restoreHead();
    expect(await verify()).toMatchObject({
      ok: false,
      records: 3,
      what: 'the log ends with entry 3, but HEAD names entry 5: its end was cut off',
    });
  });

  test('what stands after the last line shows, unless it is how an entry begins', async () => {
    for (const rest of ['x', '{}', '{"seq":7,', '{"seq":6}', '\n', '{"seq":6,"time":"\n']) {
      writeFileSync(log, `${lines.join('\n')}\n${rest}`);
      expect(await verify(), rest).toMatchObject({ ok: false, line: 6 });
    }
    for (const rest of ['{', '{"seq":6,"time":"2026', '{"seq":6,"time":"\0\0\n', '\0\0\0']) {
      writeFileSync(log, `${lines.join('\n')}\n${rest}`);
      expect(await verify(), rest).toMatchObject({ ok: true, records, tornBytes: rest.length });
    }
  });

  test('a stripped log is no log', async () => {
    write(lines.map((line) => JSON.stringify({ ...JSON.parse(line), hash: undefined, prev: undefined })));
    expect(await verify()).toMatchObject({ ok: false, line: 1 });
  });
});

describe('files', () => {
  test('one that is missing, extra or torn shows', async () => {
    const second = join(directory, 'audit', '00000002.jsonl');
    writeFileSync(second, `${lines.slice(4).join('\n')}\n`);
    write(lines.slice(0, 4));
    expect(await verify(witness)).toMatchObject({ ok: true, records });
    write(lines.slice(0, 4), '');
    expect(await verify()).toMatchObject({ ok: false, file: '00000001.jsonl', line: 4 });
    write(lines.slice(0, 3));
    expect(await verify()).toMatchObject({ ok: false, file: '00000002.jsonl', line: 1, seq: 4 });
    renameSync(second, join(directory, 'audit', '00000003.jsonl'));
    expect(await verify()).toMatchObject({ ok: false, file: '00000003.jsonl' });
    rmSync(log);
    expect(await verify()).toMatchObject({ ok: false, file: '00000003.jsonl' });
    renameSync(join(directory, 'audit', '00000003.jsonl'), join(directory, 'audit', 'copy.jsonl'));
    expect(await verify()).toMatchObject({ ok: false, file: 'copy.jsonl' });
  });

  test('a head file that is none, or is of another log, shows', async () => {
    writeFileSync(join(directory, 'audit', 'HEAD'), 'hello\n');
    expect(await verify()).toMatchObject({ ok: false, file: 'HEAD' });
    writeFileSync(join(directory, 'audit', 'HEAD'), `${sha256('other')}\n${witness.seq}\n${witness.hash}\n`);
    expect(await verify()).toMatchObject({ ok: false, line: 1, what: expect.stringContaining('origin') });
  });

  test('a store refuses to read or to write a damaged log, and names the line', async () => {
    write(lines.with(2, (lines[2] ?? '').replace('not needed', 'needed')));
    const refused = { code: 'audit', message: expect.stringContaining('00000001.jsonl:3: ') };
    await expect(storeOn(directory).runs()).rejects.toMatchObject(refused);
    await expect(
      storeOn(directory).say('run-1', { user: 'a', host: 'b' }, { type: 'commented', text: '' }),
    ).rejects.toMatchObject(refused);
    expect(readFileSync(log, 'utf8').split('\n')).toHaveLength(records + 1);
  });
});

test('a witness is a number, a colon and a hash', () => {
  expect(parseWitness(` ${witness.seq}:${witness.hash}\n`)).toEqual(witness);
  for (const text of [
    '',
    '6',
    `0:${witness.hash}`,
    `6:${witness.hash}0`,
    `6:${witness.hash.toUpperCase()}`,
    `x:${witness.hash}`,
  ]) {
    expect(() => parseWitness(text), text).toThrow('not a place in the log');
  }
});

/** The line with a hash that fits what it now says. */
function reseal(line: string): string {
  const body = line.replace(/,"hash":"[0-9a-f]+"\}$/, '');
  return `${body},"hash":"${sha256(body)}"}`;
}
