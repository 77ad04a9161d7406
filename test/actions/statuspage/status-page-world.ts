import type { ActionContext } from '../../../src/actions/action.ts';
import type { RunningServer } from '../../../src/simulator/http-server.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../../src/simulator/state.ts';
import { startStatuspageApi } from '../../../src/simulator/statuspage-api.ts';
import type { Access } from '../../../src/world/access.ts';
import type { Environment } from '../../../src/world/environment.ts';
import { createHttpsFetch } from '../../../src/world/https-fetch.ts';
import { isJsonApiWrite } from '../../../src/world/json-api.ts';
import { createStatusPageApi, type StatusPageProvider } from '../../../src/world/statuspage.ts';
import { sampleEnvironment } from '../../simulator/sample-environment.ts';
import { testContext, testEnvironment } from '../action-context.ts';

export const key = '0b5e4c9a-1f4d-4b1e-9d0c-3c1f6a7d8e9f';

const settings = {
  atlassian: {
    provider: 'atlassian',
    'page-id': 'kctbh9vrtdwd',
    components: { api: '8kbf7d35c070', smtp: 'vtnh60py4yd7' },
  },
  'incident-io': {
    provider: 'incident-io',
    'page-id': '01FCNDV6P870EA6S7TK1DSYDG0',
    components: { api: '01FCNDV6P870EA6S7TK1DSYDG2', smtp: '01FCNDV6P870EA6S7TK1DSYDG3' },
  },
} as const;

type More = Partial<ActionContext> & { access?: Access; attemptTimeoutMs?: number; base?: string; token?: string };

/** A simulated status page of one provider, and contexts of runs that write to it. */
export async function startStatusPage(provider: StatusPageProvider): Promise<{
  world: SimulatedWorld;
  server: RunningServer;
  context(more?: More): ReturnType<typeof testContext>;
  /** Method and path of each call so far. */
  calls(): string[];
  /** The bodies of the writes so far. */
  sent(): Record<string, unknown>[];
}> {
  const environment: Environment = { ...sampleEnvironment(), ...testEnvironment({ statuspage: settings[provider] }) };
  const world = seedWorld({ ...sampleEnvironment(), statuspage: environment.statuspage }, { seed: 1 });
  let now = Date.UTC(2026, 0, 1);
  const server = await startStatuspageApi({ world, key, now: () => (now += 1_500) });
  return {
    world,
    server,
    context: (more = {}) => {
      const { access = { mode: 'write', ensure: async () => undefined }, attemptTimeoutMs = 2_000 } = more;
      const own = `http://127.0.0.1:${server.port}${provider === 'atlassian' ? '/v1' : ''}`;
      const { base = own, token = key } = more;
      const { access: _, attemptTimeoutMs: _ms, base: _base, token: _token, ...given } = more;
      const fetch = createHttpsFetch({
        origins: [new URL(base).origin],
        access: () => access,
        isWrite: isJsonApiWrite,
        attemptTimeoutMs,
        maxBodyBytes: 1_000_000,
      });
      const context = testContext({
        env: testEnvironment({ statuspage: settings[provider] }),
        run: { id: '20260101-000000-abcd', shortId: '0101abcd', runbook: 'failover', title: 'Fail over', mode: 'live' },
        ...given,
      });
      const mask = (text: string) => text.replaceAll('hunter2', '***');
      context.clients.statuspage = async () => createStatusPageApi({ provider, token, base, fetch, mask });
      return context;
    },
    calls: () => world.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*$/, '')}`),
    sent: () => world.requests.filter(({ write }) => write).map(({ body }) => JSON.parse(body)),
  };
}
