import { type ExitCode, exitCodeOf, exitCodes, OpsError } from '../errors.ts';
import type { RefusalScore } from '../report/score.ts';
import type { World } from '../world/world.ts';
import { writeJsonLine } from './json-lines.ts';

const told = new WeakSet<object>();

/** The result line of `--json` for a run that did not start; an error is told once, by whoever knows most of it. */
export function writeRefusal(
  world: World,
  error: unknown,
  {
    runbook,
    mode,
    exitCode = exitCodeOf(error),
    score,
  }: {
    runbook: string | null;
    mode: string | null;
    exitCode?: ExitCode;
    /** Of a rehearsal that was refused. */
    score?: RefusalScore | undefined;
  },
): void {
  if (typeof error === 'object' && error !== null) {
    if (told.has(error)) return;
    told.add(error);
  }
  writeJsonLine(world, {
    type: 'result',
    run: null,
    runbook,
    mode,
    outcome: exitCode === exitCodes.stopped ? 'stopped' : 'refused',
    exitCode,
    message: messageOf(error),
    clocks: { goAt: null, switchedMs: null, recoveredMs: null, predictedDrainMs: null },
    steps: [],
    overrides: {},
    head: null,
    leftOpen: [],
    openBefore: [],
    ...(score === undefined ? {} : { score }),
  });
}

/** What people read after `error:`, with its place. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const where = error instanceof OpsError ? error.where : undefined;
  const place = where === undefined ? '' : `${where.file}:${where.line}:${where.column}: `;
  // The parser's own errors bring the label along.
  return place + error.message.replace(/^error: /, '');
}
