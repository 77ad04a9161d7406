import { awsErrorAnswer } from './aws-answers.ts';
import type { SimulatedFunction } from './cloudfront-state.ts';
import type { ServerAnswer } from './http-server.ts';
import type { SimulatedWorld } from './state.ts';

/** The namespace of CloudFront's documents. */
export const cloudFrontNamespace = 'http://cloudfront.amazonaws.com/doc/2020-05-31/';

/** The error document of this API. */
export function cloudFrontError(status: number, code: string, message: string): ServerAnswer {
  return awsErrorAnswer({ status, code, message }, cloudFrontNamespace);
}

type Stage = 'LIVE' | 'DEVELOPMENT';

/** One stage of a function; DEVELOPMENT unless `Stage` says otherwise (API reference, GetFunction). Undefined: not there. */
export function stageOf(
  world: SimulatedWorld,
  name: string,
  asked: string | null | undefined,
): { of: SimulatedFunction; stage: Stage; code: string; etag: string } | undefined {
  const of = world.functions.find((one) => one.name === name);
  const stage = asked === 'LIVE' ? 'LIVE' : 'DEVELOPMENT';
  const held = stage === 'LIVE' ? of?.live : of?.development;
  return of === undefined || held == null ? undefined : { of, stage, ...held };
}

/** The answer where a function, or that stage of it, is not there. */
export function noSuchFunction(): ServerAnswer {
  return cloudFrontError(404, 'NoSuchFunctionExists', 'The function does not exist.');
}
