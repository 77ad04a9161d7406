import { endOfAcceptance, fingerprinted } from '../actions/acceptance.ts';
import { suggest } from './closest.ts';
import type { Problem } from './problem.ts';
import type { PlacedAcceptance } from './read-environment.ts';

/**
 * What lint says of acceptances: those that ran out, ids that are none of the `known` ones, and those that lack the
 * fingerprint without which they never hold. They stop no run.
 */
export function judgeAcceptances(
  acceptances: readonly PlacedAcceptance[],
  known: ReadonlySet<string>,
  nowMs: number,
): Problem[] {
  return acceptances.flatMap(({ id, until, reason, seen, idAt, untilAt }) => [
    ...(known.has(id)
      ? []
      : [{ where: idAt, what: `no check gives the finding ${id}`, remedy: suggest(id, [...known]) }]),
    ...(seen !== undefined || !fingerprinted.has(id)
      ? []
      : [
          {
            where: idAt,
            what: `the acceptance of ${id} does not name what was seen, and accepts nothing`,
            remedy: 'write `seen`, the fingerprint that the finding shows',
          },
        ]),
    ...(endOfAcceptance(until) > nowMs
      ? []
      : [
          {
            where: untilAt,
            what: `the acceptance of ${id} ran out ${until} (${reason})`,
            remedy: 'put right what it accepts, or accept it again with a later day',
          },
        ]),
  ]);
}

/** The ids of all findings that the checks may give. */
export function findingIdsOfChecks(actions: ReadonlyMap<string, { findings?: readonly string[] }>): string[] {
  return [...actions.values()].flatMap(({ findings = [] }) => findings);
}
