import { z } from 'zod';
import { findOpsError, OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';

/** What the failed call wanted: only a write can leave the world in doubt. */
export type CallKind = 'read' | 'write';

/** The SDK's service error, by shape: importing its class here would load it with the program. */
const serviceError = z.object({
  name: z.string(),
  message: z.string(),
  $metadata: z.object({ httpStatusCode: z.int(), requestId: z.string().optional() }),
});

/** An answer of the API that says no: its code (`Throttling`, `AccessDenied`, …), its words, and the request's id. */
type ServiceAnswer = { code: string; said: string; status: number; requestId: string };

/** What the API answered, where an error came with an answer. */
export function answeredError(error: unknown): ServiceAnswer | undefined {
  if (!(error instanceof Error) || error instanceof OpsError) return undefined;
  const parsed = serviceError.safeParse(error);
  if (!parsed.success) return undefined;
  const { name, message, $metadata } = parsed.data;
  return {
    code: boundedText(name, 80),
    said: boundedText(message, 400),
    status: $metadata.httpStatusCode,
    requestId: boundedText($metadata.requestId ?? 'none', 60),
  };
}

/** Refused for now, and surely not carried out: the same call may be made again after a pause (Route 53 API Reference, common errors). */
const throttles: ReadonlySet<string> = new Set([
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
  'PriorRequestNotComplete',
]);

/** Whether the API asks for a pause before the same call: a rate limit, or an earlier change that is still under way. */
export function asksForPause(error: unknown): boolean {
  const answer = answeredError(error);
  return answer !== undefined && answer.status < 500 && throttles.has(answer.code);
}

/** The API's words for keys that it does not know or take (AWS docs, common error codes). */
const keyErrors: ReadonlySet<string> = new Set([
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'IncompleteSignature',
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'OptInRequired',
]);

const lookFirst = 'it may have been carried out: look at the world before anything else';

/**
 * What a failed call of an AWS API means. `credentials` and `refused` are the API's own no: surely not carried out. A
 * write that met a 5xx, or whose answer cannot be read, may have been carried out: `lost-answer`. What the transport
 * raised keeps its code. `what` begins the message, in the infinitive. Rethrows what is no provider's failure: a bug.
 */
export function awsError(error: unknown, what: string, kind: CallKind): OpsError {
  const known = findOpsError(error);
  if (known !== undefined) return named(known, what);
  const answer = answeredError(error);
  if (answer !== undefined) return answerToError(answer, { what, kind, cause: error });
  // The SDK marks an answer that it could not take apart so.
  if (error instanceof Error && '$response' in error) {
    const message = `${what}: the answer cannot be read (${boundedText(error.message, 200)})`;
    return unclear(message, kind, error);
  }
  throw error;
}

function named(known: OpsError, what: string): OpsError {
  if (known.code !== 'not-sent' && known.code !== 'lost-answer') return known;
  const hint = known.hint === undefined ? {} : { hint: known.hint };
  return new OpsError(known.code, `${what}: ${known.message}`, { ...hint, cause: known });
}

function answerToError(
  answer: ServiceAnswer,
  { what, kind, cause }: { what: string; kind: CallKind; cause: unknown },
): OpsError {
  const { code, said, status, requestId } = answer;
  const message = `${what}: AWS answered HTTP ${status} ${code}: ${said} (request id ${requestId})`;
  if (status < 400 || status >= 500 || status === 408) return unclear(message, kind, cause);
  if (keyErrors.has(code)) {
    const hint = 'check the access key, its session token, and this machine’s clock (signatures are good for minutes)';
    return new OpsError('credentials', message, { hint, cause });
  }
  if (status === 401 || status === 403) {
    const hint = 'the key is not allowed to make this call: check its policies, and any limit by address';
    return new OpsError('credentials', message, { hint, cause });
  }
  const hint = throttles.has(code)
    ? 'wait a few seconds, and find out what else calls the API'
    : 'look it up in the console, and check the environment’s ids';
  return new OpsError('refused', message, { hint, cause });
}

function unclear(message: string, kind: CallKind, cause: unknown): OpsError {
  return kind === 'write'
    ? new OpsError('lost-answer', message, { hint: lookFirst, cause })
    : new OpsError('failed', message, {
        hint: 'the API itself is unwell: take the way that does not need it',
        cause,
      });
}
