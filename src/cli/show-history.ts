import { type ExitCode, exitCodes } from '../errors.ts';
import type { Score } from '../report/score.ts';
import { readScores, type Trend, trendsOf } from '../report/score-history.ts';
import type { World } from '../world/world.ts';
import type { Options } from './command.ts';
import { writeJsonLine } from './json-lines.ts';
import { readIfThere } from './locate.ts';
import { scoresFile } from './score-rehearsal.ts';
import { formatDuration } from './terminal/duration.ts';
import { openTerminal } from './terminal/open-terminal.ts';
import type { Screen } from './terminal/screen.ts';

/** Scores shown at most, newest last; `--json` gives all. */
const most = 30;

/** `rehearse --history`: the scores of earlier rehearsals (of one runbook, if named), and how they went over time. */
export async function showHistory(world: World, options: Options, runbook: string | undefined): Promise<ExitCode> {
  const file = scoresFile(world, options);
  const { scores: all, unreadable } = readScores((await readIfThere(world, file)) ?? '');
  const scores = all.filter((score) => runbook === undefined || score.runbook === runbook);
  if (options.flag('json')) for (const score of scores) writeJsonLine(world, { type: 'score', ...score });
  const { screen } = openTerminal(world, options, { to: options.flag('json') ? 'stderr' : 'stdout' });
  for (const { line, why } of unreadable) {
    screen.line({ text: `${file}:${line}:1: not shown: ${why}`, tone: 'warning' });
  }
  if (options.flag('json')) return exitCodes.succeeded;
  if (scores.length === 0) {
    screen.line('no rehearsals yet; `resend-ops rehearse failover` is the first');
    return exitCodes.succeeded;
  }
  screen.line({
    text: row(['when, UTC', 'runbook, scenario', 'exit', 'switched', 'recovered', 'lost']),
    tone: 'quiet',
  });
  for (const score of scores.slice(-most)) showScore(screen, score);
  const trends = trendsOf(scores);
  if (trends.length > 0) screen.line();
  for (const trend of trends) showTrend(screen, trend);
  return exitCodes.succeeded;
}

const widths = [12, 32, 5, 9, 10, 6] as const;

/** One line of the table: the first two columns stand left, the others right; together 79 characters. */
function row(cells: readonly string[]): string {
  return widths
    .map((width, column) => {
      const cell = (cells[column] ?? '').slice(0, width);
      return column < 2 ? cell.padEnd(width) : cell.padStart(width);
    })
    .join(' ');
}

function showScore(screen: Screen, score: Score): void {
  const { before, during, after } = score.customers;
  const sent = before.sent + during.sent + after.sent;
  const lost = before.lost + during.lost + after.lost;
  const time = (ms: number | null) => (ms === null ? '–' : formatDuration(ms));
  const day = score.at.slice(5, 16).replace('T', ' ');
  const tone = score.asExpected === false || score.met === false ? 'warning' : 'plain';
  const what = `${score.runbook}, ${score.scenario}`;
  const exit = `${score.exitCode}${score.asExpected === false ? '!' : ''}`;
  const share = sent === 0 ? '–' : `${((100 * lost) / sent).toFixed(1)}%`;
  screen.line({ text: row([day, what, exit, time(score.switchedMs), time(score.recoveredMs), share]), tone });
  if (score.asExpected === false)
    screen.line({ text: '! not as the scenario expects', tone: 'warning' }, { indent: 13 });
  if (score.met === false) screen.line({ text: 'the objective was missed', tone: 'warning' }, { indent: 13 });
}

function showTrend(screen: Screen, { runbook, scenario, switchedMs, lost }: Trend): void {
  screen.line(`${runbook}, ${scenario}: ${switchedMs.length} times`);
  const times = switchedMs.filter((ms) => ms !== null);
  if (times.length > 1) {
    screen.line(`switched ${bars(times)} ${formatDuration(times[0] ?? 0)} to ${formatDuration(times.at(-1) ?? 0)}`, {
      indent: 2,
    });
  }
  screen.line(`lost     ${bars(lost)} ${lost[0] ?? 0} to ${lost.at(-1) ?? 0} requests`, { indent: 2 });
}

const heights = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** A bar for each number, the highest of them full. */
function bars(numbers: readonly number[]): string {
  const top = Math.max(...numbers, 1);
  return numbers.map((value) => heights[Math.round((value / top) * (heights.length - 1))] ?? '▁').join('');
}
