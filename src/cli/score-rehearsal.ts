import path from 'node:path';
import { exitCodeOf, exitCodes } from '../errors.ts';
import type { RunState } from '../journal/run-state.ts';
import {
  listFields,
  type RefusalScore,
  type Score,
  type ScoreFacts,
  scoreOf,
  scoreOfRefusal,
} from '../report/score.ts';
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
      notices: noticesOf(opened),
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
    notices: noticesOf(opened),
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
  const { 'exit-code': exitCode, 'ends-on': endsOn, ...others } = scenario.expect;
  return { exitCode, endsOn, ...others };
}

/** The public notices on the simulated page, each by its phase. */
function noticesOf({ simulator }: OpenSimulator): string[] {
  return simulator.world.statusPage.incidents.map(({ phase }) => phase);
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
    ['approvals refused', score.refused],
    ['approvals void', score.voided],
    ['public notices', score.notices],
    ['overridden', Object.keys(score.overrides)],
    ['left behind', score.left],
  ] as const) {
    if (list.length > 0) lines.push(`          ${what}: ${list.join(', ')}`);
  }
  if (score.asExpected === null) return lines;
  const listed = listFields.filter((field) => expect[field] !== undefined);
  const ending = (of: { verdict: string; exitCode: number | string; endsOn: string }, lists: Score | typeof expect) =>
    [
      `${of.verdict}, exit ${of.exitCode}, DNS on ${of.endsOn}`,
      ...listed.map((field) => `${field} ${lists[field]?.join(', ') || 'nothing'}`),
    ].join(', ');
  const found = ending({ ...score, verdict: score.verdict ?? 'no verdict' }, score);
  const { verdict, 'exit-code': exitCode, 'ends-on': endsOn } = expect;
  const wanted = ending(
    { verdict: verdict?.join(' or ') ?? 'any verdict', exitCode: exitCode ?? 'any', endsOn: endsOn ?? 'any path' },
    expect,
  );
  return [
    ...lines,
    score.asExpected
      ? `          ended as the scenario expects: ${found}`
      : `          NOT as the scenario expects: ${found} (expected ${wanted})`,
  ];
}
