import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunResult } from '../../src/engine/result.ts';
import type { Entry } from '../../src/journal/events.ts';
import { verifyChain } from '../../src/journal/verify.ts';
import { start } from '../acceptance/program.ts';
import { type AttackedWorld, hostname } from './attacked-world.ts';
import { judgeWrites } from './intents.ts';
import { cutWhatWasNotSynced, readLog, sizesOf } from './log-on-disk.ts';
import { runUnderStrace } from './strace.ts';
import { type Act, failpoints, type KillAtAct, readTrace } from './victim.ts';
import { actionsIn, judgeOrder, writesIn } from './write-order.ts';

const runbooks = fileURLToPath(new URL('./runbooks', import.meta.url));

/** A runbook that is attacked, and what `resume` is to make of it. */
export type Target = {
  runbook: string;
  /** Where it is; the shipped ones unless told. */
  own: boolean;
  /** What a run that nobody stops ends with, however often it was killed. */
  ends: 'succeeded' | 'rolled-back';
};

/**
 * SIGKILL at an act of a process; at its first act that writes or sends a text; or at its `at`-th call of the system, as
 * strace counts them.
 */
export type Kill = KillAtAct | { text: string; when: 'before' | 'after' } | { at: number; call: string };

/** One attack: where the run is killed, how it is taken up again, and where that is killed in its turn. */
export type Attack = {
  target: Target;
  kill: Kill;
  recovery: 'resume' | 'rollback';
  /** The machine loses power: what was not synced is gone. */
  powerCut: boolean;
  /** Kills of the recovery; after each one the next recovery begins. The last one is left alone. */
  recoveryKills: readonly { kill: Kill; next: 'resume' | 'rollback' }[];
  /** Also start the runbook after the end of the run, which must not be refused, and verify the log by the command. */
  startsOthers: boolean;
};

/** What an attack did: the recoveries that died of it, and how many were to; none where the run itself was over before. */
export type Attacked = {
  /** Whether the run died. Where it did not, nothing was attacked. */
  isMade: boolean;
  recoveriesKilled: { resume: number; rollback: number };
  findings: string[];
};

/** The arguments that start the target. */
export function startArguments({ runbook, own }: Target, world: AttackedWorld, state: string): string[] {
  return [
    ...[runbook, '--reason', 'an attack', '--confirm', hostname, '--json'],
    ...['--env', world.environmentFile, '--state-dir', state, ...(own ? ['--runbooks', runbooks] : [])],
  ];
}

/** Makes one attack on a fresh state directory, and tells every promise that it broke. */
export async function attack(world: AttackedWorld, made: Attack): Promise<Attacked> {
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-killed-'));
  const state = join(home, 'state');
  const where = describe(made);
  const findings: string[] = [];
  const recoveriesKilled = { resume: 0, rollback: 0 };
  /** Of each process its own. */
  const traces: Act[][] = [];

  async function runProcess(args: string[], kill: Kill | undefined) {
    const before = sizesOf(state);
    const trace = join(home, `trace-${traces.length}`);
    const ended = await runKilled(args, { kill, trace, secrets: world.secrets });
    const own = existsSync(trace) ? readTrace(trace) : [];
    traces.push(own);
    const died = ended.signal === 'SIGKILL';
    if (died) {
      if (made.powerCut) cutWhatWasNotSynced(before, state, own);
      else findings.push(...judgePrinted(ended.stdout, readLog(state)));
      findings.push(...(await judgeChain(state, 'after the kill')));
    } else if (ended.code === null) findings.push(`the process ended with ${ended.signal}, which nobody sent`);
    if (/\n {4}at /.test(ended.stderr)) findings.push(`a stack trace was shown: ${ended.stderr.slice(-500)}`);
    return { ...ended, died };
  }

  try {
    await world.reset();
    const first = await runProcess(startArguments(made.target, world, state), made.kill);
    const run = readLog(state).find(({ type }) => type === 'run-started')?.run;
    const end = () => {
      return { isMade: first.died, recoveriesKilled, findings: findings.map((finding) => `${where}: ${finding}`) };
    };
    if (!first.died) return end();
    if (run === undefined) {
      findings.push(...(await judgeNothingStarted(world, state, made.target)));
      return end();
    }
    findings.push(...(await judgeSecondStart(made.target, world, state, run)));
    let command = made.recovery;
    for (const { kill, next } of made.recoveryKills) {
      const again = await runProcess(recoverArguments(command, state), kill);
      if (!again.died) break;
      recoveriesKilled[command] += 1;
      findings.push(...(await judgeSecondStart(made.target, world, state, run)));
      command = next;
    }
    const wasOver = isOver(readLog(state));
    const last = await runProcess(recoverArguments(command, state), undefined);
    findings.push(...(await judgeEnd(made, world, state, { command, wasOver, ...last })));
    const writes = await world.writes();
    findings.push(...judgeWrites(readLog(state), writes));
    findings.push(...judgeTraces(world, traces, writes.length));
    findings.push(...(await judgeChain(state, 'at the end')));
    if (made.startsOthers) {
      const verified = await start(['audit', 'verify', '--state-dir', state]).ended;
      if (verified.code !== 0) findings.push(`audit verify exits ${verified.code}: ${verified.stderr}`);
      findings.push(...(await judgeFree(made.target, world, state)));
    }
    return end();
  } catch (error) {
    // The rest of the attacks go on.
    findings.push(`the attack could not be made to its end: ${String(error)}`);
    return { isMade: false, recoveriesKilled, findings: findings.map((finding) => `${where}: ${finding}`) };
  } finally {
    if (findings.length === 0) rmSync(home, { recursive: true, force: true });
    else await keepEvidence(home, world, where);
  }
}

/** What a finding was made on stays: the state directory, what each process did, and what the providers saw. */
async function keepEvidence(home: string, world: AttackedWorld, where: string): Promise<void> {
  writeFileSync(join(home, 'writes.json'), JSON.stringify(await world.writes().catch(String), undefined, 2));
  console.log(`${where}: the evidence is kept in ${home}`);
}

function runKilled(
  args: string[],
  { kill, trace, secrets }: { kill: Kill | undefined; trace: string; secrets: AttackedWorld['secrets'] },
) {
  if (kill === undefined) return start(args, { ...secrets, ...failpoints({ trace }) }).ended;
  if (!('call' in kill)) return start(args, { ...secrets, ...failpoints({ trace, kill }) }).ended;
  const { call, at } = kill;
  const inject = ['-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${at}`];
  return runUnderStrace(inject, args, secrets);
}

/** The acts that the target does when nobody kills it. */
export async function actsOf(world: AttackedWorld, target: Target): Promise<Act[]> {
  await world.reset();
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-traced-'));
  try {
    const trace = join(home, 'trace');
    const state = join(home, 'state');
    const ended = await start(startArguments(target, world, state), { ...world.secrets, ...failpoints({ trace }) })
      .ended;
    if (ended.code !== (target.ends === 'succeeded' ? 0 : 1))
      throw new Error(`${target.runbook} ends with ${ended.code} when it is left alone: ${ended.stderr}`);
    return readTrace(trace).filter(({ at }) => at === 'begin');
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function recoverArguments(command: 'resume' | 'rollback', state: string): string[] {
  return [command, '--yes', '--confirm', hostname, '--json', '--state-dir', state];
}

function describe({ target, kill, recovery, powerCut, recoveryKills }: Attack): string {
  const again = recoveryKills.map((second) => `, killed ${placeOf(second.kill)}, ${second.next}`);
  return `${target.runbook}: killed ${placeOf(kill)}${powerCut ? ' with the power' : ''}, ${recovery}${again.join('')}`;
}

function placeOf(kill: Kill): string {
  if ('call' in kill) return `at ${kill.call} ${kill.at}`;
  return 'text' in kill ? `${kill.when} ${kill.text}` : `${kill.when} act ${kill.at}`;
}

/** The program said on stdout only what its log holds. */
function judgePrinted(stdout: string, log: readonly Entry[]): string[] {
  const held = new Map(log.map(({ seq, hash }) => [seq, hash]));
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line): { type: string; seq?: number; hash?: string } => JSON.parse(line))
    .filter(({ type, seq, hash }) => type !== 'result' && held.get(seq ?? 0) !== hash)
    .map(({ type, seq }) => `${type} (${seq}) was shown, and the log does not hold it`);
}

/** Each process sent only what it had itself intended, and on disk; no write came from elsewhere. */
function judgeTraces({ providers }: AttackedWorld, traces: readonly Act[][], writes: number): string[] {
  const usedBy = actionsIn(traces.flat());
  const findings = traces.flatMap((acts) => judgeOrder(acts, providers, usedBy));
  const sent = traces.reduce((sum, acts) => sum + writesIn(acts, providers).length, 0);
  // strace leaves no trace of the first process.
  if (traces[0]?.length !== 0 && sent < writes)
    findings.push(`the providers saw ${writes} writes, and the traces show ${sent}`);
  return findings;
}

async function judgeChain(state: string, when: string): Promise<string[]> {
  const verified = await verifyChain({ directory: state });
  return verified.ok ? [] : [`the chain does not verify ${when}: ${verified.file}:${verified.line}: ${verified.what}`];
}

/** Killed before its first entry, a run never was: nothing was written, and the next one starts. */
async function judgeNothingStarted(world: AttackedWorld, state: string, target: Target): Promise<string[]> {
  const findings: string[] = [];
  if ((await world.writes()).length > 0) findings.push('the world was written to, and the log holds no run');
  const resumed = await start(recoverArguments('resume', state)).ended;
  if (resumed.code !== 2) findings.push(`resume of nothing exits ${resumed.code}`);
  if (!wordsOn(resumed.stderr).includes('there are no runs yet'))
    findings.push(`resume of nothing does not say so: ${resumed.stderr}`);
  return [...findings, ...(await judgeFree(target, world, state))];
}

/** While a run is not over, nobody else may start on its resource; the refusal names the run. */
async function judgeSecondStart(target: Target, world: AttackedWorld, state: string, run: string): Promise<string[]> {
  if (isOver(readLog(state))) return [];
  const before = (await world.writes()).length;
  const second = await start(startArguments(target, world, state), world.secrets).ended;
  if (second.code !== 6) return [`a second start exits ${second.code} while run ${run} is not over`];
  if (!second.stderr.includes(`resend-ops resume ${run}`)) return ['the refused second start does not name the run'];
  return (await world.writes()).length === before ? [] : ['the refused second start wrote to the world'];
}

/** The resource is free: the next run of it starts. */
async function judgeFree(target: Target, world: AttackedWorld, state: string): Promise<string[]> {
  const next = await start(startArguments(target, world, state), world.secrets).ended;
  return next.code === 0 || next.code === 1 ? [] : [`the next run exits ${next.code}: ${next.stderr.slice(-500)}`];
}

/** Whether a run has ended, and was not opened again to be undone. */
function isOver(log: ReturnType<typeof readLog>): boolean {
  return log.findLast(({ type }) => type === 'run-ended' || type === 'run-reopened')?.type === 'run-ended';
}

/** What is on the screen, as one text: without the banner, and without the breaks of its lines. */
function wordsOn(stderr: string): string {
  return stderr
    .split('\n')
    .map((line) => line.replace(/^REHEARSAL (\||│)/, ' '))
    .join(' ')
    .replace(/\s+/g, ' ');
}

/** What the exit codes say of the world (docs/runbooks.md). */
const meanings: Readonly<Record<number, string>> = {
  0: 'the world is as asked',
  1: 'failed, and nothing is left changed',
};

/** The screen at the end of a recovery says what the world shows, in words, by the exit code and with the next command. */
function judgeScreen(stderr: string, { run, state, exit, isSwitched, head, isNextDue }: ScreenTruth): string[] {
  const screen = wordsOn(stderr);
  const [outcome, other] = isSwitched ? ['SUCCEEDED', 'ROLLED BACK'] : ['ROLLED BACK', 'SUCCEEDED'];
  // The end of the story is the last of it: what was undone may have been told as done further up.
  const end = screen.slice(Math.max(screen.lastIndexOf(` ${outcome} `), 0));
  const due = [outcome, `exit ${exit}: ${meanings[exit]}`, head];
  const findings = due.filter((words) => !end.includes(words)).map((words) => `the screen does not say "${words}"`);
  if (screen.includes(` ${other} `)) findings.push(`the screen says "${other}"`);
  // A run that planned nothing, and ended as it was asked to, leaves nothing to be looked at.
  if (!isNextDue) return findings.length === 0 ? [] : [...findings, `this was on the screen: ${end}`];
  const next = / next: (?:[^:]*: )?resend-ops (failback|status) (.*)/.exec(end);
  const isWhole = next !== null && (next[1] === 'failback' || next[2]?.startsWith(run)) && next[2]?.includes(state);
  if (!isWhole) findings.push('the screen names no next command that finds this run');
  return findings.length === 0 ? [] : [...findings, `this was on the screen: ${end}`];
}

type ScreenTruth = { run: string; state: string; exit: number; isSwitched: boolean; head: string; isNextDue: boolean };

/** What the person is told at the end is what the world is. */
async function judgeEnd(
  made: Attack,
  world: AttackedWorld,
  state: string,
  last: { command: 'resume' | 'rollback'; wasOver: boolean; code: number | null; stdout: string; stderr: string },
): Promise<string[]> {
  const findings: string[] = [];
  const log = readLog(state);
  const enabled = await world.isEnabled();
  if (last.command === 'resume' && last.wasOver) {
    const over = log.findLast((entry) => entry.type === 'run-ended');
    const goesOn = over?.outcome === 'succeeded';
    if (last.code !== 2) findings.push(`resume of a run that is over exits ${last.code}`);
    // How it ended, and the way on: undo what is in place, or begin anew.
    const way = enabled
      ? 'nothing of it is in place: start a new run'
      : `undo it with \`resend-ops rollback ${over?.run}`;
    for (const words of [`run ${over?.run} has ended: ${over?.message}`, way])
      if (!wordsOn(last.stderr).includes(words.replace(/\s+/g, ' ')))
        findings.push(`resume of a run that is over does not say "${words}": ${last.stderr}`);
    if (enabled === goesOn)
      findings.push(`the run ended as ${over?.outcome}, and the load balancer is enabled: ${enabled}`);
    return findings;
  }
  // A refusal has no head.
  const result: (Omit<RunResult, 'head'> & { head: RunResult['head'] | null }) | undefined = JSON.parse(
    last.stdout.trim().split('\n').at(-1) ?? '',
  );
  const rollbacks = log.filter((entry) => entry.type === 'rollback-started');
  const expected = last.command === 'rollback' || rollbacks.length > 0 ? 'rolled-back' : made.target.ends;
  // What a person asked to be undone is as asked; a run that undid itself has failed, whoever finishes that.
  const asked = rollbacks.some(({ cause }) => cause === 'asked');
  const exit = expected === 'succeeded' || asked ? 0 : 1;
  if (last.code !== exit || result?.outcome !== expected) {
    findings.push(
      `${last.command} exits ${last.code} (${result?.outcome}), where ${exit} (${expected}) is true: ${result?.message}`,
    );
  }
  if (result?.exitCode !== last.code)
    findings.push(`the result says exit ${result?.exitCode}, the process ${last.code}`);
  if (result?.outcome === 'needs-attention')
    return [...findings, `it left a person to finish: ${wordsOn(last.stderr)}`];
  if (enabled !== (result?.outcome !== 'succeeded'))
    findings.push(`${last.command} says ${result?.outcome}, and the load balancer is enabled: ${enabled}`);
  const head = log.at(-1);
  if (head?.seq !== result?.head?.seq || head?.hash !== result?.head?.hash)
    findings.push(`the head that was told, ${result?.head?.seq}, is not the log's, ${head?.seq}`);
  if (head?.type !== 'run-ended') findings.push(`the log ends with ${head?.type}: the claim is still held`);
  const isNextDue = exit !== 0 || log.some(({ type }) => type === 'step-planned');
  const shown = {
    isNextDue,
    run: head?.run ?? '',
    state,
    exit,
    isSwitched: !enabled,
    head: `${head?.seq}:${head?.hash}`,
  };
  return [...findings, ...judgeScreen(last.stderr, shown)];
}
