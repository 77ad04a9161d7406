import type { FindingId } from './finding-ids.ts';

/**
 * How well one thing is that a failover needs. `bad`: a failover tonight would be stopped or hurt by it, also
 * by a credential that is there and is refused. `warn`: it would go on, with something missing. `unknown`: it could not be found out, which is told, and is no fault by itself.
 */
export type FindingState = 'ok' | 'warn' | 'bad' | 'unknown';

/** What `doctor` found out about one thing. */
export type Finding = {
  id: FindingId;
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
export function fine(id: FindingId, found: string): Finding {
  return { id, state: 'ok', found, breaks: '', remedy: '' };
}

/** A finding that somebody has to look at. */
export function trouble(id: FindingId, state: Exclude<FindingState, 'ok'>, what: Trouble): Finding {
  return { id, state, ...what };
}
