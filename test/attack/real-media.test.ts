import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { approach, commandOf, createBattlefield, type Ground, leave, recover, runProgram } from './failing-run.ts';
import { createTally, isFull } from './tally.ts';

const pageBytes = 4096;

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const place = mkdtempSync(join(tmpdir(), 'resend-ops-mount-'));
  const isMounted = mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place);
  if (isMounted) unmount(place);
  rmSync(place, { recursive: true });
  return isMounted;
}

function mount(...args: readonly string[]): boolean {
  return spawnSync('mount', args, { stdio: 'ignore' }).status === 0;
}

function unmount(place: string): void {
  spawnSync('umount', [place], { stdio: 'ignore' });
}

const mounts = canMount();
let field: Awaited<ReturnType<typeof createBattlefield>>;
const medium = mounts ? mkdtempSync(join(tmpdir(), 'resend-ops-medium-')) : '';

beforeAll(async () => {
  if (mounts) field = await createBattlefield();
});
afterAll(async () => {
  if (!mounts) return;
  await field.stop();
  rmSync(medium, { recursive: true });
});

/** Runs an attack whose state directory is on a small file system of its own in memory. */
async function onMedium(attack: (ground: Ground) => Promise<string[]>): Promise<string[]> {
  if (!mount('-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', medium)) return ['the file system cannot be mounted'];
  try {
    const ground = { ...field.prepare(), state: join(medium, 'state') };
    const findings = await attack(ground);
    await leave(ground);
    return findings;
  } finally {
    unmount(medium);
  }
}

/** Leaves so many pages free. */
function fill(pages: number): void {
  const free = statfsSync(medium).bfree;
  writeFileSync(join(medium, 'filler'), Buffer.alloc(Math.max(0, free - pages) * pageBytes));
}

/** Whatever holds evidence: the log, the fallback files, the screen. */
function evidence(ground: Ground, stderr: string): string {
  const files = [join(ground.state, 'audit'), ground.state].flatMap((directory) => {
    try {
      return readdirSync(directory)
        .filter((name) => /\.jsonl$|^fallback-/.test(name))
        .map((name) => readFileSync(join(directory, name), 'utf8'));
    } catch {
      return [];
    }
  });
  return [...files, stderr].join('\n');
}

test.skipIf(!mounts)('a disk that fills up during a run', { timeout: 3_600_000 }, async ({ task }) => {
  const tally = createTally(task);
  let [refusals, afterWrites] = [0, 0];
  for (const pages of isFull ? Array.from({ length: 40 }, (_, at) => at) : [0, 7, 9, 11]) {
    const findings = await onMedium(async (ground) => {
      fill(pages);
      const before = (await ground.world.writes()).length;
      const ended = await runProgram(ground, [...commandOf('run', ground), '--json']);
      const arrived = (await ground.world.writes()).slice(before);
      const held = evidence(ground, ended.stderr);
      const intents = (held.match(/"type":"change-intended"/g) ?? []).length;
      const found: string[] = [];
      if (ended.code !== 0 && ended.code !== 7)
        found.push(`ended with ${ended.code ?? ended.signal}: ${ended.stderr.slice(-300)}`);
      if (arrived.length > 0 && intents === 0) found.push('a write arrived, and no intent is anywhere');
      if (ended.code === 7) {
        refusals += 1;
        if (arrived.length > 0) afterWrites += 1;
        if (arrived.length > 0 && !/"type":"change-(applied|doubted)"/.test(held))
          found.push('what the write led to is nowhere');
        if (!/ENOSPC|no space left/i.test(ended.stderr))
          found.push(`the reason is not told: ${ended.stderr.slice(-300)}`);
      }
      rmSync(join(medium, 'filler'));
      const next = pages % 2 === 0 ? 'rollback' : 'resume';
      found.push(...(await recover(ground, { stage: 'run', ended, arrived, next })));
      return found;
    });
    tally.add(findings.map((finding) => `${pages} pages left: ${finding}`));
  }
  if (refusals === 0) tally.add(['the disk was never full']);
  console.log(`${refusals} runs ended for want of room, ${afterWrites} of them with a change in place`);
  tally.close();
});

test.skipIf(!mounts)('a state directory that is mounted read-only', { timeout: 600_000 }, async ({ task }) => {
  const tally = createTally(task);
  for (const stage of ['run', 'resume'] as const) {
    const findings = await onMedium(async (ground) => {
      mkdirSync(ground.state, { recursive: true });
      await approach(ground, stage);
      const before = (await ground.world.writes()).length;
      if (!mount('-o', 'remount,ro', medium)) return ['it cannot be mounted read-only'];
      const ended = await runProgram(ground, [...commandOf(stage, ground), '--json']);
      const arrived = (await ground.world.writes()).slice(before);
      const found: string[] = [];
      if (ended.code !== 7) found.push(`ended with ${ended.code ?? ended.signal}: ${ended.stderr.slice(-300)}`);
      if (arrived.length > 0) found.push(`${arrived.length} writes arrived`);
      if (!/EROFS|read-only/i.test(ended.stderr)) found.push(`the reason is not told: ${ended.stderr.slice(-300)}`);
      // What only looks goes on: the log is there to be read.
      const verified = await runProgram(ground, ['audit', 'verify']);
      if (stage === 'resume' && verified.code !== 0) found.push(`verify ends with ${verified.code}`);
      if (!mount('-o', 'remount,rw', medium)) return [...found, 'it cannot be mounted for writing again'];
      found.push(...(await recover(ground, { stage, ended, arrived, next: 'resume' })));
      return found;
    });
    tally.add(findings.map((finding) => `${stage}: ${finding}`));
  }
  tally.close();
});
