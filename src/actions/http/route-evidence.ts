/**
 * What one request over one route was in one round. `unconnected` is bad as well: no TCP connection came about.
 * `misrouted` is no evidence about its route: the answer came through another provider.
 */
export type Cell = 'good' | 'bad' | 'unconnected' | 'misrouted';

/** A route under its name, with what each critical request was, round by round: request id → a cell per round. */
export type RouteEvidence = { name: string; cells: Readonly<Record<string, readonly Cell[]>> };

/**
 * How a route did over the rounds: no bad round; bad rounds, then only good ones; half of them or more bad; or fewer,
 * with one of them late.
 */
export type RouteState = 'good' | 'recovering' | 'bad' | 'blink';

/** The state of a sequence of rounds, each good (true) or bad (false). */
export function stateOf(rounds: readonly boolean[]): RouteState {
  const bad = rounds.filter((good) => !good).length;
  if (bad === 0) return 'good';
  const tail = Math.max(2, Math.ceil(rounds.length / 2));
  if (rounds.length > tail && rounds.slice(-tail).every((good) => good)) return 'recovering';
  return bad * 2 >= rounds.length ? 'bad' : 'blink';
}

/** Questions to a route's evidence over the rounds that count. */
export type RouteView = {
  name: string;
  state: RouteState;
  /** Each counted round: was every request met. */
  rounds: readonly boolean[];
  met(id: string, round: number): boolean;
  /** In how many of the counted rounds the request was not met. */
  missed(id: string): number;
  /** The requests that were not met in some counted round. */
  broken: readonly string[];
  /** A connection came about at least once, for any request; and for any of these. */
  reached: boolean;
  reachedFor(ids: readonly string[]): boolean;
  /** Some answer came through another provider. */
  strayed: boolean;
  /** `edge failed in 2 of 3 rounds`. */
  tally: string;
};

/** Looks at a route through the rounds that count (their indexes). A cell that is not there counts as bad. */
export function viewRoute({ name, cells }: RouteEvidence, counted: readonly number[]): RouteView {
  const ids = Object.keys(cells);
  const at = (id: string, round: number): Cell => cells[id]?.[round] ?? 'bad';
  const met = (id: string, round: number) => at(id, round) === 'good';
  const missed = (id: string) => counted.filter((round) => !met(id, round)).length;
  const reachedFor = (some: readonly string[]) =>
    some.some((id) => counted.some((round) => at(id, round) !== 'unconnected'));
  const rounds = counted.map((round) => ids.every((id) => met(id, round)));
  return {
    name,
    state: stateOf(rounds),
    rounds,
    met,
    missed,
    broken: ids.filter((id) => missed(id) > 0),
    reached: reachedFor(ids),
    reachedFor,
    strayed: ids.some((id) => counted.some((round) => at(id, round) === 'misrouted')),
    tally: `${name} failed in ${rounds.filter((good) => !good).length} of ${rounds.length} rounds`,
  };
}
