import type { FunctionOutcome, FunctionRequest } from '../world/function-outcome.ts';
import { parseJson } from '../world/parse-json.ts';
import { awsDocument } from './aws-answers.ts';
import { cloudFrontError, cloudFrontNamespace, noSuchFunction, stageOf } from './cloudfront-answers.ts';
import { functionSummaryXml, node } from './cloudfront-documents.ts';
import type { FunctionRunner } from './function-runner.ts';
import type { ServerAnswer, ServerRequest } from './http-server.ts';
import type { SimulatedWorld } from './state.ts';
import { parseXml, tag, textOf } from './xml.ts';

/**
 * TestFunction (API reference): runs a stage for the event of the request, and answers its output, its logs, its error and
 * its compute utilisation; as the real one, not which origin it chose. `If-Match` must be the stage's ETag.
 */
export function answerTestFunction(
  { world, request, name }: { world: SimulatedWorld; request: ServerRequest; name: string },
  runner: FunctionRunner,
): ServerAnswer {
  const document = parseXml(request.body);
  const event = eventOf(textOf(document, 'EventObject'));
  const found = stageOf(world, name, textOf(document, 'Stage'));
  if (found === undefined) return noSuchFunction();
  if (request.headers['if-match'] !== found.etag) {
    return cloudFrontError(
      400,
      'InvalidIfMatchVersion',
      'The If-Match version is missing or not valid for the resource.',
    );
  }
  if (document?.name !== 'TestFunctionRequest' || event === undefined) {
    return cloudFrontError(400, 'InvalidArgument', 'The event object is not valid.');
  }
  const outcome = runner(found.code, event, world.distribution);
  const body =
    node('FunctionSummary', functionSummaryXml(found.of, found.stage)) +
    tag('ComputeUtilization', found.of.utilization) +
    node('FunctionExecutionLogs', ...logsOf(outcome).map((line) => tag('member', line))) +
    tag('FunctionErrorMessage', errorOf(outcome)) +
    tag('FunctionOutput', outputOf(outcome));
  return awsDocument({ root: 'TestResult', namespace: cloudFrontNamespace, body });
}

function eventOf(encoded: string | undefined): FunctionRequest | undefined {
  if (encoded === undefined) return undefined;
  const event = parseJson(Buffer.from(encoded, 'base64').toString('utf8'));
  if (typeof event !== 'object' || event === null || !('request' in event)) return undefined;
  const { request } = event;
  const isRequest = typeof request === 'object' && request !== null && 'method' in request && 'uri' in request;
  // What the caller wrote is what the function gets; the rest of the event is the simulator's.
  return isRequest && typeof request.method === 'string' && typeof request.uri === 'string'
    ? { querystring: {}, headers: {}, cookies: {}, ...request, method: request.method, uri: request.uri }
    : undefined;
}

function logsOf(outcome: FunctionOutcome): string[] {
  return 'logs' in outcome ? outcome.logs : [];
}

function errorOf(outcome: FunctionOutcome): string {
  return outcome.kind === 'request' || outcome.kind === 'response'
    ? ''
    : `The CloudFront function could not run: ${outcome.message}`;
}

function outputOf(outcome: FunctionOutcome): string {
  if (outcome.kind === 'request') return JSON.stringify({ request: outcome.request });
  return outcome.kind === 'response' ? JSON.stringify({ response: outcome.response }) : '';
}
