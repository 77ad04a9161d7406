import { type AwsRefusal, awsErrorAnswer } from './aws-answers.ts';
import { type AwsKey, refuseSignature } from './aws-signature.ts';
import { cloudFrontNamespace } from './cloudfront-answers.ts';
import { answerCloudFront, cloudFrontPrefix } from './cloudfront-api.ts';
import { createFunctionRunner, type FunctionRunner } from './function-runner.ts';
import { type RunningServer, type ServerAnswer, type ServerRequest, startHttpServer } from './http-server.ts';
import { answerRoute53, route53Namespace } from './route53-api.ts';
import type { SimulatedWorld } from './state.ts';
import { answerSts, isForSts, stsNamespace } from './sts-api.ts';

/** A token bucket for the whole account: 50 calls at once, 10 more each second (Route 53 docs, API request throttling). */
const bucket = { burst: 50, perSecond: 10 };

/** One service behind the endpoint, told by the API version that its paths begin with, or by their being the root. */
type Service = {
  isFor(request: ServerRequest): boolean;
  signingName: string;
  namespace: string;
  answer(world: SimulatedWorld, request: ServerRequest, nowMs: number): ServerAnswer;
};

function servicesWith(runner: FunctionRunner, key: AwsKey): readonly Service[] {
  const under = (prefix: string) => (request: ServerRequest) => request.path.startsWith(prefix);
  return [
    {
      isFor: isForSts,
      signingName: 'sts',
      namespace: stsNamespace,
      answer: (_world, request) => answerSts(request, key),
    },
    { isFor: under('/2013-04-01/'), signingName: 'route53', namespace: route53Namespace, answer: answerRoute53 },
    {
      isFor: under(cloudFrontPrefix),
      signingName: 'cloudfront',
      namespace: cloudFrontNamespace,
      answer: (world, request) => answerCloudFront(world, request, runner),
    },
  ];
}

/**
 * Starts the APIs of AWS's global services on a free port of 127.0.0.1, at `http://127.0.0.1:PORT`: signature, rate limit, and the
 * error documents of each service. `now` is the rehearsal's clock; signatures are held against the real one.
 */
export function startAwsApi(options: {
  world: SimulatedWorld;
  key: AwsKey;
  now(): number;
  speed?: number;
}): Promise<RunningServer> {
  const { world, key, now } = options;
  const runner = createFunctionRunner();
  const services = servicesWith(runner, key);
  const serviceOf = (request: ServerRequest) => services.find(({ isFor }) => isFor(request));
  const tokens = { left: bucket.burst, atMs: now() };
  return startHttpServer({
    world,
    component: 'aws-api',
    server: 'aws-api',
    now,
    ...(options.speed === undefined ? {} : { speed: options.speed }),
    handle: (request) => {
      const service = serviceOf(request);
      if (service === undefined) return awsErrorAnswer(unknownOperation(request), route53Namespace);
      const refusal =
        refuseSignature(request, { key, service: service.signingName, nowMs: Date.now() }) ??
        (takeToken(tokens, now()) ? refuseChange(world, request) : throttled);
      return refusal === undefined ? service.answer(world, request, now()) : awsErrorAnswer(refusal, service.namespace);
    },
    errorPage: (status, request) => errorPage(status, serviceOf(request)?.namespace ?? route53Namespace),
    writes: {
      isWrite,
      capture: () => {
        const { recordSets, changes } = world.hostedZone;
        const saved = { recordSets, changes: [...changes] };
        return () => Object.assign(world.hostedZone, saved);
      },
    },
  });
}

function isWrite(request: ServerRequest): boolean {
  const { method, path } = request;
  return method !== 'GET' && method !== 'HEAD' && !isForSts(request) && !/\/function\/[^/]+\/test$/.test(path);
}

/** A key whose policies allow to look and nothing else. */
function refuseChange({ awsKey }: SimulatedWorld, request: ServerRequest): AwsRefusal | undefined {
  return awsKey === 'read-only' && isWrite(request) ? refusalFor(403) : undefined;
}

function unknownOperation({ method, path }: ServerRequest): AwsRefusal {
  return { status: 404, code: 'UnknownOperationException', message: `no ${method} ${path} here` };
}

const throttled: AwsRefusal = { status: 400, code: 'Throttling', message: 'Rate exceeded' };

function takeToken(tokens: { left: number; atMs: number }, nowMs: number): boolean {
  const earned = (Math.max(0, nowMs - tokens.atMs) / 1_000) * bucket.perSecond;
  Object.assign(tokens, { left: Math.min(bucket.burst, tokens.left + earned), atMs: nowMs });
  if (tokens.left < 1) return false;
  tokens.left -= 1;
  return true;
}

/** 400 and 429 are the API's own "too many"; 502 and 504 come from what stands before the API, in HTML. */
function errorPage(status: number, namespace: string): Omit<ServerAnswer, 'status'> {
  if (status === 502 || status === 504) {
    return {
      headers: { 'content-type': 'text/html' },
      body: `<html><body><h1>${status} Bad Gateway</h1></body></html>\n`,
    };
  }
  const { status: _status, ...page } = awsErrorAnswer(refusalFor(status), namespace);
  return page;
}

function refusalFor(status: number): AwsRefusal {
  if (status === 400 || status === 429) return { ...throttled, status };
  if (status === 401 || status === 403) {
    const message = 'User: arn:aws:iam::123456789012:user/on-call is not authorized to perform this action';
    return { status, code: 'AccessDenied', message };
  }
  if (status === 503) return { status, code: 'ServiceUnavailable', message: 'Service is unavailable' };
  if (status >= 500)
    return { status, code: 'InternalFailure', message: 'We encountered an internal error. Please try again.' };
  return { status, code: 'InvalidInput', message: 'Request refused' };
}
