import type { RunState } from '../journal/run-state.ts';
import type { Simulator } from '../simulator/simulator.ts';
import type { Clock } from '../world/clock.ts';
import { formatDuration } from './terminal/duration.ts';

/** How long the customers of a rehearsal that reached its end may take to let go of their connections. */
const settleMs = 20_000;

/**
 * What the simulated customers saw, in lines for people. After a switch that is proven they get a moment to follow:
 * connections outlive DNS. `clockTimeOf` turns the journal's time into the simulator's.
 */
export async function customerLines(
  simulator: Pick<Simulator, 'clientsReport'>,
  state: RunState,
  { clock, clockTimeOf }: { clock: Clock; clockTimeOf(realMs: number): number },
  say: (text: string) => void,
): Promise<string[]> {
  const until = clock.now() + settleMs;
  const isSettling = () => simulator.clientsReport().movedToFallbackAt.all === null && clock.now() < until;
  if (state.clocks.recoveredMs !== null && isSettling()) say('waiting for the simulated customers to follow');
  while (state.clocks.recoveredMs !== null && isSettling()) await clock.sleep(500);
  const { clients, sent, failed, failures, lastFailureAt, movedToFallbackAt } = simulator.clientsReport();
  const share = sent === 0 ? 0 : (100 * failed) / sent;
  const reasons = Object.entries(failures).sort(([, a], [, b]) => b - a);
  const because = reasons.slice(0, 3).map(([reason, count]) => `; ${reason}: ${count}`);
  const lines = [
    `customers ${clients} sent ${sent} requests, lost ${failed} (${share.toFixed(1)} %${because.join('')})`,
  ];
  const { goAt } = state.clocks;
  if (goAt === null) return lines;
  const go = clockTimeOf(Date.parse(goAt));
  const after = (at: number | null) => (at === null ? 'not yet' : formatDuration(at - go));
  const { p50, all } = movedToFallbackAt;
  if (p50 !== null) lines.push(`          on the fallback: half ${after(p50)}, all ${after(all)} after go`);
  if (lastFailureAt !== null && lastFailureAt > go)
    lines.push(`          last lost request ${after(lastFailureAt)} after go`);
  return lines;
}
