import { findOpsError, OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';

const aboutCredentials: ReadonlySet<string> = new Set([
  'account_inactive',
  'invalid_auth',
  'missing_scope',
  'no_permission',
  'not_allowed_token_type',
  'not_authed',
  'token_expired',
  'token_revoked',
]);

/** The error code of Slack's own `ok: false` answer (docs.slack.dev), or undefined where the error is not one. */
export function slackCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('data' in error)) return undefined;
  const { data } = error;
  if (typeof data !== 'object' || data === null || !('error' in data)) return undefined;
  return typeof data.error === 'string' ? data.error : undefined;
}

/** What an error of a Slack call means: an `ok: false` is definite, everything else is what the transport knows of it. */
export function slackError(error: unknown, what: string): OpsError {
  const code = slackCode(error);
  if (code !== undefined) {
    const credentials = aboutCredentials.has(code);
    return new OpsError(credentials ? 'credentials' : 'refused', `${what}: Slack says ${boundedText(code, 80)}`, {
      cause: error,
      hint: credentials ? 'check the bot token and its scopes' : 'nothing was done by this call',
    });
  }
  const known = findOpsError(error) ?? transportErrorIn(error);
  if (known !== undefined)
    return new OpsError(known.code, `${what}: ${known.message}`, {
      cause: error,
      ...(known.hint === undefined ? {} : { hint: known.hint }),
    });
  return new OpsError(
    'lost-answer',
    `${what}: ${boundedText(error instanceof Error ? error.message : String(error), 200)}`,
    { cause: error },
  );
}

/** The SDK keeps what its transport threw in `original`, not in `cause`. */
function transportErrorIn(error: unknown): OpsError | undefined {
  return error instanceof Error && 'original' in error ? findOpsError(error.original) : undefined;
}
