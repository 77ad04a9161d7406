import { findOpsError, OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';

const aboutCredentials: ReadonlySet<string> = new Set([
  'access_denied',
  'account_inactive',
  'invalid_auth',
  'missing_scope',
  'no_permission',
  'not_allowed_token_type',
  'not_authed',
  'token_expired',
  'token_revoked',
]);

/** Slack failed on the way: "some aspect of the operation" may have succeeded (docs.slack.dev, errors of every method). */
const inDoubt: ReadonlySet<string> = new Set([
  'fatal_error',
  'internal_error',
  'request_timeout',
  'service_unavailable',
]);

/** The error code of Slack's own `ok: false` answer (docs.slack.dev), or undefined where the error is not one. Looks through {@link slackError}. */
export function slackCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof OpsError) return slackCode(error.cause);
  if (!('data' in error)) return undefined;
  const { data } = error;
  if (typeof data !== 'object' || data === null || !('error' in data)) return undefined;
  return typeof data.error === 'string' ? data.error : undefined;
}

/**
 * What an error of a Slack call means: an `ok: false` is definite, unless Slack says that it failed on the way;
 * everything else is what the transport knows of it. Rethrows what is no provider's failure: a bug.
 */
export function slackError(error: unknown, what: string): OpsError {
  const code = slackCode(error);
  if (code !== undefined) return refusalOf(code, what, error);
  const known = findOpsError(error);
  if (known === undefined) {
    if (!isOfTheSdk(error)) throw error;
    return new OpsError('lost-answer', `${what}: ${boundedText(error.message, 200)}`, {
      hint: lookFirst,
      cause: error,
    });
  }
  if (known.code !== 'not-sent' && known.code !== 'lost-answer' && known.code !== 'refused') return known;
  const hint = known.hint === undefined ? {} : { hint: known.hint };
  return new OpsError(known.code, `${what}: ${known.message}`, { ...hint, cause: error });
}

const lookFirst = 'it may have been carried out: look in Slack before anything else';

function refusalOf(code: string, what: string, cause: unknown): OpsError {
  const message = `${what}: Slack says ${boundedText(code, 80)}`;
  if (inDoubt.has(code)) return new OpsError('lost-answer', message, { hint: lookFirst, cause });
  if (aboutCredentials.has(code)) {
    return new OpsError('credentials', message, { hint: 'check the bot token and its scopes', cause });
  }
  return new OpsError('refused', message, { hint: 'nothing was done by this call', cause });
}

function isOfTheSdk(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('slack_webapi_');
}
