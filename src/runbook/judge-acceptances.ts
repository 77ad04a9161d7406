import { endOfAcceptance } from '../actions/acceptance.ts';
import { suggest } from './closest.ts';
import type { Problem } from './problem.ts';
import type { PlacedAcceptance } from './read-environment.ts';

/** What lint says of acceptances: those that ran out, and ids that are none of the `known` ones. They stop no run. */
export function judgeAcceptances(
  acceptances: readonly PlacedAcceptance[],
  known: ReadonlySet<string>,
  nowMs: number,
): Problem[] {
  return acceptances.flatMap(({ id, until, reason, idAt, untilAt }) => [
    ...(known.has(id)
      ? []
      : [{ where: idAt, what: `no check gives the finding ${id}`, remedy: suggest(id, [...known]) }]),
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
