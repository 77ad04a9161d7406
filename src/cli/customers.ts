import type { RunState } from '../journal/state.ts';
import type { ClientsReport } from '../simulator/client-tally.ts';
import { formatDuration } from './terminal/duration.ts';

/** What the simulated customers saw, in lines for people. `clockTimeOf` turns the journal's time into the simulator's. */
export function customerLines(
  report: ClientsReport,
  state: RunState,
  clockTimeOf: (realMs: number) => number,
): string[] {
  const { clients, sent, failed, failures, lastFailureAt, movedToFallbackAt } = report;
  const share = sent === 0 ? 0 : (100 * failed) / sent;
  const reasons = Object.entries(failures).sort(([, a], [, b]) => b - a);
  const because = reasons.slice(0, 3).map(([reason, count]) => `${reason}: ${count}`);
  const lines = [
    `customers  ${clients} sent ${sent} requests and lost ${failed} (${share.toFixed(1)} %${because.length === 0 ? '' : `; ${because.join(', ')}`})`,
  ];
  const { goAt } = state.clocks;
  if (goAt === null) return lines;
  const go = clockTimeOf(Date.parse(goAt));
  const after = (at: number | null) => (at === null ? 'not yet' : formatDuration(Math.max(0, at - go)));
  lines.push(
    `           moved: half after ${after(movedToFallbackAt.p50)}, 95 % after ${after(movedToFallbackAt.p95)}, all after ${after(movedToFallbackAt.all)}`,
  );
  if (lastFailureAt !== null && lastFailureAt > go) {
    lines.push(`           last lost request ${after(lastFailureAt)} after go`);
  }
  return lines;
}
