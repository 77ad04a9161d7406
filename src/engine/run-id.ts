import { createHash, randomBytes } from 'node:crypto';

const letters = 'abcdefghjkmnpqrstuvwxyz23456789';

/**
 * A run's id: UTC date and time for people, and four random characters, e.g. `20251118-120907-x7k2`. With a seed the
 * characters follow from it, so that two rehearsals agree in what is named after the run.
 */
export function newRunId(nowMs: number, seed?: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const bytes = seed === undefined ? randomBytes(4) : createHash('sha256').update(`run/${seed}`).digest();
  const end = [...bytes.subarray(0, 4)].map((byte) => letters[byte % letters.length] ?? 'x').join('');
  return `${stamp}-${end}`;
}
