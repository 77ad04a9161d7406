import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../src/journal/events.ts';
import type { Act } from './victim.ts';

/** The log's files of a state directory, in order; none where nothing was ever written. */
function segmentsOf(state: string): string[] {
  const audit = join(state, 'audit');
  if (!existsSync(audit)) return [];
  return readdirSync(audit)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => join(audit, name));
}

/** The whole lines of the log as they are on disk now; a torn last line is no entry. */
export function readLog(state: string): Entry[] {
  return segmentsOf(state).flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line): Entry => JSON.parse(line)),
  );
}

/** The bytes of each file of the log, to be compared with later ones. */
export function sizesOf(state: string): Map<string, number> {
  return new Map(segmentsOf(state).map((file) => [file, statSync(file).size]));
}

/**
 * Leaves of the log what a power cut would: what the dead process appended after its last sync is gone. `before` are
 * the sizes when it began. Of the head file, which is written over in place and rarely synced, an older text may be left
 * under the new length: then bytes of nothing follow it.
 */
export function cutWhatWasNotSynced(before: ReadonlyMap<string, number>, state: string, acts: readonly Act[]): void {
  for (const file of segmentsOf(state)) {
    let written = before.get(file) ?? 0;
    let synced = written;
    for (const act of acts) {
      if (act.at !== 'end' || act.path !== file) continue;
      if (act.op === 'write') written += act.result ?? 0;
      if (act.op === 'fdatasync' || act.op === 'fsync') synced = written;
    }
    if (statSync(file).size > synced) truncateSync(file, synced);
  }
  const [head, spare] = ['HEAD', 'HEAD.next'].map((name) => join(state, 'audit', name));
  if (head === undefined || spare === undefined || !existsSync(head) || !existsSync(spare)) return;
  const older = readFileSync(spare);
  writeFileSync(head, Buffer.concat([older, Buffer.alloc(Math.max(0, statSync(head).size - older.length))]));
}
