import path from 'node:path';
import { actions } from '../actions/index.ts';
import { createInterrupts, readerGone } from '../engine/interrupts.ts';
import { openAsJson, thingsLeftOpen } from '../engine/left-open.ts';
import { thingsOpenBefore } from '../engine/open-before.ts';
import type { Drive, Material } from '../engine/options.ts';
import type { RunResult } from '../engine/result.ts';
import { type ExitCode, exitCodes, findOpsError, OpsError } from '../errors.ts';
import type { RunState } from '../journal/run-state.ts';
import { foldRun } from '../journal/state.ts';
import type { Store } from '../journal/store.ts';
import { readScores } from '../report/score-history.ts';
import { idsOfOptional } from '../runbook/optional-steps.ts';
import type { Clock } from '../world/clock.ts';
import { createEdges } from '../world/edges.ts';
import type { StopSignal, World } from '../world/world.ts';
import { actorOf } from './actor.ts';
import type { Options } from './command.ts';
import { completeCommands } from './complete-commands.ts';
import { writeJsonLine } from './json-lines.ts';
import { readIfThere } from './locate.ts';
import { openStore, runbooksFlag, stateFlags } from './open-store.ts';
import { createOperator } from './operator/operator.ts';
import { createPrompts, type Prompts } from './operator/prompts.ts';
import { writeRefusal } from './refusal.ts';
import type { RunWitness } from './run-outputs.ts';
import { type endRefusal, type PromptsSeen, type RehearsalEnd, scoresFile } from './score-rehearsal.ts';
import { ignoredVariables, secretReader, secretValues } from './secrets.ts';
import { printEndScreen } from './terminal/end-screen.ts';
import { bannerOf, openTerminal } from './terminal/open-terminal.ts';
import { createRunView, type RunView } from './terminal/run-view.ts';
import { sanitise } from './terminal/sanitise.ts';

/** A run to be driven, and what surrounds it. */
export type DriveRequest = {
  world: World;
  options: Options;
  material: Material;
  mode: 'live' | 'dry-run' | 'rehearsal';
  /** The run's clock: real time, or a rehearsal's. */
  clock: Clock;
  /** Where secrets are read: the process's variables, with those of a simulator on top. */
  variables: World['variables'];
  /** Is told of the run and its end. */
  witness?: RunWitness;
  /** Takes what shows the words of a scenario, once there is a screen. */
  announce?: (show: (text: string) => void) => void;
  /** What a rehearsal adds at its end: lines for people, and its score. */
  closing?: (state: RunState, prompts: PromptsSeen) => Promise<RehearsalEnd>;
  /** What a rehearsal says of its refusal: a line for people, and its score. */
  refused?: (error: unknown) => ReturnType<typeof endRefusal>;
};

/** What a drive has to work with: the engine's needs, and questions before the run. */
export type Driving = Drive & { prompts: Prompts | undefined; tell(text: string): void };

const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Drives a run with a person (or flags) at hand: shows it, asks, hears signals, prints the end and answers the exit
 * code. Where nothing starts, `work` throws; with `--json` a result line says that, too.
 */
export async function driveOnTerminal(
  request: DriveRequest,
  work: (driving: Driving) => Promise<RunResult>,
): Promise<ExitCode> {
  const { world, options, material, mode, clock, variables, witness } = request;
  const { environment, runbook } = material;
  world.redactor.learn(secretValues(environment, variables));
  const terminal = openTerminal(world, options, { banner: bannerOf(mode, environment.simulated === true) });
  const { screen } = terminal;
  const view = await createRunView({
    screen,
    spinner: terminal.spinner,
    clock: world.clock,
    objective: runbook.objective,
    full: !terminal.isTTY || options.flag('verbose'),
    flags: stateFlags(options),
  });
  for (const name of ignoredVariables(environment, variables)) {
    screen.line({ text: `${name} is set and ignored: the environment file does not name it`, tone: 'warning' });
  }
  const tell = (text: string) => {
    for (const line of completeCommands(world.redactor.text(text), stateFlags(options)).split('\n'))
      screen.line(sanitise(line), { indent: 2 });
  };
  request.announce?.(view.announce);
  const prompts = createPrompts(world, screen);
  let askedAtMs = 0;
  const prompted: PromptsSeen = { atPromptsMs: 0, asked: [] };
  const operator = createOperator({
    yes: options.flag('yes'),
    phrase: options.text('confirm'),
    prompts,
    rehearsal: mode === 'rehearsal',
    before(question) {
      askedAtMs = clock.now();
      view.beforeQuestion(question);
    },
    after() {
      prompted.atPromptsMs += clock.now() - askedAtMs;
      view.afterQuestion();
    },
    tell,
  });
  const secret = secretReader(environment, variables);
  const store = openStore(world, options);
  const interrupts = createInterrupts();
  const silence = [
    ...signals.map((signal) => world.onSignal(signal, () => interrupts.raise(signal))),
    ...[world.stdout, world.stderr].flatMap(({ onGone }) => onGone?.(() => interrupts.raise(readerGone)) ?? []),
  ];
  const json = options.flag('json');
  const optional = new Set(idsOfOptional(runbook.steps));
  let last: RunState | undefined;
  try {
    const result = await work({
      store,
      operator,
      clock,
      interrupts,
      actions,
      rehearsals: async () => {
        const { scores, unreadable } = readScores((await readIfThere(world, scoresFile(world, options))) ?? '');
        return { rehearsals: scores, unreadable: unreadable.length };
      },
      prompts: prompts && heldBackDuring(prompts, view),
      tell,
      actor: actorOf(world),
      edges: createEdges(environment, {
        ca: await readAuthority(world, material),
        secret,
        mask: world.redactor.text,
      }),
      subscribe(entry, state) {
        last = state;
        witness?.saw(state, optional);
        if (entry.type === 'confirmation-given' || entry.type === 'confirmation-declined')
          prompted.asked.push(entry.step);
        if (json) writeJsonLine(world, entry);
        view.entry(entry, state);
      },
      // Pipes and terminals are written at once (Node's docs, "A note on process I/O"); their errors are told a turn later.
      outputsHeard: () => world.clock.sleep(0),
      progress: view.progress,
    });
    view.stop();
    witness?.ended(result);
    // Where the log took no entry of this drive, there is what it held before.
    const state = last ?? (await stateBefore(store, result.run));
    const closing = state === undefined ? undefined : await request.closing?.(state, prompted);
    const open = state === undefined ? [] : thingsLeftOpen(state, actions);
    const openBefore = state === undefined ? [] : await openBeforeRun(store, state, result.exitCode, tell);
    const { head, exitCode, message } = result;
    if (state === undefined) tell(message);
    else {
      const customers = closing?.lines ?? [];
      const { objective } = runbook;
      const flags = { flags: stateFlags(options), runbooks: runbooksFlag(options) };
      printEndScreen(screen, state, { objective, head, exitCode, message, customers, open, openBefore, ...flags });
    }
    // Byte for byte, without banner or wrapping: it is the only copy.
    for (const line of [result.evidence, result.remedy]) if (line !== undefined) world.stderr.write(`${line}\n`);
    const told = { ...result, leftOpen: openAsJson(open), openBefore: openAsJson(openBefore) };
    if (json) writeJsonLine(world, closing === undefined ? told : { ...told, score: closing.score });
    return result.exitCode;
  } catch (error) {
    const refusal = request.refused?.(error);
    if (refusal !== undefined) screen.line(refusal.line, { hanging: 10 });
    if (json) writeRefusal(world, error, { runbook: material.runbook.name, mode, score: refusal?.score });
    throw error;
  } finally {
    view.stop();
    for (const unsubscribe of silence) unsubscribe();
    await store.close();
  }
}

/** The run as its log tells it; undefined where that cannot be read. */
async function stateBefore(store: Store, run: string): Promise<RunState | undefined> {
  try {
    return foldRun(await store.read(run));
  } catch (error) {
    // The result is still to be told, with what its own error says of the log.
    if (findOpsError(error) === undefined) throw error;
    return undefined;
  }
}

/** What earlier runs left open. A log that cannot be read for it is told, and changes nothing of how this run ended. */
async function openBeforeRun(store: Store, state: RunState, exitCode: ExitCode, tell: (text: string) => void) {
  // A log that failed has been told of already.
  if (exitCode === exitCodes.audit) return [];
  try {
    return await thingsOpenBefore(store, state, actions);
  } catch (error) {
    const told = findOpsError(error);
    if (told === undefined) throw error;
    tell(`what earlier runs left open cannot be read: ${told.message}`);
    return [];
  }
}

/** The environment's own certificate authority; its path is relative to the environment's file. */
async function readAuthority(world: World, { environment, documents }: Material): Promise<string | undefined> {
  if (environment.ca === undefined) return undefined;
  const from = documents.find(({ kind }) => kind === 'environment')?.file ?? world.cwd;
  const file = path.resolve(path.dirname(from), environment.ca);
  const text = await readIfThere(world, file);
  if (text !== undefined) return text;
  throw new OpsError('invalid', `the environment's certificate authority is missing: ${file}`, {
    hint: 'correct `ca` in the environment file; a simulator’s is gone when the simulator has ended',
  });
}

/** Prompts of which the view is told, so that nothing is printed into a question that stands open. */
function heldBackDuring(prompts: Prompts, view: Pick<RunView, 'beforeQuestion' | 'afterQuestion'>): Prompts {
  const during = async <T>(ask: () => Promise<T>): Promise<T> => {
    view.beforeQuestion({ go: false });
    try {
      return await ask();
    } finally {
      view.afterQuestion();
    }
  };
  return {
    input: (...question) => during(() => prompts.input(...question)),
    confirm: (...question) => during(() => prompts.confirm(...question)),
    select: (...question) => during(() => prompts.select(...question)),
    interrupt: prompts.interrupt,
  };
}
