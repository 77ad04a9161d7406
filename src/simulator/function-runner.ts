import vm from 'node:vm';
import { createEvaluator } from '../world/function-evaluator.ts';
import { type FunctionOutcome, type FunctionRequest, readOutcome } from '../world/function-outcome.ts';
import { readFunctionSource } from '../world/function-source.ts';
import type { SimulatedDistribution } from './cloudfront-state.ts';

/** Runs functions' code for a request. */
export type FunctionRunner = (
  code: string,
  request: FunctionRequest,
  distribution: SimulatedDistribution,
) => FunctionOutcome;

/** Of real time, for one request; the simulator stands still meanwhile. */
const runLimitMs = 500;
/** How many versions of code are kept loaded. */
const keptVersions = 3;

/**
 * Makes a runner. The code is the operator's own, or a test's: it runs within the simulator, in a bounded context (see
 * `createEvaluator`), so that a rehearsal at high speed does not wait for another process at each request.
 */
export function createFunctionRunner(): FunctionRunner {
  const loaded = new Map<string, (event: string) => FunctionOutcome>();
  const load = (code: string): ((event: string) => FunctionOutcome) => {
    const source = readFunctionSource(code);
    if ('obstacle' in source) return () => ({ kind: 'unsupported', message: `it uses ${source.obstacle}` });
    const evaluate = createEvaluator(vm, source.code, runLimitMs);
    return (event) => readOutcome(evaluate(event));
  };
  return (code, request, { id, domain }) => {
    const run = loaded.get(code) ?? load(code);
    loaded.set(code, run);
    const [oldest] = loaded.keys();
    if (loaded.size > keptVersions && oldest !== undefined) loaded.delete(oldest);
    const context = {
      distributionDomainName: domain,
      distributionId: id,
      eventType: 'viewer-request',
      requestId: 'simulated',
    };
    return run(JSON.stringify({ version: '1.0', context, viewer: { ip: '127.0.0.1' }, request }));
  };
}
