import { randomBytes } from 'node:crypto';

const letters = 'abcdefghjkmnpqrstuvwxyz23456789';

/** A run's id: UTC date and time for people, and four random characters, e.g. `20251118-120907-x7k2`. */
export function newRunId(nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const end = [...randomBytes(4)].map((byte) => letters[byte % letters.length] ?? 'x').join('');
  return `${stamp}-${end}`;
}
