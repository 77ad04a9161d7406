import { OpsError } from '../errors.ts';
import type { RunListing, Store } from '../journal/store.ts';

/** The run that RUN means: an id, a unique prefix of one, or, left out, the newest. Throws `usage` otherwise. */
export async function findRun(store: Store, given: string | undefined): Promise<RunListing> {
  const runs = await store.runs();
  if (given === undefined) {
    const newest = runs.at(-1);
    if (newest !== undefined) return newest;
    throw new OpsError('usage', 'there are no runs yet', {
      hint: 'start one with `resend-ops rehearse failover`; runs live in --state-dir',
    });
  }
  const exact = runs.find(({ run }) => run === given);
  if (exact !== undefined) return exact;
  const matches = runs.filter(({ run }) => run.startsWith(given));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  throw matches.length === 0
    ? new OpsError('usage', `no run begins with ${given}`, { hint: 'list them with `resend-ops runs`' })
    : new OpsError('usage', `${matches.length} runs begin with ${given}`, {
        hint: `give more of the id: ${matches
          .map(({ run }) => run)
          .slice(0, 5)
          .join(', ')}`,
      });
}
