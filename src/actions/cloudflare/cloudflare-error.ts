import { findOpsError, OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';

/** The shape of the SDK's APIError, read without loading the SDK. */
type ApiError = Error & { status?: unknown; headers?: unknown; errors?: unknown };

/**
 * What an error of a Cloudflare call means for the caller. 401 and 403 are `credentials`, other 4xx a definite
 * `refused`; 5xx and pages of HTML are not definite (`lost-answer`): the API's edge may have failed behind the write.
 */
export function cloudflareError(error: unknown, what: string): OpsError {
  const known = findOpsError(error);
  if (known !== undefined) {
    return new OpsError(known.code, `${what}: ${known.message}`, {
      cause: error,
      ...(known.hint === undefined ? {} : { hint: known.hint }),
    });
  }
  if (!(error instanceof Error)) return new OpsError('lost-answer', `${what}: ${String(error)}`);
  const { status, headers, errors } = error as ApiError;
  if (typeof status !== 'number')
    return new OpsError('lost-answer', `${what}: ${boundedText(error.message, 200)}`, { cause: error });
  const ray = headers instanceof Headers ? (headers.get('cf-ray') ?? 'none') : 'none';
  const said = reasonsOf(errors);
  const text = `${what}: HTTP ${status}${said === '' ? '' : `, ${said}`} (cf-ray ${boundedText(ray, 60)})`;
  if (status === 401 || status === 403 || (status === 400 && /authenticat|authoriz/i.test(said))) {
    return new OpsError('credentials', text, {
      cause: error,
      hint: 'check the API token: that it is current, and may edit load balancers and read DNS of this zone',
    });
  }
  if (status === 429) {
    const after = headers instanceof Headers ? headers.get('retry-after') : null;
    return new OpsError('refused', text, {
      cause: error,
      hint: `Cloudflare takes no more calls for ${after === null ? 'now' : `${boundedText(after, 20)} s`}; everything of this user is blocked meanwhile`,
    });
  }
  if (status >= 400 && status < 500)
    return new OpsError('refused', text, { cause: error, hint: 'Cloudflare said no; nothing was changed' });
  return new OpsError('lost-answer', said === '' ? `${text}: not an answer of the API itself` : text, {
    cause: error,
    hint: 'Cloudflare’s API is unwell; look at what is before trying again',
  });
}

function reasonsOf(errors: unknown): string {
  if (!Array.isArray(errors)) return '';
  const said = errors.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('message' in entry)) return [];
    return [`${'code' in entry ? `${String(entry.code)} ` : ''}${String(entry.message)}`];
  });
  return boundedText(said.join('; '), 200);
}
