import { findOpsError, OpsError } from '../errors.ts';
import type { ActionContext } from './action.ts';

const definite: ReadonlySet<string> = new Set([
  'drift',
  'refused',
  'credentials',
  'invalid',
  'fenced',
  'write-blocked',
]);

/**
 * Runs what an action reads before it writes. Until the write is sent, every failure is a definite one: what could still
 * leave doubt becomes `not-sent`, so that the next alternative may be taken at once.
 */
export async function beforeWriting<T>(ctx: Pick<ActionContext, 'signal'>, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const known = findOpsError(error);
    if (known === undefined ? !ctx.signal.aborted : definite.has(known.code)) throw error;
    const hint = known?.hint === undefined ? {} : { hint: known.hint };
    throw new OpsError('not-sent', `not tried: ${known?.message ?? 'stopped first'}`, { ...hint, cause: error });
  }
}
