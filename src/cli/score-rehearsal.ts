import path from 'node:path';
import { exitCodeOf, exitCodes } from '../errors.ts';
import type { RunState } from '../journal/run-state.ts';
import { type RefusalScore, type Score, type ScoreFacts, scoreOf, scoreOfRefusal } from '../report/score.ts';
import type { Runbook } from '../runbook/runbook.ts';
import type { World } from '../world/world.ts';
import type { Options } from './command.ts';
import { customerLines } from './customers.ts';
import { locateState } from './locate.ts';
import type { OpenSimulator } from './open-simulator.ts';
import { formatDuration } from './terminal/duration.ts';

/** Where the scores of rehearsals are kept, one a line. */
export function scoresFile(world: World, options: Options): string {
  return path.join(locateState(world, options.text('stateDir')), 'rehearsals.jsonl');
}

/** Questions of a run: how long they stood there, by the run's clock, and the steps that asked. */
export type PromptsSeen = { atPromptsMs: number; asked: string[] };

/** The end of a rehearsal: what its customers saw, and its score, which is kept. */
export type RehearsalEnd = { lines: string[]; score: Score };

/**
 * Waits for the customers to follow a proven switch, scores the rehearsal, and keeps the score. A score that cannot be
 * kept is told among the lines; it is no reason for the rehearsal to fail.
 */
export async function endRehearsal(
  { world, options, runbook }: { world: World; options: Options; runbook: Runbook },
  opened: OpenSimulator,
  run: PromptsSeen & { state: RunState; say(text: string): void },
): Promise<RehearsalEnd> {
  const { state, atPromptsMs, asked } = run;
  const { simulator, scenario } = opened;
  const lines = await customerLines(simulator, state, opened, run.say);
  const { goAt } = state.clocks;
  const score: Score = world.redactor.json(
    scoreOf(state, {
      scenario: opened.scenarioName,
      from: options.text('from') ?? null,
      seed: options.number('seed') ?? null,
      atPromptsMs,
      asked,
      endsOn: simulator.answeredPath(),
      expected: expectedOf(opened, state),
      objective: runbook.objective,
      goAtMs: goAt === null ? null : opened.clockTimeOf(Date.parse(goAt)),
      customers: simulator.clientsReport(),
    }),
  );
  lines.push(...scoreLines(score, scenario.expect));
  try {
    await world.files.append(scoresFile(world, options), `${JSON.stringify(score)}\n`);
  } catch (error) {
    lines.push(`the score could not be kept: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { lines, score };
}

/**
 * Scores a rehearsal that was refused for its credentials, which a scenario may be about; undefined for what else keeps
 * a run from starting.
 */
export function endRefusal(
  { options, runbook, mode }: { options: Options; runbook: string; mode: string },
  opened: OpenSimulator,
  error: unknown,
): { line: string; score: RefusalScore } | undefined {
  const exitCode = exitCodeOf(error);
  if (exitCode !== exitCodes.credentials) return undefined;
  const score = scoreOfRefusal(exitCode, {
    scenario: opened.scenarioName,
    from: options.text('from') ?? null,
    seed: options.number('seed') ?? null,
    endsOn: opened.simulator.answeredPath(),
    expected: expectedOf(opened, { runbook, mode }),
  });
  const end = `refused, exit ${exitCode}, DNS on ${score.endsOn}`;
  const how = score.asExpected === true ? 'ended as the scenario expects' : 'NOT as the scenario expects';
  return { line: score.asExpected === null ? `score     ${end}` : `score     ${how}: ${end}`, score };
}

/** What the scenario says of this run: it speaks of a failover that is rehearsed. */
function expectedOf(
  { scenario }: OpenSimulator,
  { runbook, mode }: { runbook: string; mode: string },
): ScoreFacts['expected'] {
  if (runbook !== 'failover' || mode !== 'rehearsal') return {};
  const { verdict, 'exit-code': exitCode, 'ends-on': endsOn, asked } = scenario.expect;
  return { verdict, exitCode, endsOn, asked };
}

function scoreLines(score: Score, expect: OpenSimulator['scenario']['expect']): string[] {
  const { before, during, after } = score.customers;
  const part = ({ sent, lost }: { sent: number; lost: number }) => `${lost} of ${sent}`;
  const lines = [
    `score     lost before go ${part(before)}`,
    `          until recovered ${part(during)}, after ${part(after)}`,
    `          at prompts ${formatDuration(score.atPromptsMs)}`,
  ];
  for (const [what, list] of [
    ['guards that fired', score.guards],
    ['overridden', Object.keys(score.overrides)],
    ['left behind', score.left],
  ] as const) {
    if (list.length > 0) lines.push(`          ${what}: ${list.join(', ')}`);
  }
  if (score.asExpected === null) return lines;
  const ending = (verdict: string, exitCode: number | string, endsOn: string, asked: readonly string[] | undefined) =>
    `${verdict}, exit ${exitCode}, DNS on ${endsOn}, asked ${asked === undefined ? 'anyone' : asked.join(', ') || 'nobody'}`;
  const found = ending(score.verdict ?? 'no verdict', score.exitCode, score.endsOn, score.asked);
  const { verdict, 'exit-code': exitCode, 'ends-on': endsOn, asked } = expect;
  const wanted = ending(verdict?.join(' or ') ?? 'any verdict', exitCode ?? 'any', endsOn ?? 'any path', asked);
  return [
    ...lines,
    score.asExpected
      ? `          ended as the scenario expects: ${found}`
      : `          NOT as the scenario expects: ${found} (expected ${wanted})`,
  ];
}
