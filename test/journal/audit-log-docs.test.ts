import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordedLog, stateDirectory } from './support/store-fixture.ts';

const hasSha256sum = spawnSync('sha256sum', ['--version']).status === 0;
const page = readFileSync(join(import.meta.dirname, '../../docs/audit-log.md'), 'utf8');

describe('the script in docs/audit-log.md', () => {
  const [, script = ''] = /```sh\n([\s\S]*?)```/.exec(page) ?? [];
  let directory: string;
  let remove: () => void;
  let lines: string[];
  let tools: string;
  const log = () => join(directory, 'audit', '00000001.jsonl');

  beforeAll(async () => {
    ({ directory, remove } = stateDirectory());
    lines = await recordedLog(directory, 5);
    tools = mkdtempSync(join(tmpdir(), 'resend-ops-script-'));
    // Where the tool has another name, it is lent the one in the script.
    if (!hasSha256sum) writeFileSync(join(tools, 'sha256sum'), '#!/bin/sh\nexec shasum -a 256\n', { mode: 0o755 });
  });
  afterAll(() => {
    remove();
    rmSync(tools, { recursive: true });
  });

  function run(text: string | Buffer, ...more: string[]): { status: number | null; says: string } {
    writeFileSync(log(), text);
    const env = { ...process.env, PATH: `${tools}:${process.env.PATH ?? ''}` };
    const done = spawnSync('sh', ['-c', script, 'verify-log.sh', join(directory, 'audit'), ...more], {
      encoding: 'utf8',
      env,
    });
    return { status: done.status, says: done.stdout.trim() };
  }

  test('has at most ten lines', () => {
    expect(script.trim().split('\n').length).toBeLessThanOrEqual(10);
  });

  test('agrees with a real log, and with the head that the run printed', () => {
    const head = `5:${JSON.parse(lines.at(-1) ?? '').hash}`;
    const text = `${lines.join('\n')}\n`;
    expect(run(text)).toEqual({ status: 0, says: `5 entries, head ${head}` });
    expect(run(text, head)).toMatchObject({ status: 0 });
  });

  test('refuses a log that was tampered with', () => {
    const head = `5:${JSON.parse(lines.at(-1) ?? '').hash}`;
    const [first = '', second = '', third = ''] = lines;
    const text = (changed: readonly string[]) => `${changed.join('\n')}\n`;
    expect(run(text(lines.with(2, third.replace('not needed', 'needed'))))).toEqual({
      status: 1,
      says: 'entry 3: wrong hash',
    });
    expect(run(text(lines.with(2, third.replace('not needed', 'not\0needed'))))).toMatchObject({ status: 1 });
    expect(run(text(lines.toSpliced(1, 1)))).toEqual({ status: 1, says: 'entry 2: out of place' });
    expect(run(text(lines.with(0, second).with(1, first)))).toEqual({ status: 1, says: 'entry 1: out of place' });
    expect(run(text(lines.slice(0, 4)))).toMatchObject({ status: 0 });
    expect(run(text(lines.slice(0, 4)), head)).toEqual({ status: 1, says: `${head} is not in this log` });
    expect(run(text(lines).slice(0, -1), head)).toMatchObject({ status: 1 });
  });
});
