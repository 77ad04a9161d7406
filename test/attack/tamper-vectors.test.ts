import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseWitness, verifyChain } from '../../src/journal/verify.ts';
import { createTally, isFull } from './tally.ts';
import { tamperVectors, type Vector } from './tamper-vectors.ts';

const kept = fileURLToPath(new URL('./vectors', import.meta.url));
const bin = fileURLToPath(new URL('../../bin/resend-ops.js', import.meta.url));
const page = readFileSync(fileURLToPath(new URL('../../docs/audit-log.md', import.meta.url)), 'utf8');
const hasSha256sum = spawnSync('sha256sum', ['--version']).status === 0;
const vectors = tamperVectors();

/** What verifying says of a vector's files in `directory`, in the shape that is kept. */
async function judge(vector: Vector, directory: string) {
  const found = await verifyChain({ directory }, vector.head === undefined ? {} : { head: parseWitness(vector.head) });
  return found.ok
    ? { exitCode: 0, anchored: found.anchored, entries: found.records }
    : { exitCode: 7, file: found.file, line: found.line, entry: found.seq, reason: found.what };
}

async function describeVector(vector: Vector, directory: string): Promise<string> {
  const { description, head = null, beyond = null } = vector;
  return `${JSON.stringify({ description, head, beyond, expected: await judge(vector, directory) }, null, 2)}\n`;
}

test('the vectors that are kept are those that are made, byte for byte', async ({ task }) => {
  const tally = createTally(task);
  // `RESEND_OPS_WRITE_VECTORS=1` makes them anew, once the definitions have been changed on purpose.
  if (process.env.RESEND_OPS_WRITE_VECTORS === '1') await write();
  expect(readdirSync(kept).filter((name) => !name.startsWith('.'))).toEqual(vectors.map(({ name }) => name).sort());
  expect(vectors.length).toBeGreaterThanOrEqual(100);
  for (const vector of vectors) {
    const directory = join(kept, vector.name);
    const audit = join(directory, 'audit');
    const findings: string[] = [];
    const names = existsSync(audit) ? readdirSync(audit).sort() : [];
    if (names.join() !== Object.keys(vector.files).sort().join())
      findings.push(`${vector.name}: holds ${names.join()}`);
    for (const [name, bytes] of Object.entries(vector.files)) {
      const isSame = names.includes(name) && readFileSync(join(audit, name)).equals(bytes);
      if (!isSame) findings.push(`${vector.name}: ${name} is not what the generator makes`);
    }
    if (readFileSync(join(directory, 'vector.json'), 'utf8') !== (await describeVector(vector, directory)))
      findings.push(`${vector.name}: vector.json does not say what verifying says`);
    tally.add(findings);
  }
  tally.close();
});

test('each is judged as its definition says, at the place that it names', async ({ task }) => {
  const tally = createTally(task);
  for (const vector of vectors) {
    const said = await judge(vector, join(kept, vector.name));
    const place = said.exitCode === 0 ? undefined : { file: said.file, line: said.line };
    const isRight = JSON.stringify(place) === JSON.stringify(vector.bad);
    const isAnchored = said.exitCode !== 0 || said.anchored === (vector.head !== undefined);
    tally.add(
      isRight && isAnchored
        ? []
        : [`${vector.name}: expected ${JSON.stringify(vector.bad ?? 'intact')}, got ${JSON.stringify(said)}`],
    );
  }
  tally.close();
});

/** In the sample, a few that are spread over all of them. */
const some = (share: number) => vectors.filter((_, at) => isFull || at % share === 0);

test('the command says the same, with and without --strict', async ({ task }) => {
  const tally = createTally(task);
  await atATime(2, some(40), async (vector) => {
    const args = ['audit', 'verify', '--strict', '--state-dir', join(kept, vector.name)];
    if (vector.head !== undefined) args.push('--head', vector.head);
    const { code, text } = await run(process.execPath, [bin, ...args]);
    const { bad, head } = vector;
    const expected = bad === undefined && head !== undefined ? 0 : 7;
    const place = bad === undefined ? 'chain intact' : `${bad.file}:${bad.line}: entry `;
    const unanchored = bad === undefined && head === undefined ? 'tail unanchored' : '';
    const isRight = code === expected && text.includes(place) && text.includes(unanchored);
    tally.add(isRight ? [] : [`${vector.name}: exit ${code} where ${expected} belongs: ${text}`]);
    if (expected === 7 && bad === undefined) {
      const loose = await run(process.execPath, [bin, ...args.filter((arg) => arg !== '--strict')]);
      const isPlain = loose.code === 0 && loose.text.includes('tail unanchored');
      tally.add(isPlain ? [] : [`${vector.name}: exit ${loose.code} without --strict: ${loose.text}`]);
    }
  });
  tally.close();
});

test.skipIf(!hasSha256sum)(
  'the script in docs/audit-log.md agrees on all that the chain alone can show',
  async ({ task }) => {
    const tally = createTally(task);
    const [, script = ''] = /```sh\n([\s\S]*?)```/.exec(page) ?? [];
    const judged = some(40).filter(({ beyond }) => beyond === undefined);
    await atATime(2, judged, async (vector) => {
      const audit = join(kept, vector.name, 'audit');
      const { expected }: { expected: { entry?: number } } = JSON.parse(
        readFileSync(join(kept, vector.name, 'vector.json'), 'utf8'),
      );
      const more = vector.head === undefined ? [] : [vector.head];
      const { code, text } = await run('sh', ['-c', script, 'verify-log.sh', audit, ...more]);
      const names = new RegExp(`^entry ${expected.entry}: |is not in this log`);
      const isRight = vector.bad === undefined ? code === 0 : code === 1 && names.test(text);
      tally.add(isRight ? [] : [`${vector.name}: the script says ${code}: ${text}`]);
    });
    tally.close();
  },
);

async function write(): Promise<void> {
  for (const name of readdirSync(kept)) if (!name.startsWith('.')) rmSync(join(kept, name), { recursive: true });
  for (const vector of vectors) {
    const directory = join(kept, vector.name);
    mkdirSync(join(directory, 'audit'), { recursive: true });
    for (const [name, bytes] of Object.entries(vector.files)) writeFileSync(join(directory, 'audit', name), bytes);
    writeFileSync(join(directory, 'vector.json'), await describeVector(vector, directory));
  }
}

async function atATime<T>(width: number, items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

function run(command: string, args: readonly string[]): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { encoding: 'utf8' }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, text: stdout + stderr }),
    );
  });
}
