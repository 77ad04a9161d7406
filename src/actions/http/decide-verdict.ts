import { type RouteEvidence, type RouteState, type RouteView, stateOf, viewRoute } from './route-evidence.ts';

/** What a verdict is decided from. All routes hold the same requests and the same number of rounds. */
export type Evidence = { primary: RouteEvidence; fallback: RouteEvidence; origin?: RouteEvidence };

/** Whose fault it is. */
export type Verdict = 'healthy' | 'provider-fault' | 'own-fault' | 'fallback-not-ready' | 'recovering' | 'inconclusive';

/** A verdict and the evidence for it, in plain words, the weightiest first. */
export type Decision = {
  verdict: Verdict;
  reasons: string[];
  /** The rounds that count, by their number from 0: those in which any route could be reached at all. */
  counted: number[];
  states: { primary: RouteState; fallback: RouteState; origin: RouteState | 'unreachable' | 'absent' };
};

type Views = { primary: RouteView; fallback: RouteView; origin: RouteView | undefined };
type Conclusion = { verdict: Verdict; reasons: string[] };

/**
 * Decides from the differences between routes alone: the same requests at the same time, met or not. One green round
 * does not cancel an outage, and one red round does not make one. Pure.
 */
export function decideVerdict(evidence: Evidence): Decision {
  const { total, counted } = roundsThatCount(evidence);
  const views: Views = {
    primary: viewRoute(evidence.primary, counted),
    fallback: viewRoute(evidence.fallback, counted),
    origin: evidence.origin === undefined ? undefined : viewRoute(evidence.origin, counted),
  };
  const asides: string[] = [];
  if (views.origin?.strayed === true) {
    asides.push(`${misled(views.origin)}; it is left out`);
    views.origin = undefined;
  }
  const states = { primary: views.primary.state, fallback: views.fallback.state, origin: originState(views) };
  const left = total - counted.length;
  if (left * 2 >= total) {
    const reason = `no route could be reached at all in ${left} of ${total} rounds: this machine may be offline`;
    return { verdict: 'inconclusive', reasons: [reason], counted, states };
  }
  if (left > 0) asides.push(`${rounds(left)} left out: this machine reached nothing at all`);
  const stray = [views.primary, views.fallback].filter(({ strayed }) => strayed);
  if (stray.length > 0) return { verdict: 'inconclusive', reasons: [...stray.map(misled), ...asides], counted, states };
  const { verdict, reasons } = states.primary === 'bad' ? attribute(views, counted) : judgeWorkingPrimary(views);
  return { verdict, reasons: [...reasons, ...originAside(views), ...asides], counted, states };
}

function misled({ name }: RouteView): string {
  return `answers over ${name} came by another path: check where it connects to`;
}

/** A round in which this machine reached nothing at all says nothing about anyone. */
function roundsThatCount({ primary, fallback, origin }: Evidence): { total: number; counted: number[] } {
  const sequences = [primary, fallback, origin].flatMap((route) => Object.values(route?.cells ?? {}));
  const total = Math.max(0, ...sequences.map((cells) => cells.length));
  const all = Array.from({ length: total }, (_, round) => round);
  return { total, counted: all.filter((round) => sequences.some((cells) => cells[round] !== 'unconnected')) };
}

function judgeWorkingPrimary({ primary, fallback }: Views): Conclusion {
  if (primary.state === 'recovering') {
    return {
      verdict: 'recovering',
      reasons: [`${primary.tally}, then met everything`, `${fallback.name} is ${fallback.state}`],
    };
  }
  if (primary.state === 'blink') {
    return { verdict: 'inconclusive', reasons: [`${primary.tally} only: a blink; run again over a longer time`] };
  }
  if (fallback.state === 'good') {
    return {
      verdict: 'healthy',
      reasons: [`${primary.name} and ${fallback.name} met every critical request in every round`],
    };
  }
  if (fallback.state === 'bad') {
    return {
      verdict: 'fallback-not-ready',
      reasons: [`${fallback.tally}: ${list(fallback.broken)}`, `${primary.name} works`],
    };
  }
  return {
    verdict: 'inconclusive',
    reasons: [`${primary.name} works`, `${fallback.tally}: not proven ready; run again`],
  };
}

/** The primary is bad: what tells is what the other routes did with the same requests in the same rounds. */
function attribute(views: Views, counted: readonly number[]): Conclusion {
  const { primary, fallback, origin } = views;
  const missedOnBoth = (id: string) =>
    counted.filter((round) => !primary.met(id, round) && !fallback.met(id, round)).length;
  const shared = primary.broken.filter((id) => missedOnBoth(id) * 2 >= primary.missed(id));
  const alone = primary.broken.filter((id) => !shared.includes(id));
  const onlyPrimary = alone.length > 0 ? [`only ${primary.name} fails: ${list(alone)}`] : [];
  if (shared.length === 0) return weighProvider(views, counted, onlyPrimary);

  const both = `${primary.name} and ${fallback.name} both fail: ${list(shared)}`;
  const direct = shared.filter((id) => origin !== undefined && origin.missed(id) * 2 < counted.length);
  if (direct.length === shared.length) {
    const works = `${origin?.name} meets them directly: the backends work, the paths to them do not`;
    return { verdict: 'fallback-not-ready', reasons: [both, works, ...onlyPrimary] };
  }
  const originIsSilent = origin === undefined || originState(views) === 'unreachable';
  if (originIsSilent && !fallback.reachedFor(shared)) {
    const unknown = `${fallback.name} cannot be reached at all; without it nobody can tell whose fault ${primary.name} is`;
    return { verdict: 'fallback-not-ready', reasons: [unknown, both, ...onlyPrimary] };
  }
  if (alone.length > 0) return { verdict: 'inconclusive', reasons: [both, ...onlyPrimary] };
  if (direct.length > 0) {
    return { verdict: 'inconclusive', reasons: [both, `asked directly, only these are met: ${list(direct)}`] };
  }
  return { verdict: 'own-fault', reasons: [both, 'switching would not help: the same requests fail behind both'] };
}

/** Every request that the primary lost was met by the fallback, most of the time: enough to blame the provider? */
function weighProvider({ primary, fallback }: Views, counted: readonly number[], onlyPrimary: string[]): Conclusion {
  const ownTrouble = fallback.broken.filter((id) => stateOf(counted.map((round) => fallback.met(id, round))) === 'bad');
  if (ownTrouble.length > 0) {
    return { verdict: 'fallback-not-ready', reasons: [`${fallback.name} fails: ${list(ownTrouble)}`, ...onlyPrimary] };
  }
  const telling = counted.filter((round) => {
    const lost = primary.broken.filter((id) => !primary.met(id, round));
    return lost.length > 0 && lost.every((id) => fallback.met(id, round));
  }).length;
  const bad = primary.rounds.filter((good) => !good).length;
  const warning = fallback.state === 'good' ? [] : [`${fallback.tally}: prove it before switching`];
  // Where half of the rounds are bad, a request that the fallback lost in one of them must not turn the scale.
  if (telling >= 2 && (telling * 2 >= counted.length || telling >= 0.75 * bad)) {
    const difference = `${primary.tally}; in ${telling} of them ${fallback.name} met the same requests`;
    return { verdict: 'provider-fault', reasons: [difference, ...onlyPrimary, ...warning] };
  }
  const little = `${primary.tally}, and ${fallback.name} differed in only ${rounds(telling)}: run more rounds`;
  return { verdict: 'inconclusive', reasons: [little, ...onlyPrimary, ...warning] };
}

function originState({ origin }: Views): Decision['states']['origin'] {
  if (origin === undefined) return 'absent';
  return origin.reached ? origin.state : 'unreachable';
}

function originAside(views: Views): string[] {
  const { origin } = views;
  if (origin === undefined) return [];
  const state = originState(views);
  if (state === 'good') return [`${origin.name} meets everything when asked directly: the backends work`];
  if (state === 'unreachable') return [`${origin.name} cannot be reached from here: it neither proves nor disproves`];
  const telling = views.fallback.state === 'good' ? `; but ${views.fallback.name} proves the backends behind it` : '';
  return [`${origin.tally} when asked directly: ${list(origin.broken)}${telling}`];
}

function rounds(n: number): string {
  return `${n} round${n === 1 ? '' : 's'}`;
}

function list(ids: readonly string[]): string {
  const shown = ids.slice(0, 6).join(', ');
  return ids.length > 6 ? `${shown} and ${ids.length - 6} more` : shown;
}
