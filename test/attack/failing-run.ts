import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start, startWorld } from '../acceptance/program.ts';
import { type Act, failpoints, type Orders, readTrace } from './victim.ts';

type World = Awaited<ReturnType<typeof startWorld>>;
type Ended = Awaited<ReturnType<typeof start>['ended']>;
type Write = Awaited<ReturnType<World['writes']>>[number];
/** When the log fails: in a run, in its resumption after a kill, or in its rollback. */
export type Stage = 'run' | 'resume' | 'rollback';

const runbooks = fileURLToPath(new URL('./runbooks', import.meta.url));
const bin = fileURLToPath(new URL('../../bin/resend-ops.js', import.meta.url));

/** Acts by which the program touches its files. */
export const fileActs = [
  'open',
  'write',
  'fdatasync',
  'fsync',
  'ftruncate',
  'rename',
  'link',
  'unlink',
  'mkdir',
  'copy',
  'write-file',
  'rm',
] as const satisfies readonly Act['op'][];

/** A simulator, and for each attack a state directory of its own. */
export async function createBattlefield() {
  const world = await startWorld();
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-attack-'));
  // The command that puts entries back is typed by a person, who has the program on the path.
  writeFileSync(join(home, 'resend-ops'), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`);
  chmodSync(join(home, 'resend-ops'), 0o755);
  let count = 0;
  return {
    world,
    /** A place for one attack; `state` is its state directory, which does not exist yet. */
    prepare(at = home) {
      count += 1;
      const place = join(at, String(count));
      mkdirSync(place);
      return { place, state: join(place, 'state'), shims: home, world };
    },
    /** Throws where the world was shut for the number of its calls: then nothing that was found means anything. */
    async stop() {
      const calls = await world.call('GET', '/requests?server=cloudflare-api');
      await world.stop();
      rmSync(home, { recursive: true, force: true });
      if (/"status":\s*429\b/.test(calls))
        throw new Error('one world was attacked too often: its API refuses all calls');
    },
  };
}

/** Where one attack takes place. */
export type Ground = { place: string; state: string; shims: string; world: World };

/** The command of a stage. */
export const commandOf = (stage: Stage, { world }: Ground): string[] =>
  stage === 'run'
    ? ['audit-first', '--env', world.environmentFile, '--runbooks', runbooks, '--yes']
    : stage === 'resume'
      ? ['resume', '--yes']
      : ['rollback', '--yes'];

/** Runs the program on the state directory of an attack. */
export function runProgram(ground: Ground, args: readonly string[], orders?: Orders): Promise<Ended> {
  const variables = { ...ground.world.secrets, ...(orders === undefined ? {} : failpoints(orders)) };
  return start([...args, '--state-dir', ground.state], variables).ended;
}

/** Brings the world and the state directory to where the attacked stage begins. */
export async function approach(ground: Ground, stage: Stage): Promise<void> {
  if (stage === 'run') return;
  if (stage === 'rollback') {
    await runProgram(ground, commandOf('run', ground));
    return;
  }
  await runProgram(ground, commandOf('run', ground), { kill: { text: '"type":"go-given"', when: 'after' } });
}

/** An act that can be attacked, and how many writes to the world the process has sent before it. */
export type SurveyedAct = Act & { sent: number };

/** How many acts on the state directory a stage takes, and which: what there is to attack. */
export async function surveyStage(ground: Ground, stage: Stage): Promise<SurveyedAct[]> {
  await approach(ground, stage);
  const trace = join(ground.place, 'trace');
  await runProgram(ground, commandOf(stage, ground), { trace });
  let sent = 0;
  const acts = readTrace(trace).map((act) => {
    if (isWriteToWorld(act)) sent += 1;
    return { ...act, sent };
  });
  await leave(ground);
  if (sent !== 2) throw new Error(`a ${stage} that is left alone makes ${sent} writes, not 2`);
  const ops: readonly string[] = fileActs;
  return acts.filter(({ at, op, path }) => at === 'begin' && ops.includes(op) && path.includes(ground.state));
}

/** One failure of the file system, and where: the `at`-th act of `ops` on a path that holds `path`. */
export type Blow = { code: string; at: number; for: 'once' | 'ever'; ops?: readonly Act['op'][]; only?: 'audit' };

/** What did not hold under a blow, and whether it fell when one of the two writes was out and the other was not. */
type Struck = { findings: string[]; isBetween: boolean };

/** Attacks one stage. */
export async function strike(ground: Ground, stage: Stage, blow: Blow, next: 'resume' | 'rollback'): Promise<Struck> {
  await approach(ground, stage);
  const before = (await ground.world.writes()).length;
  const trace = join(ground.place, 'trace');
  const path = blow.only === undefined ? ground.state : join(ground.state, blow.only);
  const { code, at } = blow;
  const fail = { code, at, for: blow.for, ops: blow.ops ?? fileActs, path };
  const ended = await runProgram(ground, [...commandOf(stage, ground), '--json'], { trace, fail });
  const acts = existsSync(trace) ? readTrace(trace) : [];
  // What goes out between a lock that is not given back and the log's own failure had its intent on disk.
  const refused = acts.findIndex((act) => act.at === 'refused' && !givesLockBack(act));
  const findings: string[] = [];
  const sent = acts.filter(isWriteToWorld);
  const later = refused === -1 ? [] : acts.slice(refused).filter(isWriteToWorld);
  const arrived = (await ground.world.writes()).slice(before);
  if (arrived.length !== sent.length) findings.push(`sent ${sent.length} writes, and ${arrived.length} arrived`);
  if (!isHarmless(acts, blow)) {
    if (refused !== -1 && ended.code !== 7)
      findings.push(`ended with ${ended.code ?? ended.signal}, not 7: ${ended.stderr.slice(-300)}`);
    if (stage !== 'rollback' && later.length > 0) findings.push('wrote to the world after its log had failed');
  } else if (ended.code !== 0)
    findings.push(`a failure that loses nothing ended it with ${ended.code}: ${ended.stderr.slice(-300)}`);
  if (stage === 'rollback' && !arrived.every(isRevert)) findings.push('wrote something else than a revert');
  if (stage === 'rollback' && hasBegun(ended) && (await changesInPlace(ground)).length > 0) {
    findings.push('a rollback that had begun did not go on without its log');
  }
  if (/unexpected:|\n\s+at /.test(ended.stderr)) findings.push(`a bug is shown: ${ended.stderr.slice(-300)}`);
  findings.push(...(await recover(ground, { stage, ended, arrived, next, formed: linesFormed(acts, ground) })));
  await leave(ground);
  const place = `${stage}, ${blow.code} ${blow.for} at act ${at} (${placeOf(acts)})`;
  const isBetween = refused !== -1 && acts.slice(0, refused).filter(isWriteToWorld).length === 1;
  return { findings: findings.map((finding) => `${place}: ${finding}`), isBetween };
}

/** The steps of the runbook that change something, in order. */
type Step = 'switch' | 'second';

function stepOf({ path }: Write): Step {
  return path.includes('/load_balancers/') ? 'switch' : 'second';
}

function isRevert({ body }: Write): boolean {
  const { enabled, posts }: { enabled?: boolean; posts?: object[] } = JSON.parse(body);
  return enabled === true || posts?.length === 0;
}

/** What the runbook has changed in the world and nobody has undone, from the simulator's state. */
async function changesInPlace({ world }: Ground): Promise<Step[]> {
  const { records }: { records: { name: string }[] } = JSON.parse(await world.call('GET', '/state'));
  return [
    ...((await world.isEnabled()) ? [] : (['switch'] as const)),
    ...(records.some(({ name }) => name.startsWith('second.')) ? (['second'] as const) : []),
  ];
}

/**
 * Entries that are kept nowhere when the log refuses them: nothing has been done yet that they would be evidence of, or
 * nothing is to be done any more.
 */
const dispensable = /"type":"(run-started|run-reopened|driver-started|driver-released)"/;

/** The entries that the process wrote or tried to write, to the log or beside it, each as far as it was traced. */
function linesFormed(acts: readonly Act[], { state }: Ground): string[] {
  const isEvidence = (path: string) => path.startsWith(join(state, 'audit', '0')) || path.includes('/fallback-');
  const texts = acts.flatMap(({ at, op, path, text }) =>
    at === 'begin' && op === 'write' && text !== undefined && isEvidence(path) ? [text] : [],
  );
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line !== '' && !dispensable.test(line));
  return [...new Set(lines)];
}

function isWriteToWorld({ at, op, text = '' }: Act): boolean {
  return at === 'begin' && op === 'send' && /^(POST|PUT|PATCH|DELETE) /.test(text);
}

/** The rest of a short write is written; a lock not given back is its process's, and passes on with that. */
function isHarmless(acts: readonly Act[], blow: Blow): boolean {
  if (blow.code === 'SHORT') return true;
  return acts.filter(({ at }) => at === 'refused').every(givesLockBack);
}

function givesLockBack({ op, to = '' }: Act): boolean {
  return op === 'rename' && to.endsWith('/append-lock/free');
}

function hasBegun({ stdout }: Ended): boolean {
  return stdout.includes('"type":"rollback-started"');
}

/** The act that was refused first, in words. */
function placeOf(acts: readonly Act[]): string {
  const refused = acts.find(({ at }) => at === 'refused');
  return refused === undefined ? 'nothing refused' : `${refused.op} ${refused.path.split('/').slice(-2).join('/')}`;
}

/** What an attacked process leaves behind, and how the person goes on. */
type Aftermath = {
  stage: Stage;
  ended: Ended;
  /** What reached the world. */
  arrived: readonly Write[];
  next: 'resume' | 'rollback';
  /** Entries that have to be found, each whole or as far as it is known. */
  formed?: readonly string[];
};

/** Does what the person is told: puts back what was kept, verifies, and goes on. */
export async function recover(ground: Ground, aftermath: Aftermath): Promise<string[]> {
  const { stage, ended, arrived, next, formed = [] } = aftermath;
  const findings: string[] = [];
  const lines = ended.stderr.split('\n');
  const remedy = lines.find((line) => line.startsWith('(umask 077; '));
  if (ended.stderr.includes('command below') && remedy === undefined) findings.push('the command is not printed');
  if (remedy !== undefined) {
    const printed = lines.filter((line) => line.startsWith('{"seq":'));
    writeFileSync(join(ground.place, 'entries.jsonl'), printed.map((line) => `${line}\n`).join(''));
    const { status, stderr } = spawnSync('sh', ['-c', remedy], {
      cwd: ground.place,
      encoding: 'utf8',
      env: { PATH: `${ground.shims}:${process.env.PATH}`, HOME: '/nonexistent' },
    });
    if (status !== 0) findings.push(`what puts the entries back answers ${status}: ${stderr.slice(-300)}`);
  }
  const verified = await runProgram(ground, ['audit', 'verify']);
  const log = readLog(ground.state);
  // Nobody else has written to the log: what puts the entries back puts all of them there.
  const missing = formed.filter(
    (line) => !log.includes(line) && (remedy !== undefined || !ended.stderr.includes(line)),
  );
  findings.push(...missing.map((line) => `an entry is lost: ${line.slice(0, 200)}`));
  if (log === '') return arrived.length > 0 ? [...findings, 'a write left, and there is no log'] : findings;
  if (verified.code !== 0) findings.push(`the log does not verify: ${verified.stderr.slice(-300)}`);
  for (const file of readdirSync(ground.state).filter((name) => name.startsWith('fallback-'))) {
    if ((statSync(join(ground.state, file)).mode & 0o777) !== 0o600) findings.push(`${file} is not private`);
  }
  const result = stage === 'rollback' ? /"change-reverted"/ : /"type":"change-(applied|doubted)"/;
  for (const step of new Set(arrived.map(stepOf))) {
    const isTold = log.split('\n').some((line) => result.test(line) && line.includes(`"step":"${step}"`));
    if (!isTold) findings.push(`what the write of ${step} led to is in no log`);
  }
  if (!log.includes('"run-started"')) return findings;
  if (ended.code === 7 && !/resume|rollback|put it back|run it again|then go on/.test(ended.stderr)) {
    findings.push('nothing says how to go on');
  }
  const continued = await runProgram(
    ground,
    stage === 'rollback' || next === 'rollback' ? ['rollback', '--yes'] : ['resume', '--yes'],
  );
  const hasEnded = /has ended/.test(continued.stderr) && continued.code === 2;
  if (continued.code !== 0 && !hasEnded)
    findings.push(`${next} afterwards ends with ${continued.code}: ${continued.stderr.slice(-300)}`);
  const wanted = stage === 'rollback' || next === 'rollback' ? '' : 'switch, second';
  const inPlace = (await changesInPlace(ground)).join(', ');
  if (!hasEnded && inPlace !== wanted)
    findings.push(`after ${next} this is in place: ${inPlace}; and this should be: ${wanted}`);
  const intents = readLog(ground.state)
    .split('\n')
    .filter((line) => line.includes('"type":"change-intended"'));
  for (const step of new Set(arrived.map(stepOf))) {
    if (intents.filter((line) => line.includes(`"step":"${step}"`)).length > 1)
      findings.push(`the change of ${step} was intended twice`);
  }
  return findings;
}

function readLog(state: string): string {
  const file = join(state, 'audit', '00000001.jsonl');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** Leaves the world as it was found, whatever the attack made of it. */
export async function leave(ground: Ground): Promise<void> {
  if ((await changesInPlace(ground)).length === 0) return;
  const { code, stderr } = await runProgram(ground, ['rollback', '--yes']);
  const left = await changesInPlace(ground);
  if (left.length > 0)
    throw new Error(
      `${left.join(', ')} cannot be brought back; see ${ground.state}: rollback ended with ${code}: ${stderr.slice(-500)}`,
    );
}
