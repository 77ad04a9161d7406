import { type Doubt, doubtOf, type Elsewhere } from './doubt.ts';
import type { Answers, Paths } from './evidence.ts';
import { type Counted, type Route, type Seen, seeRoutes, usualWindow, type Window } from './see-routes.ts';

/** What to do. `look-again` where the evidence does not decide: a guess is no recommendation. */
export const recommendations = ['fail-over', 'hold', 'fix-ours', 'fix-fallback', 'nothing', 'look-again'] as const;

/** One of {@link recommendations}. */
export type Recommendation = (typeof recommendations)[number];

/**
 * What decides: what the paths did, over what time, and where DNS leads. What others see (`elsewhere`) never makes an
 * outage of what the paths do not show, for it lags behind, and speaks of more than this hostname; it tells only whether
 * what they show may be seen from here alone ({@link doubtOf}).
 */
export type Deciding = {
  paths: Paths | undefined;
  answers: Answers | undefined;
  elsewhere?: Elsewhere;
  /** The time that the rounds were spread over. */
  windowMs: number;
  /** The longest cycle of failing and recovering to reckon with. */
  cycleMs: number;
  /** How many of how many rounds decide; {@link usualWindow} unless given. */
  window?: Window;
};

/** A recommendation, and why, the weightiest first. `until`: what must be true, and for how long, to go on. */
export type Decision = {
  recommendation: Recommendation;
  because: string[];
  until: string | null;
  /** Why an outage that the paths show is not told to be one; null where nothing speaks against it. */
  doubt: Doubt['doubt'] | null;
  /** Null where the paths were not seen. */
  counted: Counted | null;
};

type Concluded = Omit<Decision, 'counted' | 'doubt'> & { doubt?: Doubt['doubt'] };

/**
 * What to do, from N of M rounds: no single round decides, red or green. Pure.
 *
 * To fail over, the primary must have missed, and the fallback met, the same critical requests in N of M rounds (see
 * {@link Window}), the last ones among the missed. In a window wider than a cycle of the flap fewer of them are enough, if
 * it is so with half of the critical requests; and there it has come back only where the last half of a cycle is green.
 */
export function decide(given: Deciding): Decision {
  const { paths } = given;
  if (paths === undefined) {
    return { ...again('the paths could not be looked at, and nothing else decides'), doubt: null, counted: null };
  }
  // What was sent in less time than was meant is judged by the time that it took.
  const deciding = { ...given, windowMs: Math.min(given.windowMs, paths.endedEarly?.afterMs ?? given.windowMs) };
  const seen = seeRoutes(paths, deciding);
  if (seen === undefined) {
    return { ...again('the paths were looked at without a primary and a fallback'), doubt: null, counted: null };
  }
  return { doubt: null, ...conclude(paths, seen, deciding), counted: seen.counted };
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
      if (isFlap(seen) && !isAway) return weighProviderFault(paths, seen, deciding);
      if (seen.primary.state === 'bad' && seen.decisive.length > 0 && !isAway) {
        const doubt = doubtIn(paths, seen, deciding);
        if (doubt !== undefined) return doubt;
      }
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
      return weighProviderFault(paths, seen, deciding);
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

/** What speaks against an outage that the paths show; undefined where nothing does. */
function doubtIn(paths: Paths, seen: Seen, { elsewhere = {} }: Deciding): Concluded | undefined {
  const { primary, counted, decisive, beyondLimits, sent } = seen;
  const failing = {
    ...counted,
    name: primary.name,
    isWhole: decisive.length === sent,
    isBeyondLimits: beyondLimits.length > 0,
    isFromStart: primary.rounds[0] === false,
  };
  const found = doubtOf(paths, failing, elsewhere);
  if (found === undefined) return undefined;
  return {
    recommendation: 'look-again',
    because: [...found.because, ...paths.reasons],
    until: null,
    doubt: found.doubt,
  };
}

function weighProviderFault(paths: Paths, seen: Seen, deciding: Deciding): Concluded {
  const { reasons } = paths;
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
  const doubt = doubtIn(paths, seen, deciding);
  if (doubt !== undefined) return doubt;
  const difference = `${tally(primary)}, and ${fallback.name} met what it missed: ${list(decisive)}`;
  const others = reasons.filter((reason) => !reason.startsWith(tally(primary)) && !reason.startsWith('only '));
  const because = [difference, ...others, ...describeTime(paths, primary.rounds.length, deciding)];
  return { recommendation: 'fail-over', because, until: null };
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

function describeTime({ endedEarly }: Paths, rounds: number, { windowMs, cycleMs }: Deciding): string[] {
  if (endedEarly !== null)
    return [`ended after ${rounds} of ${endedEarly.planned} rounds: those that remain ${endedEarly.why}`];
  if (windowMs >= cycleMs) return [];
  return [`seen over ${windowMs / 1_000} s: a fault that comes and goes would look the same while it lasts`];
}
