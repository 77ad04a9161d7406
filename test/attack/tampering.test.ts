import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { parseWitness, verifyChain } from '../../src/journal/verify.ts';
import { bob, storeOn } from '../journal/support/store-fixture.ts';
import { hashOf, headOfLines, headText, rehash, sealedLog, textOf } from './sealed-log.ts';
import { createTally, isFull } from './tally.ts';

const root = mkdtempSync(join(tmpdir(), 'resend-ops-tampering-'));
const directory = join(root, 'state');
const audit = join(directory, 'audit');
const log = join(audit, '00000001.jsonl');
const lines = sealedLog(isFull ? 50 : 6);
const whole = Buffer.from(textOf(lines));
const head = parseWitness(headOfLines(lines));

afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  rmSync(audit, { recursive: true, force: true });
  mkdirSync(audit, { recursive: true });
});

const verify = (isAnchored: boolean) => verifyChain({ directory }, isAnchored ? { head } : {});
type Found = Awaited<ReturnType<typeof verifyChain>>;

/** Line (from 1) that holds the byte at `index`; a line feed belongs to the line that it ends. */
function lineAt(index: number): number {
  let line = 1;
  for (let at = whole.indexOf(0x0a); at !== -1 && at < index; at = whole.indexOf(0x0a, at + 1)) line += 1;
  return line;
}

/** What is wrong with what was said of a log that is bad from `line` on. */
function judgeBad(found: Found, line: number): string[] {
  if (found.ok) return ['was not seen'];
  const isNamed = found.line === line && found.seq === line && found.records === line - 1 && found.what.length > 10;
  return isNamed ? [] : [`line ${line} is the first bad one, and line ${found.line} was named (${found.what})`];
}

/** What is wrong with an answer that has to be "intact as far as it goes, and nothing vouches for the end". */
function judgeUnanchored(found: Found, records: number): string[] {
  if (!found.ok) return [`was refused (${found.what}), where nobody can know`];
  if (found.anchored) return ['was called anchored, without a head'];
  return found.records === records ? [] : [`counted ${found.records} entries where ${records} are good`];
}

test('every bit flipped, against a head and without one', async ({ task }) => {
  const tally = createTally(task);
  writeFileSync(log, whole);
  const file = openSync(log, 'r+');
  const last = lines.length;
  for (const [index, byte] of whole.entries()) {
    const line = lineAt(index);
    for (let bit = 0; bit < 8; bit += 1) {
      if (!isFull && bit !== index % 8) continue;
      const where = `bit ${bit} of byte ${index}`;
      writeSync(file, Buffer.of(byte ^ (1 << bit)), 0, 1, index);
      const findings = judgeBad(await verify(true), line);
      // Every eighth without a head too. Only the last line can then pass, as one that a crash cut short.
      if (bit === index % 8) {
        const found = await verify(false);
        const passesAsTorn = line === last && found.ok && found.tornBytes > 0 && !found.anchored;
        if (!passesAsTorn) findings.push(...judgeBad(found, line));
      }
      tally.add(findings.map((finding) => `${where}: ${finding}`));
    }
    writeSync(file, Buffer.of(byte), 0, 1, index);
  }
  closeSync(file);
  expect(await verify(true)).toMatchObject({ ok: true, anchored: true });
  tally.close();
});

test('cut at every byte: against a head it shows; without one it is said that nothing vouches for the end', async ({
  task,
}) => {
  const tally = createTally(task);
  writeFileSync(log, whole);
  for (let length = whole.length - 1; length >= 0; length -= 1) {
    truncateSync(log, length);
    const left = whole.subarray(0, length).reduce((count, byte) => (byte === 0x0a ? count + 1 : count), 0);
    const found = await verify(false);
    const findings = [...judgeBad(await verify(true), left + 1), ...judgeUnanchored(found, left)];
    const torn = length - (left === 0 ? 0 : whole.lastIndexOf(0x0a, length - 1) + 1);
    if (found.ok && found.tornBytes !== torn) findings.push(`${torn} bytes are torn, and ${found.tornBytes} were told`);
    tally.add(findings.map((finding) => `cut to ${length} bytes: ${finding}`));
  }
  tally.close();
});

test('entries removed, doubled, swapped: neighbours all, others at random', async ({ task }) => {
  const tally = createTally(task);
  const attack = async (name: string, changed: readonly string[], line: number, isSeenAlone = true) => {
    writeFileSync(log, textOf(changed));
    const alone = await verify(false);
    const findings = [
      ...judgeBad(await verify(true), line),
      ...(isSeenAlone ? judgeBad(alone, line) : judgeUnanchored(alone, changed.length)),
    ];
    tally.add(findings.map((finding) => `${name}: ${finding}`));
  };
  const random = seeded(20261118);
  for (const [at, line] of lines.entries()) {
    const isLast = at === lines.length - 1;
    await attack(`entry ${at + 1} removed`, lines.toSpliced(at, 1), at + 1, !isLast);
    await attack(`entry ${at + 1} doubled`, lines.toSpliced(at, 0, line), at + 2);
    await attack(`entry ${at + 1} blank`, lines.with(at, ''), at + 1);
    const others = isLast ? [] : [at + 1, ...Array.from({ length: 4 }, () => Math.floor(random() * lines.length))];
    for (const other of others) {
      if (other === at) continue;
      const swapped = lines.with(at, lines[other] ?? '').with(other, line);
      await attack(`entries ${at + 1} and ${other + 1} swapped`, swapped, Math.min(at, other) + 1);
    }
    const unhashed = (text: string) => text.replace(/,"hash":"[0-9a-f]+"\}$/, '}');
    await attack(
      `hashes stripped from ${at + 1} on`,
      [...lines.slice(0, at), ...lines.slice(at).map(unhashed)],
      at + 1,
    );
    await attack(`hash of ${at + 1} stripped`, lines.with(at, unhashed(line)), at + 1);
  }
  tally.close();
});

test('a chain hashed anew from any entry on: a head shows it; without one it is said that nobody can tell', async ({
  task,
}) => {
  const tally = createTally(task);
  for (const [at, line] of lines.entries()) {
    const forged = rehash(lines.with(at, line.replace('"alice"', '"malla"')), at);
    writeFileSync(log, textOf(forged));
    const findings = [
      ...judgeBad(await verify(true), lines.length),
      ...judgeUnanchored(await verify(false), lines.length),
    ];
    // The nearest witness at or after the change is where it shows; one before it cannot know.
    for (const [seq, witness] of lines.entries()) {
      const found = await verifyChain({ directory }, { head: { seq: seq + 1, hash: hashOf(witness) } });
      if (seq < at ? !found.ok : found.ok || found.line !== seq + 1)
        findings.push(`a head of entry ${seq + 1} says otherwise`);
    }
    writeFileSync(join(audit, 'HEAD'), headText(lines));
    findings.push(...judgeBad(await verify(false), lines.length));
    rmSync(join(audit, 'HEAD'));
    tally.add(findings.map((finding) => `hashed anew from ${at + 1}: ${finding}`));
    // Hashed anew alone, it stands between the old ones, and the last of those is what the head names.
    writeFileSync(log, textOf(lines.with(at, forged[at] ?? '')));
    const isLast = at === lines.length - 1;
    const alone = await verify(false);
    const seen = [
      ...judgeBad(await verify(true), isLast ? at + 1 : at + 2),
      ...(isLast ? judgeUnanchored(alone, lines.length) : judgeBad(alone, at + 2)),
    ];
    tally.add(seen.map((finding) => `only ${at + 1} hashed anew: ${finding}`));
  }
  tally.close();
});

test('cut anywhere, then written to: the last entry is repaired, the original kept; everything else refuses', async ({
  task,
}) => {
  const tally = createTally(task);
  const [log6, bytes] = [sealedLog(6), Buffer.from(textOf(sealedLog(6)))];
  const begin = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
  const comment = { type: 'commented', text: 'after the crash' } as const;
  const stride = isFull ? 1 : 25;
  const say = async () => {
    const store = storeOn(directory);
    try {
      return await store.say('run-1', bob, comment).then(
        () => 'written',
        (error: unknown) => String(error),
      );
    } finally {
      await store.close();
    }
  };
  for (let length = 1; length < bytes.length; length += stride) {
    rmSync(audit, { recursive: true });
    mkdirSync(audit);
    // A crash in the last write leaves the head at the entry before it.
    writeFileSync(join(audit, 'HEAD'), headText(log6.slice(0, -1)));
    const left = bytes.subarray(0, length);
    writeFileSync(log, left);
    const said = await say();
    const findings: string[] = [];
    const broken = readdirSync(audit).filter((name) => name.includes('.broken-'));
    if (length < begin) {
      if (!/damaged/.test(said) || !readFileSync(log).equals(left) || broken.length > 0)
        findings.push(`the log is damaged, and a write said: ${said}`);
    } else {
      if (said !== 'written') findings.push(`the log was only torn, and a write said: ${said}`);
      const isTorn = length > begin;
      if (isTorn && !(broken.length === 1 && readFileSync(join(audit, broken[0] ?? '')).equals(left)))
        findings.push('the torn file was not kept as it was');
      if (!readFileSync(log).subarray(0, begin).equals(bytes.subarray(0, begin)))
        findings.push('the entries before were touched');
      const found = await verifyChain({ directory });
      const records = log6.length - 1 + (isTorn ? 2 : 1);
      if (!found.ok || found.records !== records || found.tornBytes > 0) findings.push('what is left does not verify');
    }
    tally.add(findings.map((finding) => `cut to ${length} of ${bytes.length} bytes: ${finding}`));
  }
  tally.close();
});

/** Numbers in [0, 1), the same at every run (a linear congruential generator). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
