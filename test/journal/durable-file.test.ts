import fs, {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/journal/chain.ts';
import { pinDocument, pinnedDocument } from '../../src/journal/documents.ts';
import { ensureDirectory, replaceFile, writeWhole } from '../../src/journal/durable-file.ts';
import { keepHead, readHeadFile } from '../../src/journal/head-file.ts';
import { stateDirectory } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
  mkdirSync(directory, { recursive: true });
});
const { writeSync, fsyncSync, fdatasyncSync } = fs;
afterEach(() => {
  Object.assign(fs, { writeSync, fsyncSync, fdatasyncSync });
  syncBuiltinESMExports();
  remove();
});

const path = (...names: string[]) => join(directory, ...names);
const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

/** What the system is asked to make durable from now on, by its path below the state directory. */
function noteSyncs(): string[] {
  const seen: string[] = [];
  const noting = (real: (fd: number) => void) => (fd: number) => {
    seen.push(fs.readlinkSync(`/proc/self/fd/${fd}`).slice(directory.length));
    real(fd);
  };
  Object.assign(fs, { fsyncSync: noting(fsyncSync), fdatasyncSync: noting(fdatasyncSync) });
  syncBuiltinESMExports();
  return seen;
}
const hasProc = existsSync('/proc/self/fd');

describe('a directory', () => {
  test.skipIf(!hasProc)('is made private with its parents, each of whose names is durable', () => {
    const syncs = noteSyncs();
    ensureDirectory(path('a', 'b', 'c'));
    expect([path('a'), path('a', 'b'), path('a', 'b', 'c')].map(mode)).toEqual(['700', '700', '700']);
    expect(syncs).toEqual(['/a/b', '/a', '']);
    ensureDirectory(path('a', 'b', 'd'));
    expect(syncs.slice(3)).toEqual(['/a/b']);
    ensureDirectory(path('a', 'b', 'd'));
    expect(syncs).toHaveLength(4);
  });

  test('that is there is made private, and a link to one is refused', () => {
    mkdirSync(path('open'), { mode: 0o755 });
    ensureDirectory(path('open'));
    expect(mode(path('open'))).toBe('700');
    symlinkSync(path('open'), path('link'));
    expect(() => ensureDirectory(path('link'))).toThrow(
      expect.objectContaining({ code: 'audit', hint: expect.stringContaining('--state-dir') }),
    );
  });
});

describe('a file', () => {
  test.skipIf(!hasProc)('is replaced whole and in private, durably where that is asked for', () => {
    writeFileSync(path('file'), 'something longer than the new');
    const syncs = noteSyncs();
    replaceFile(path('file'), 'new', path('via'), { sync: false });
    expect(syncs).toEqual([]);
    replaceFile(path('file'), 'newer', path('via'), { sync: true });
    expect(syncs).toEqual(['/via', '']);
    expect(readFileSync(path('file'), 'utf8')).toBe('newer');
    expect(mode(path('file'))).toBe('600');
    expect(readdirSync(directory)).toEqual(['file']);
  });

  test('is written to its last byte, however few the system takes at a time', () => {
    let calls = 0;
    fs.writeSync = ((fd: number, bytes: Buffer, from: number, length: number) => {
      calls += 1;
      return writeSync(fd, bytes, from, Math.min(2, length));
    }) as typeof writeSync;
    syncBuiltinESMExports();
    const fd = fs.openSync(path('file'), 'w');
    writeWhole(fd, Buffer.from('12345'));
    writeWhole(fd, Buffer.from(''));
    fs.closeSync(fd);
    expect(readFileSync(path('file'), 'utf8')).toBe('12345');
    expect(calls).toBe(3);
  });
});

describe('a document', () => {
  test('that is there already and whole is left as it is; any other is put in its place', () => {
    const digest = pinDocument(path('documents'), 'a: 1\n');
    expect(digest).toBe(sha256('a: 1\n'));
    const { ino } = statSync(path('documents', digest));
    expect(pinDocument(path('documents'), 'a: 1\n')).toBe(digest);
    expect(statSync(path('documents', digest)).ino).toBe(ino);
    writeFileSync(path('documents', digest), 'a: 2\n');
    expect(() => pinnedDocument(path('documents'), digest)).toThrow(
      expect.objectContaining({
        code: 'audit',
        message: `${path('documents', digest)} was changed since the run began`,
        hint: expect.stringContaining('put it back from a copy'),
      }),
    );
    pinDocument(path('documents'), 'a: 1\n');
    expect(pinnedDocument(path('documents'), digest)).toBe('a: 1\n');
    expect(readdirSync(path('documents'))).toEqual([digest]);
  });
});

describe('a head', () => {
  const head = { origin: 'a'.repeat(64), seq: 12, hash: 'b'.repeat(64) };
  const text = `${head.origin}\n${head.seq}\n${head.hash}\n`;

  test('is read as it was kept, with zeros that a power cut left behind it', () => {
    expect(readHeadFile(directory)).toEqual({ kind: 'absent' });
    for (const kept of [text, `${text}\0`, `${text}\0\0\0`]) {
      writeFileSync(path('HEAD'), kept);
      expect(readHeadFile(directory)).toEqual({ kind: 'kept', head });
    }
    for (const nothing of ['', '\0', '\0\0']) {
      writeFileSync(path('HEAD'), nothing);
      expect(readHeadFile(directory)).toEqual({ kind: 'absent' });
    }
  });

  test('is unreadable where it is anything else', () => {
    const others = [
      text.slice(0, -1),
      `${text}\n`,
      ` ${text}`,
      text.replace('12', '012'),
      text.replace('12', '0'),
      text.replace('12', '1'.repeat(17)),
      text.replace('b\n', '\n'),
      text.replace('b\n', 'B\n'),
      text.replace('a\n', 'aa\n'),
      `\0${text}`,
    ];
    for (const other of others) {
      writeFileSync(path('HEAD'), other);
      expect(readHeadFile(directory), JSON.stringify(other)).toEqual({ kind: 'unreadable' });
    }
    rmSync(path('HEAD'));
    mkdirSync(path('HEAD'));
    expect(() => readHeadFile(directory)).toThrow(expect.objectContaining({ code: 'EISDIR' }));
  });

  test.skipIf(!hasProc)('changes places with the one before it, and is durable where that is asked for', () => {
    const syncs = noteSyncs();
    keepHead(directory, { ...head, seq: 1234 }, { sync: false });
    expect(readdirSync(directory)).toEqual(['HEAD']);
    keepHead(directory, head, { sync: false });
    expect(readdirSync(directory).sort()).toEqual(['HEAD', 'HEAD.next']);
    expect(syncs).toEqual([]);
    // The spare file has a longer text: nothing of that is left.
    keepHead(directory, { ...head, seq: 13 }, { sync: true });
    expect(syncs).toEqual(['/HEAD.next', '']);
    expect(readFileSync(path('HEAD'), 'utf8')).toBe(text.replace('12', '13'));
    expect(readFileSync(path('HEAD.next'), 'utf8')).toBe(text);
    expect([path('HEAD'), path('HEAD.next')].map(mode)).toEqual(['600', '600']);
  });

  test('is written through no link', () => {
    symlinkSync(path('elsewhere'), path('HEAD.next'));
    expect(() => keepHead(directory, head, { sync: false })).toThrow(expect.objectContaining({ code: 'ELOOP' }));
    expect(existsSync(path('elsewhere'))).toBe(false);
  });
});
