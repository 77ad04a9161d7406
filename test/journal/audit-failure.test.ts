import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OpsError } from '../../src/errors.ts';
import {
  asAuditFailure,
  auditFailure,
  type Evidence,
  headFailure,
  isSystemError,
  readingAudit,
} from '../../src/journal/audit-failure.ts';
import { hashOf, sealedLog } from '../attack/sealed-log.ts';

const systemError = (code: string) => Object.assign(new Error(`${code}: put in`), { code, syscall: 'write' });
const bug = new Error('a bug');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'resend-ops-failure-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const inDirectory = (name: string) => join(directory, name);
/** Five entries of a log: the first two are in it, and the others it could not take. */
const lines = sealedLog(5);
const text = (...some: string[]) => some.map((line) => `${line}\n`).join('');
const kept = lines.slice(2);

function evidenceOf(more: Partial<Evidence> = {}): Evidence {
  return {
    file: { path: inDirectory("the fallback's"), count: 3 },
    printed: [],
    why: undefined,
    hash: hashOf(lines[4]),
    place: {
      segment: inDirectory('00000001.jsonl'),
      before: undefined,
      next: inDirectory('00000002.jsonl'),
      directory,
    },
    ...more,
  };
}

describe('what is told of an entry that the log did not take', () => {
  const after =
    '. Once the disk can be written again, and before anything else runs, put it back with the command below; where the log has gone on meanwhile it does nothing, and what was kept is to stay beside the log';
  const file = (count: number) => ({ path: '/state/fallback', count });
  const asked = ': save that byte for byte, each entry as one line, as entries.jsonl';

  test('is where each of them is', () => {
    const cases: [Partial<Evidence>, string, string | undefined][] = [
      [{ file: file(1) }, 'the entry is in /state/fallback', undefined],
      [{ file: file(2) }, 'the 2 entries are in /state/fallback', undefined],
      [
        { file: undefined, printed: ['{"seq":3}'], why: systemError('ENOSPC') },
        `the entry is printed below, because no file could take it either (the audit log cannot be written: ENOSPC: put in)${asked}`,
        '{"seq":3}',
      ],
      [
        { file: file(1), printed: ['a', 'b'], why: 'a reason' },
        `the entry is in /state/fallback, and the 2 entries are printed below, because no file could take it either (the audit log cannot be written: a reason)${asked}`,
        'a\nb',
      ],
    ];
    for (const [more, where, evidence] of cases) {
      const error = auditFailure(systemError('EIO'), evidenceOf(more));
      expect(error).toMatchObject({ code: 'audit', message: 'the audit log cannot be written: EIO: put in' });
      expect(error.hint).toBe(where + after);
      expect(error.evidence).toBe(evidence);
      expect(error.cause).toMatchObject({ code: 'EIO' });
    }
  });

  test('is first what the failure itself said, in its own words', () => {
    const cause = new OpsError('audit', 'the audit log is locked', { hint: 'wake it' });
    const error = auditFailure(cause, evidenceOf({ file: file(1) }));
    expect(error.message).toBe('the audit log is locked');
    expect(error.hint).toBe(`wake it; the entry is in /state/fallback${after}`);
  });
});

describe('the command that puts entries back', () => {
  const log = () => inDirectory('00000001.jsonl');
  const next = () => inDirectory('00000002.jsonl');

  /** Runs it without the program's own verifying at its end. */
  function putBack(more: Partial<Evidence> = {}): { code: number | null; told: string; wrote: string | undefined } {
    const { remedy = '' } = auditFailure(bug, evidenceOf(more));
    const [command = '', verify] = remedy.split(' && resend-ops ');
    expect(verify).toBe(`audit verify --state-dir '${directory}'`);
    const { status, stderr } = spawnSync('sh', ['-c', `umask 022; ${command}`], { encoding: 'utf8', cwd: directory });
    return { code: status, told: stderr, wrote: existsSync(log()) ? readFileSync(log(), 'utf8') : undefined };
  }
  const refused = { code: 1, told: expect.stringContaining('nothing was put back') };

  beforeEach(() => {
    writeFileSync(log(), text(...lines.slice(0, 2)));
    writeFileSync(inDirectory("the fallback's"), text(...kept));
  });

  test('appends them all, and says that they are there the second time', () => {
    expect(putBack()).toEqual({ code: 0, told: '', wrote: text(...lines) });
    expect(putBack()).toEqual({ code: 0, told: 'they are in the log already\n', wrote: text(...lines) });
  });

  test('appends those after the first, where the log has that one although its sync failed', () => {
    writeFileSync(log(), text(...lines.slice(0, 3)));
    expect(putBack()).toEqual({ code: 0, told: '', wrote: text(...lines) });
  });

  test('takes only whole entries of the file: the disk may have taken the beginning of one more', () => {
    writeFileSync(inDirectory("the fallback's"), `${text(...kept)}{"seq":6,`);
    expect(putBack()).toMatchObject({ code: 0, wrote: text(...lines) });
  });

  test('appends what was printed, alone or after what the file has', () => {
    writeFileSync(inDirectory('entries.jsonl'), text(...lines.slice(3)));
    expect(putBack({ file: { path: inDirectory("the fallback's"), count: 1 }, printed: lines.slice(3) })).toEqual({
      code: 0,
      told: '',
      wrote: text(...lines),
    });
    writeFileSync(log(), text(...lines.slice(0, 2)));
    writeFileSync(inDirectory('entries.jsonl'), text(...kept));
    expect(putBack({ file: undefined, printed: kept })).toEqual({ code: 0, told: '', wrote: text(...lines) });
  });

  test('begins a file of the log that was still to be made, privately, after the end of the one before', () => {
    const place = { ...evidenceOf().place, segment: next(), before: log(), next: inDirectory('00000003.jsonl') };
    expect(putBack({ place })).toEqual({ code: 0, told: '', wrote: text(...lines.slice(0, 2)) });
    expect(readFileSync(next(), 'utf8')).toBe(text(...kept));
    expect(statSync(next()).mode & 0o777).toBe(0o600);
  });

  test('appends nothing where the log has gone on, ends otherwise, or ends in the middle of a line', () => {
    const others = sealedLog(3, 'mallory');
    for (const left of [
      text(...others),
      text(...lines.slice(0, 2), others[2] ?? ''),
      `${text(...lines.slice(0, 2))}{"`,
    ]) {
      writeFileSync(log(), left);
      expect(putBack()).toEqual({ ...refused, wrote: left });
    }
    writeFileSync(log(), text(...lines.slice(0, 2)));
    writeFileSync(next(), '{');
    expect(putBack()).toEqual({ ...refused, wrote: text(...lines.slice(0, 2)) });
    // An empty one is as good as none.
    writeFileSync(next(), '');
    expect(putBack()).toMatchObject({ code: 0 });
    rmSync(inDirectory("the fallback's"));
    writeFileSync(log(), text(...lines.slice(0, 2)));
    expect(putBack()).toMatchObject({ code: 1, wrote: text(...lines.slice(0, 2)) });
  });
});

describe('what the system refuses', () => {
  test('is told as a failure of the log, and nothing was lost by it', () => {
    expect(asAuditFailure(systemError('EACCES'), '/state')).toMatchObject({
      code: 'audit',
      message: 'the audit log cannot be written: EACCES: put in',
      hint: 'nothing was written by this. Check that there is space, and that this user can write to /state; then run it again',
      cause: { code: 'EACCES' },
    });
    expect(headFailure(systemError('EIO'), '/state')).toMatchObject({
      code: 'audit',
      message: 'the head of the audit log cannot be kept: EIO: put in',
      hint: expect.stringMatching(/^the log itself is whole, and nothing has to be put back\..*can write to \/state/),
      cause: { code: 'EIO' },
    });
  });

  test('and nothing else is: a bug, and what is a failure already, are passed on as they are', () => {
    const told = Object.assign(new OpsError('busy', 'held', { hint: 'wait' }), { code: 'busy', syscall: 'none' });
    for (const cause of [
      bug,
      'text',
      undefined,
      { code: 'EIO', syscall: 'write' },
      Object.assign(new Error(), { code: 'E' }),
    ]) {
      expect(asAuditFailure(cause, '/state')).toBe(cause);
      expect(headFailure(cause, '/state')).toBe(cause);
      expect(isSystemError(cause)).toBe(false);
    }
    expect(asAuditFailure(told, '/state')).toBe(told);
    expect(isSystemError(systemError('EIO'))).toBe(true);
  });

  test('while reading is one too, and a bug there stays a bug', () => {
    const reading = (cause: unknown) => () =>
      readingAudit(() => {
        throw cause;
      });
    expect(reading(bug)).toThrow(bug);
    expect(reading(systemError('EIO'))).toThrow('the audit log cannot be read: EIO: put in');
    expect(readingAudit(() => 7)).toBe(7);
  });
});
