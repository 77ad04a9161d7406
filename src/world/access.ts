import { OpsError } from '../errors.ts';

/**
 * What the transport lets through at this moment. Checks, plans and observations run read-only, always; a dry run is
 * read-only throughout. Only apply, revert and follow-up get `write`, and each writing call first makes sure that
 * this process still drives the run.
 */
export type Access =
  | { mode: 'read-only'; why: string }
  | {
      mode: 'write' /** Resolves only while this process surely drives the run for `ms` longer. */;
      ensure(ms: number): Promise<void>;
    };

/** Called by every transport before a call that would change the world leaves the process. */
export async function assertMayWrite(access: Access, what: string, ms: number): Promise<void> {
  if (access.mode === 'read-only') {
    throw new OpsError('write-blocked', `blocked before it left this process: ${what} (${access.why})`, {
      hint: 'nothing was sent; an action may write only while it is applied or reverted',
    });
  }
  await access.ensure(ms);
}
