import { OpsError } from '../errors.ts';

/** {@link assertCredential} for a provider's one token. */
export function assertToken(token: string, provider: string): void {
  assertCredential(token, `${provider} token`);
}

/**
 * Throws `credentials` when a token cannot go into a header as it is (empty, a line break, a stray quote from a shell
 * file). The token itself never shows: what a header constructor would throw repeats it.
 */
export function assertCredential(token: string, what: string): void {
  if (/^[\x21\x23-\x26\x28-\x7e]+$/.test(token)) return;
  throw new OpsError('credentials', `the ${what} is empty, or holds a space, a quote or a line break`, {
    hint: 'set the process variable that the environment file names to its bare value',
  });
}
