import type { ServerResponse } from 'node:http';
import { type ActingFault, failsByChance, faultFor } from './faults.ts';
import type { HttpServerOptions, ServerAnswer, ServerRequest } from './http-server-options.ts';

/** An answer that begins well and never ends well. */
type BrokenAnswer = ServerAnswer & { breaksOff: 'reset' | 'cut-short' | 'stalled' };

/** What becomes of a request: an answer, a closed connection, or nothing at all. */
type Outcome = ServerAnswer | BrokenAnswer | 'refuse' | 'silence';

/** Answers a request as the component's fault of this moment has it. */
export async function answerUnderFaults(
  options: HttpServerOptions,
  request: ServerRequest,
  write: boolean,
): Promise<Outcome> {
  const fault = faultFor(options.world, options.component, options.now(), options.region);
  switch (fault?.kind) {
    case 'refuse':
      return 'refuse';
    case 'hang':
      return 'silence';
    case 'slow':
      await later(options, fault.ms);
      return options.handle(request);
    case 'edited-meanwhile': {
      const answer = await options.handle(request);
      if (!write) options.editAfter?.(request);
      return answer;
    }
    case 'says-all-well':
      return options.handle(request);
    case 'noise':
    case 'status':
      if (options.spares?.(request)) return options.handle(request);
      if (fault.kind === 'noise' && !failsByChance(fault)) return options.handle(request);
      return { status: fault.status, ...options.errorPage(fault.status, request) };
    default:
      return fault !== undefined && write ? writeUnderFault(options, request, fault) : options.handle(request);
  }
}

type WriteFault = Exclude<
  ActingFault,
  { kind: 'status' | 'noise' | 'refuse' | 'hang' | 'slow' | 'says-all-well' | 'edited-meanwhile' }
>;

async function writeUnderFault(
  options: HttpServerOptions,
  request: ServerRequest,
  fault: WriteFault,
): Promise<Outcome> {
  switch (fault.kind) {
    case 'write-lost':
      return 'silence';
    case 'write-lost-answer':
      await options.handle(request);
      return 'silence';
    case 'write-error-but-done':
      await options.handle(request);
      return { status: 500, ...options.errorPage(500, request) };
    case 'write-error-says-done':
      return { ...(await answerWithoutDoing(options, request)), status: 500 };
    case 'write-refused-but-done':
      await options.handle(request);
      return { status: 429, ...options.errorPage(429, request) };
    case 'write-ok-but-not-done':
      return answerWithoutDoing(options, request);
    case 'write-ok-then-late': {
      const answer = await answerWithoutDoing(options, request);
      void later(options, fault.ms).then(() => options.handle(request));
      return answer;
    }
    case 'write-late':
      // Done at the end of the delay even when the client has long given up: that is what makes it dangerous.
      await later(options, fault.ms);
      return options.handle(request);
    case 'write-breaks-off':
      return { ...(await options.handle(request)), breaksOff: fault.how };
  }
}

/** The answer as if it were done, and the world as if it were not. */
async function answerWithoutDoing(options: HttpServerOptions, request: ServerRequest): Promise<ServerAnswer> {
  const restore = options.writes?.capture();
  const answer = await options.handle(request);
  restore?.();
  return answer;
}

function later(options: HttpServerOptions, ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms / (options.speed ?? 1)).unref());
}

/** Sends the headers and half the body; then the connection is reset, or closed, or nothing more ever comes. */
export function breakOff(response: ServerResponse, { status, headers, body = '', breaksOff }: BrokenAnswer): void {
  const whole = Buffer.from(body, 'utf8');
  response.writeHead(status, { ...headers, 'content-length': whole.length });
  response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => {
    if (breaksOff === 'reset') response.socket?.resetAndDestroy();
    if (breaksOff === 'cut-short') response.socket?.end();
  });
}
