import { startDatadogApi } from '../../../src/simulator/datadog-api.ts';
import { startPagerDutyRestApi } from '../../../src/simulator/pagerduty-rest-api.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../../src/simulator/state.ts';
import { createDatadogApi } from '../../../src/world/datadog.ts';
import { createHttpsFetch } from '../../../src/world/https-fetch.ts';
import { isJsonApiWrite } from '../../../src/world/json-api.ts';
import { createPagerDutyRestApi } from '../../../src/world/pagerduty-rest.ts';
import { sampleEnvironment } from '../../simulator/sample-environment.ts';
import { testContext, testEnvironment } from '../action-context.ts';

const keys = { apiKey: '0123456789abcdef0123456789abcdef', applicationKey: 'fedcba9876543210fedcba98765432100123abcd' };
const restKey = 'u+abcdefghijklmnop';

/** Simulated Datadog and PagerDuty with alerting as it should be, and contexts whose clients only read. */
export async function startAlertingWorld() {
  const world: SimulatedWorld = seedWorld(sampleEnvironment(), { seed: 1 });
  const now = () => Date.UTC(2026, 0, 1);
  const datadog = await startDatadogApi({ world, keys, now });
  const paging = await startPagerDutyRestApi({ world, key: restKey, now });
  const fetchFor = (base: string) =>
    createHttpsFetch({
      origins: [base],
      access: () => ({ mode: 'read-only', why: 'a check only reads' }),
      isWrite: isJsonApiWrite,
      attemptTimeoutMs: 1_000,
      maxBodyBytes: 1_000_000,
    });
  return {
    world,
    context(environment: object = { datadog: {}, pagerduty: {} }, given: { restKey?: string; apiKey?: string } = {}) {
      const ctx = testContext({ env: testEnvironment(environment) });
      const mask = (text: string) => text;
      const monitoringBase = `http://127.0.0.1:${datadog.port}`;
      const pagingBase = `http://127.0.0.1:${paging.port}`;
      const apiKey = given.apiKey ?? keys.apiKey;
      ctx.clients.datadog = async () =>
        createDatadogApi({ ...keys, apiKey, base: monitoringBase, fetch: fetchFor(monitoringBase), mask });
      ctx.clients.pagerdutyRest = async () =>
        createPagerDutyRestApi({ key: given.restKey ?? restKey, base: pagingBase, fetch: fetchFor(pagingBase), mask });
      return ctx;
    },
    close: () => Promise.all([datadog.close(), paging.close()]),
  };
}
