/**
 * How well one thing is that a failover needs. `bad`: a failover tonight would be stopped or hurt by it. `warn`: it would
 * go on, with something missing. `unknown`: it could not be found out, which is told, and is no fault by itself.
 */
export type FindingState = 'ok' | 'warn' | 'bad' | 'unknown';

/** What `doctor` found out about one thing. */
export type Finding = {
  /** Stable, for scripts and for whoever accepts it for a time. */
  id: string;
  state: FindingState;
  /** What was found. */
  found: string;
  /** What it breaks; empty where all is well. */
  breaks: string;
  /** What to do; empty where all is well. */
  remedy: string;
};

/** What a finding that is not `ok` has to say. */
export type Trouble = Pick<Finding, 'found' | 'breaks' | 'remedy'>;

/** A finding that nothing needs to be done about. */
export function fine(id: string, found: string): Finding {
  return { id, state: 'ok', found, breaks: '', remedy: '' };
}

/** A finding that somebody has to look at. */
export function trouble(id: string, state: Exclude<FindingState, 'ok'>, what: Trouble): Finding {
  return { id, state, ...what };
}

/** How many findings there are in each state. */
export function countStates(findings: readonly Finding[]): Record<FindingState, number> {
  const counts = { ok: 0, warn: 0, bad: 0, unknown: 0 };
  for (const { state } of findings) counts[state] += 1;
  return counts;
}
