import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { parse } from 'yaml';
import type { ActionContext } from '../../../src/actions/action.ts';
import { type Suite, suiteSchema } from '../../../src/actions/http/suite.ts';
import { startAwsApi } from '../../../src/simulator/aws-api.ts';
import { changeCloudFront } from '../../../src/simulator/change-cloudfront.ts';
import { startCloudflareApi } from '../../../src/simulator/cloudflare-api.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../../src/simulator/state.ts';
import type { Access } from '../../../src/world/access.ts';
import { createCloudflareClient, isCloudflareWrite } from '../../../src/world/cloudflare.ts';
import { createCloudFrontClient, isCloudFrontWrite } from '../../../src/world/cloudfront.ts';
import { createHttpsFetch } from '../../../src/world/https-fetch.ts';
import { createProber } from '../../../src/world/prober.ts';
import { startDataPlane } from '../../simulator/data-plane.ts';
import { sampleEnvironment } from '../../simulator/sample-environment.ts';
import { testContext, uncalledClients } from '../action-context.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The function that is shipped, and the suite that is shipped. */
export const router = readFileSync(`${root}/runbooks/fallback/edge-router.js`, 'utf8');
export const criticalEndpoints: Suite = suiteSchema.parse(
  parse(readFileSync(`${root}/runbooks/suites/critical-endpoints.yaml`, 'utf8')),
);

const key = { accessKeyId: 'AKIASIMULATED0000000', secretAccessKey: 'simulated-secret-access-key-0123456789ab' };
const token = 'simulated-token-0123456789';

/** Checks may read only: a writing call throws. */
const readOnly: Access = { mode: 'read-only', why: 'this is a check' };

/** CloudFront's edge and API and Cloudflare's API, simulated, and a context that reaches them as a run does. */
export async function startStandby() {
  const plane = await startDataPlane(undefined, { functionCode: router });
  const { world, clock } = plane;
  const now = () => clock.now();
  const [aws, cloudflare] = await Promise.all([
    startAwsApi({ world, key, now }),
    startCloudflareApi({ world, now, token }),
  ]);
  const awsEndpoint = `http://127.0.0.1:${aws.port}`;
  const cloudflareEndpoint = `http://127.0.0.1:${cloudflare.port}/client/v4`;
  const fetchFor = (base: string, isWrite: (method: string, url: URL) => boolean) =>
    createHttpsFetch({
      origins: [new URL(base).origin],
      access: () => readOnly,
      isWrite,
      attemptTimeoutMs: 5_000,
      maxBodyBytes: 4_000_000,
    });
  const reset = () => {
    const fresh = seedWorld(sampleEnvironment(), { seed: 1, functionCode: router });
    const { distribution, functions, cachePolicies, originRequestPolicies, loadBalancers, pools } = fresh;
    const changed: Partial<SimulatedWorld> = {
      distribution,
      functions,
      cachePolicies,
      originRequestPolicies,
      loadBalancers,
      pools,
    };
    Object.assign(world, changed);
    world.faults.clear();
  };
  return {
    world,
    awsEndpoint,
    key,
    reset,
    change(wanted: object) {
      const answer = changeCloudFront(world, wanted);
      expect(answer, JSON.stringify(answer)).toMatchObject({ status: 200 });
    },
    behavior() {
      const only = world.distribution.behaviors.at(-1);
      if (only === undefined) throw new Error('the seed has a behavior');
      return only;
    },
    context(more: { sha256?: string | null; suite?: Suite; signal?: AbortSignal } = {}): ActionContext {
      const sample = sampleEnvironment();
      const { sha256 = createHash('sha256').update(router).digest('hex'), suite = criticalEndpoints, signal } = more;
      return testContext({
        env: {
          ...sample,
          routes: {
            ...sample.routes,
            fallback: { provider: 'cloudfront', connect: `127.0.0.1:${plane.fallback.port}` },
          },
          cloudflare: { 'zone-id': world.zone.id },
          aws: {
            'distribution-id': world.distribution.id,
            'function-name': 'edge-router',
            ...(sha256 === null ? {} : { 'function-sha256': sha256 }),
          },
        },
        clock,
        probe: createProber({ ca: plane.authority.caPem }),
        suite: () => suite,
        ...(signal === undefined ? {} : { signal }),
        clients: {
          ...uncalledClients,
          cloudflare: () =>
            createCloudflareClient({
              token,
              baseURL: cloudflareEndpoint,
              fetch: fetchFor(cloudflareEndpoint, isCloudflareWrite),
            }),
          cloudfront: () =>
            createCloudFrontClient({
              credentials: key,
              endpoint: awsEndpoint,
              fetch: fetchFor(awsEndpoint, isCloudFrontWrite),
            }),
        },
      });
    },
    async close() {
      await Promise.all([plane.close(), aws.close(), cloudflare.close()]);
    },
  };
}

/** What {@link startStandby} gives. */
export type Standby = Awaited<ReturnType<typeof startStandby>>;
