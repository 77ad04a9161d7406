import { endOfAcceptance } from '../actions/acceptance.ts';
import type { AnyAction } from '../actions/action.ts';
import { suggest } from './closest.ts';
import type { PlacedAcceptance } from './load-environment.ts';
import type { Problem } from './problem.ts';

/** What lint says of acceptances: those that ran out, and ids that no check of `actions` gives. They stop no run. */
export function judgeAcceptances(
  acceptances: readonly PlacedAcceptance[],
  actions: ReadonlyMap<string, AnyAction>,
  nowMs: number,
): Problem[] {
  const known = new Set([...actions.values()].flatMap((action) => action.findings ?? []));
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
