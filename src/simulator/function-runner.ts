import type { FunctionOutcome, FunctionRequest } from '../world/function-outcome.ts';
import { type FunctionSandbox, openFunctionSandbox } from '../world/function-sandbox.ts';
import type { SimulatedDistribution } from './cloudfront-state.ts';

/** Runs functions' code, each in a process that is kept for the next call. */
export type FunctionRunner = {
  run(code: string, request: FunctionRequest, distribution: SimulatedDistribution): Promise<FunctionOutcome>;
  close(): void;
};

/** How many versions of code are kept running: the live one, and those before it in calls under way. */
const keptVersions = 3;

/** Makes a runner. */
export function createFunctionRunner(): FunctionRunner {
  const sandboxes = new Map<string, FunctionSandbox>();
  const sandboxOf = (code: string): FunctionSandbox => {
    const known = sandboxes.get(code);
    if (known !== undefined) return known;
    const opened = openFunctionSandbox(code);
    sandboxes.set(code, opened);
    const [oldest] = sandboxes.keys();
    if (sandboxes.size > keptVersions && oldest !== undefined) {
      sandboxes.get(oldest)?.close();
      sandboxes.delete(oldest);
    }
    return opened;
  };
  return {
    run: (code, request, { id, domain }) =>
      sandboxOf(code).run({
        version: '1.0',
        context: {
          distributionDomainName: domain,
          distributionId: id,
          eventType: 'viewer-request',
          requestId: 'simulated',
        },
        viewer: { ip: '127.0.0.1' },
        request,
      }),
    close: () => {
      for (const sandbox of sandboxes.values()) sandbox.close();
      sandboxes.clear();
    },
  };
}
