import type { Answers, Paths } from './evidence.ts';

/** What to do. `look-again` where the evidence does not decide: a guess is no recommendation. */
export const recommendations = ['fail-over', 'hold', 'fix-ours', 'fix-fallback', 'nothing', 'look-again'] as const;

/** One of {@link recommendations}. */
export type Recommendation = (typeof recommendations)[number];

/**
 * What decides: what the paths did, over what time, and where DNS leads. Nothing else does: what vendors say and what
 * monitors alert on lags behind, and speaks of more than this hostname.
 */
export type Deciding = {
  paths: Paths | undefined;
  answers: Answers | undefined;
  /** The time that the rounds were spread over. */
  windowMs: number;
  /** The longest cycle of failing and recovering to reckon with. */
  cycleMs: number;
  /** How many of how many rounds decide; {@link usualWindow} unless given. */
  window?: Window;
};

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

/** A recommendation, and why, the weightiest first. `until`: what must be true, and for how long, to go on. */
export type Decision = {
  recommendation: Recommendation;
  because: string[];
  until: string | null;
  /** Null where the paths were not seen. */
  counted: Counted | null;
};

type Concluded = Omit<Decision, 'counted'>;

type Seen = {
  primary: Route;
  fallback: Route;
  /** Critical requests that the primary path does not meet while the fallback does, in most rounds each. */
  decisive: string[];
  counted: Counted;
  /** The window holds a whole cycle of the flap. */
  isWholeCycle: boolean;
};
type Route = { name: string; state: string; rounds: readonly boolean[]; good: number; bad: number };

/**
 * What to do, from N of M rounds: no single round decides, red or green. Pure.
 *
 * To fail over, the primary must have missed, and the fallback met, the same critical requests in N of M rounds (see
 * {@link Window}), the last ones among the missed. In a window wider than a cycle of the flap fewer of them are enough, if
 * it is so with half of the critical requests; and there it has come back only where the last half of a cycle is green.
 */
export function decide(deciding: Deciding): Decision {
  const { paths } = deciding;
  if (paths === undefined) {
    return { ...again('the paths could not be looked at, and nothing else decides'), counted: null };
  }
  const seen = seeRoutes(paths, deciding);
  if (seen === undefined) {
    return { ...again('the paths were looked at without a primary and a fallback'), counted: null };
  }
  return { ...conclude(paths, seen, deciding), counted: seen.counted };
}

function conclude(paths: Paths, seen: Seen, deciding: Deciding): Concluded {
  const { answers } = deciding;
  const isAway = answers !== undefined && hasMoved(answers, seen.fallback.name);
  switch (paths.verdict) {
    case 'own-fault':
      return { recommendation: 'fix-ours', because: paths.reasons, until: null };
    case 'fallback-not-ready':
      return { recommendation: 'fix-fallback', because: paths.reasons, until: null };
    case 'healthy':
      if (!isAway) return { recommendation: 'nothing', because: paths.reasons, until: null };
      return hold(seen, deciding, [`DNS leads to ${seen.fallback.name}`, ...paths.reasons], 'fail back when');
    case 'recovering':
      return hold(seen, deciding, paths.reasons);
    case 'inconclusive':
      if (isFlap(seen) && !isAway) return weighProviderFault(seen, deciding, paths.reasons);
      if (seen.primary.bad > 0 && seen.primary.good > 0) return hold(seen, deciding, paths.reasons);
      return again(...paths.reasons);
    case 'provider-fault':
      if (isAway && seen.fallback.good < 0.75 * seen.fallback.rounds.length) {
        const unwell = `DNS leads to ${seen.fallback.name}, which met everything in only ${seen.fallback.good} of ${seen.fallback.rounds.length} rounds`;
        return { recommendation: 'fix-fallback', because: [unwell, ...paths.reasons], until: null };
      }
      if (isAway) {
        const moved = `DNS leads to ${seen.fallback.name} already: customers follow as old answers expire`;
        return { recommendation: 'nothing', because: [moved, ...paths.reasons], until: null };
      }
      return weighProviderFault(seen, deciding, paths.reasons);
  }
}

/**
 * Fewer red rounds than green ones read as a blink; in a window of a whole cycle, as many as decide are more than that.
 * The fallback must have been steady meanwhile: else both may have failed with what is behind them.
 */
function isFlap({ primary, fallback, counted, isWholeCycle }: Seen): boolean {
  const isSteady = fallback.good >= 0.75 * fallback.rounds.length;
  return isWholeCycle && primary.state === 'blink' && counted.failed >= counted.needed && isSteady;
}

function weighProviderFault(seen: Seen, deciding: Deciding, reasons: readonly string[]): Concluded {
  const { primary, fallback, decisive, counted, isWholeCycle } = seen;
  const { leastRounds } = deciding.window ?? usualWindow;
  const total = primary.rounds.length;
  if (total < leastRounds) return again(`${total} rounds are too few to decide on`, ...reasons);
  // A flap is green for half of its cycle, and a round more at either edge.
  const quiet = isWholeCycle ? Math.floor(counted.rounds / 2) + 2 : Math.ceil(total / 4);
  const tail = primary.rounds.slice(-Math.max(2, quiet));
  if (tail.every((good) => good)) {
    return hold(seen, deciding, [`${primary.name} met everything in the last ${tail.length} rounds`, ...reasons]);
  }
  if (counted.failed < counted.needed) {
    const few = `${primary.name} failed in ${counted.failed} of the last ${counted.rounds} rounds`;
    return hold(seen, deciding, [`${few}, and ${counted.needed} decide`, ...reasons]);
  }
  if (fallback.good < 0.75 * total) {
    const unproven = `${fallback.name} met everything in only ${fallback.good} of ${total} rounds`;
    return { recommendation: 'fix-fallback', because: [unproven, ...reasons], until: null };
  }
  if (decisive.length === 0) {
    const inTurns = `no critical request fails over ${primary.name} in most rounds: the fault comes and goes`;
    return hold(seen, deciding, [inTurns, ...reasons]);
  }
  const difference = `${tally(primary)}, and ${fallback.name} met what it missed: ${list(decisive)}`;
  const others = reasons.filter((reason) => !reason.startsWith(tally(primary)) && !reason.startsWith('only '));
  const brief = `seen over ${deciding.windowMs / 1_000} s: a fault that comes and goes would look the same while it lasts`;
  const because = [difference, ...others, ...(deciding.windowMs >= deciding.cycleMs ? [] : [brief])];
  return { recommendation: 'fail-over', because, until: null };
}

function seeRoutes(paths: Paths, { windowMs, cycleMs, window = usualWindow }: Deciding): Seen | undefined {
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
  const lostIn = (rounds: number) =>
    critical
      .filter(({ cells }) => {
        const lost = cells[primary.name];
        const met = cells[fallback.name];
        if (lost === undefined || met === undefined || lost.of === 0) return false;
        return lost.of - lost.passed >= rounds && met.passed >= 0.75 * met.of;
      })
      .map(({ id }) => id);
  const steadily = lostIn(Math.ceil(window.share * primary.rounds.length));
  // What fails in turns fails for most requests at once; a single one that is lost now and then is noise.
  const inTurns = isWholeCycle ? lostIn(needed) : [];
  const decisive = steadily.length > 0 || inTurns.length * 2 < critical.length ? steadily : inTurns;
  return { primary, fallback, decisive, counted: { failed, rounds: last.length, needed }, isWholeCycle };
}

/** The rounds of the last whole cycle: a part of one more would count one half of the flap twice. All, where they are too few. */
function roundsOfCycle(
  { rounds }: Route,
  { windowMs, cycleMs, window }: Required<Pick<Deciding, 'windowMs' | 'cycleMs' | 'window'>>,
): number {
  const ofCycle = Math.round((cycleMs * (rounds.length - 1)) / windowMs);
  return ofCycle < window.leastRounds ? rounds.length : ofCycle;
}

function hold(seen: Seen, deciding: Deciding, because: readonly string[], then = 'all is over when'): Concluded {
  const { primary } = seen;
  const window = inMinutes(deciding.cycleMs);
  const share = Math.round((deciding.window ?? usualWindow).shareOfCycle * 100);
  const until =
    `${then} ${primary.name} meets every critical request in every round for ${window}, which is longer than it has been ` +
    `known to recover for; fail over if it misses them in ${share} % of the rounds of such a window`;
  return { recommendation: 'hold', because: [...because], until };
}

function again(...because: string[]): Concluded {
  return { recommendation: 'look-again', because, until: null };
}

/**
 * Each of the zone's own servers leads to the fallback, at every address of it that answers. What leads nowhere, or to
 * what nobody knows, has not moved: a name that is gone, or a server that does not speak for the zone, must not pass for
 * a switch that was made.
 */
function hasMoved({ servers }: Answers, fallback: string): boolean {
  const own = servers.filter(({ kind }) => kind === 'authoritative');
  const names = new Set(own.map(({ server }) => server));
  return (
    own.length > 0 &&
    [...names].every((name) => {
      const speaking = own.filter(({ server, answered }) => server === name && answered);
      return speaking.length > 0 && speaking.every(({ leadsTo }) => leadsTo === fallback);
    })
  );
}

function tally({ name, bad, rounds }: Route): string {
  return `${name} failed in ${bad} of ${rounds.length} rounds`;
}

function list(ids: readonly string[]): string {
  return ids.length > 4 ? `${ids.slice(0, 4).join(', ')} and ${ids.length - 4} more` : ids.join(', ');
}

/** A time of minutes or more, in whole minutes. */
export function inMinutes(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 60_000))} min`;
}
