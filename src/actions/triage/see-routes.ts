import type { Paths } from './evidence.ts';

/**
 * N of M: of `leastRounds` rounds or more, the share that must have failed. A window as long as a whole cycle of the flap
 * sees both of its halves: there the rounds of the last cycle are counted, and the smaller share of them decides.
 */
export type Window = { leastRounds: number; share: number; shareOfCycle: number };

/**
 * 5 of 6 rounds, and three quarters of more of them; two fifths of a whole cycle. Fewer rounds than six are no window:
 * requests that get lost by chance would pass for a fault in them. Two fifths, so that a primary that is down for half of
 * its time is always told to be: of the rounds of one cycle, one or two fall on the other side of its edges.
 */
export const usualWindow: Window = { leastRounds: 6, share: 0.75, shareOfCycle: 0.4 };

/** What the primary did in the rounds that are counted: it failed in `failed` of `rounds`, and `needed` of them decide. */
export type Counted = { failed: number; rounds: number; needed: number };

/** The time that the rounds were spread over, the longest cycle to reckon with, and the window where it is no usual one. */
type Times = { windowMs: number; cycleMs: number; window?: Window };

/** What the rounds show of both paths, as far as it decides. */
export type Seen = {
  primary: Route;
  fallback: Route;
  /** Critical requests that the primary path does not meet while the fallback does, in most rounds each. */
  decisive: string[];
  /** Those of them that are so without what was answered 429. */
  beyondLimits: string[];
  /** Critical requests that were sent. */
  sent: number;
  counted: Counted;
  /** The window holds a whole cycle of the flap. */
  isWholeCycle: boolean;
};
/** A path, and what it did in each round. */
export type Route = { name: string; state: string; rounds: readonly boolean[]; good: number; bad: number };

/** Looks at the paths through a window; undefined where there is no primary or no fallback among them. Pure. */
export function seeRoutes(paths: Paths, { windowMs, cycleMs, window = usualWindow }: Times): Seen | undefined {
  const byRole = (role: string): Route | undefined => {
    const [found] = Object.entries(paths.routes).filter(([, route]) => route.role === role);
    if (found === undefined) return undefined;
    const [name, { rounds, state }] = found;
    const good = rounds.filter((met) => met).length;
    return { name, state, rounds, good, bad: rounds.length - good };
  };
  const primary = byRole('primary');
  const fallback = byRole('fallback');
  if (primary === undefined || fallback === undefined) return undefined;
  const isWholeCycle = windowMs >= cycleMs;
  const last = primary.rounds.slice(-(isWholeCycle ? roundsOfCycle(primary, { windowMs, cycleMs, window }) : 0));
  const failed = last.filter((met) => !met).length;
  const needed = Math.ceil((isWholeCycle ? window.shareOfCycle : window.share) * last.length);
  const critical = paths.matrix.filter((row) => row.critical);
  const lostIn = (rounds: number, { limits }: { limits: boolean }) =>
    critical
      .filter(({ cells }) => {
        const lost = cells[primary.name];
        const met = cells[fallback.name];
        if (lost === undefined || met === undefined || lost.of === 0) return false;
        return lost.of - lost.passed - (limits ? 0 : lost.limited) >= rounds && met.passed >= 0.75 * met.of;
      })
      .map(({ id }) => id);
  const decisiveWith = (counting: { limits: boolean }): string[] => {
    const steadily = lostIn(Math.ceil(window.share * primary.rounds.length), counting);
    // What fails in turns fails for most requests at once; a single one that is lost now and then is noise.
    const inTurns = isWholeCycle ? lostIn(needed, counting) : [];
    return steadily.length > 0 || inTurns.length * 2 < critical.length ? steadily : inTurns;
  };
  return {
    ...{ primary, fallback, isWholeCycle, counted: { failed, rounds: last.length, needed } },
    decisive: decisiveWith({ limits: true }),
    beyondLimits: decisiveWith({ limits: false }),
    sent: critical.filter(({ cells }) => (cells[primary.name]?.of ?? 0) > 0).length,
  };
}

/** The rounds of the last whole cycle: a part of one more would count one half of the flap twice. All, where they are too few. */
function roundsOfCycle({ rounds }: Route, { windowMs, cycleMs, window }: Required<Times>): number {
  const ofCycle = Math.round((cycleMs * (rounds.length - 1)) / windowMs);
  return ofCycle < window.leastRounds ? rounds.length : ofCycle;
}
