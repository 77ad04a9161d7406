import { type Score, scoreSchema } from './score.ts';

/** The scores of earlier rehearsals, oldest first, and the lines that are none. */
export type ScoreHistory = { scores: Score[]; unreadable: { line: number; why: string }[] };

/** Reads the text of `rehearsals.jsonl`, one score a line. A line that is no score is told by its number, never guessed at. */
export function readScores(text: string): ScoreHistory {
  const history: ScoreHistory = { scores: [], unreadable: [] };
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const parsed = scoreSchema.safeParse(parseJson(line));
    if (parsed.success) history.scores.push(parsed.data);
    else {
      const issue = parsed.error.issues[0];
      const why =
        issue === undefined || issue.path.length === 0 ? 'it is no score' : `${issue.path.join('.')} is wrong`;
      history.unreadable.push({ line: index + 1, why });
    }
  }
  return history;
}

/** What happened from one rehearsal to the next: those of the same runbook and scenario, at least two, newest at most `most`. */
export type Trend = { runbook: string; scenario: string; switchedMs: (number | null)[]; lost: number[] };

/** The trends of a history, one for each runbook and scenario that was rehearsed more than once; dry runs do not count. */
export function trendsOf(scores: readonly Score[], most = 24): Trend[] {
  const groups = groupBy(scores);
  return [...groups.values()]
    .map((group) => group.filter(({ mode }) => mode === 'rehearsal').slice(-most))
    .filter((group) => group.length > 1)
    .map((group) => ({
      runbook: group[0]?.runbook ?? '',
      scenario: group[0]?.scenario ?? '',
      switchedMs: group.map(({ switchedMs }) => switchedMs),
      lost: group.map(({ customers: { before, during, after } }) => before.lost + during.lost + after.lost),
    }));
}

function keyOf({ runbook, scenario }: Score): string {
  return `${runbook} ${scenario}`;
}

function groupBy(scores: readonly Score[]): Map<string, Score[]> {
  const groups = new Map<string, Score[]>();
  for (const score of scores) groups.set(keyOf(score), [...(groups.get(keyOf(score)) ?? []), score]);
  return groups;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
