import { z } from 'zod';
import { findOpsError, OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';

/** What the failed call wanted: only a write can leave the world in doubt. */
type CallKind = 'read' | 'write';

/** The SDK's status error, by shape: importing its class here would load it with the program. */
const statusError = z.object({
  status: z.int(),
  headers: z.custom<Headers>((value) => value instanceof Headers), // Not z.instanceof: naming the global loads undici (30 ms).
  error: z.unknown(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).catch([]),
});

/** The answer's status and Retry-After, where an error came with an answer. */
export function answeredStatus(error: unknown): { status: number; retryAfterMs: number | undefined } | undefined {
  const parsed = error instanceof Error ? statusError.safeParse(error) : undefined;
  if (parsed?.success !== true) return undefined;
  const seconds = Number(parsed.data.headers.get('retry-after') ?? Number.NaN);
  return { status: parsed.data.status, retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined };
}

/**
 * What a failed call of Cloudflare's API means. `credentials` and `refused` are the API's own no, in JSON: surely not
 * carried out. A write that met a 5xx, or a page of HTML, may have been carried out: `lost-answer`. What the transport
 * raised keeps its code. `what` begins the message, in the infinitive. Rethrows what is no provider's failure: a bug.
 */
export function cloudflareError(error: unknown, what: string, kind: CallKind): OpsError {
  const known = findOpsError(error);
  if (known !== undefined) return named(known, what);
  const parsed = error instanceof Error ? statusError.safeParse(error) : undefined;
  if (parsed?.success === true) return statusToError(parsed.data, { what, kind, cause: error });
  // The SDK's own time limit or abort: it comes without status and without cause.
  if (error instanceof Error && 'status' in error && 'errors' in error) {
    const message = `${what}: ${boundedText(error.message, 200)}`;
    return kind === 'write'
      ? new OpsError('lost-answer', message, { hint: lookFirst, cause: error })
      : new OpsError('failed', message, { hint: 'try again in a moment', cause: error });
  }
  throw error;
}

const lookFirst = 'it may have been carried out: look at the world before anything else';

function named(known: OpsError, what: string): OpsError {
  if (known.code !== 'not-sent' && known.code !== 'lost-answer') return known;
  const hint = known.hint === undefined ? {} : { hint: known.hint };
  return new OpsError(known.code, `${what}: ${known.message}`, { ...hint, cause: known });
}

function statusToError(
  answer: z.output<typeof statusError>,
  { what, kind, cause }: { what: string; kind: CallKind; cause: unknown },
): OpsError {
  const { status, headers, error, errors } = answer;
  const ray = boundedText(headers.get('cf-ray') ?? 'none', 60);
  const said = errors.map(({ code, message }) => `${code} ${message}`).join('; ');
  const fromTheApi = typeof error === 'object' && error !== null;
  const text = fromTheApi ? boundedText(said || 'no reason given', 200) : 'a page instead of the API’s JSON';
  const message = `${what}: Cloudflare answered HTTP ${status}: ${text} (cf-ray ${ray})`;
  const clear = fromTheApi && status >= 400 && status < 500 && status !== 408;
  if (!clear) {
    return kind === 'write'
      ? new OpsError('lost-answer', message, { hint: lookFirst, cause })
      : new OpsError('failed', message, {
          hint: 'the API itself is unwell: take the way that does not need it',
          cause,
        });
  }
  if (status === 401 || status === 403) {
    const hint = 'check the token: active, for this zone, allowed from this address, with the permission for this call';
    return new OpsError('credentials', message, { hint, cause });
  }
  if (status === 429) {
    const after = boundedText(headers.get('retry-after') ?? '', 20);
    const hint = after === '' ? 'wait before the next call' : `wait ${after} s before the next call`;
    return new OpsError('refused', message, { hint: `${hint}: calls beyond the limit prolong the block`, cause });
  }
  return new OpsError('refused', message, {
    hint: 'look it up in the dashboard, and check the environment’s ids',
    cause,
  });
}
