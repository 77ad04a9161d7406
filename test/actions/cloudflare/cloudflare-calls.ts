import type { ActionContext } from '../../../src/actions/action.ts';
import type { Access } from '../../../src/world/access.ts';
import { createCloudflareClient, isCloudflareWrite } from '../../../src/world/cloudflare.ts';
import { createHttpsFetch } from '../../../src/world/https-fetch.ts';
import { testContext, testEnvironment, uncalledClients } from '../action-context.ts';

export const zoneId = '0123456789abcdef0123456789abcdef';
export const loadBalancerId = 'fedcba9876543210fedcba9876543210';
export const token = 'simulated-token-0123456789';

/** A context whose Cloudflare is at `base`; writes may leave unless `access` says otherwise. */
export function cloudflareContext(
  base: string,
  more: Partial<ActionContext> & { access?: Access; environment?: object; attemptTimeoutMs?: number } = {},
) {
  const {
    access = { mode: 'write', ensure: async () => undefined },
    environment = {},
    attemptTimeoutMs = 3_000,
    ...given
  } = more;
  const fetch = createHttpsFetch({
    origins: [new URL(base).origin],
    access: () => access,
    isWrite: isCloudflareWrite,
    attemptTimeoutMs,
    maxBodyBytes: 100_000,
  });
  return testContext({
    env: testEnvironment({
      routes: {
        edge: { provider: 'cloudflare', connect: '104.16.0.1' },
        fallback: { provider: 'cloudfront', connect: 'd1.cloudfront.net:443', answers: { cname: 'd1.cloudfront.net' } },
        origin: { provider: 'load-balancer', connect: '192.0.2.1' },
      },
      cloudflare: { 'zone-id': zoneId, 'load-balancer-id': loadBalancerId },
      ...environment,
    }),
    clients: {
      ...uncalledClients,
      cloudflare: () => createCloudflareClient({ token, baseURL: base, fetch }),
    },
    ...given,
  });
}

/** An answer's envelope. */
export function envelope(result: unknown, more: object = {}) {
  return { success: true, errors: [], messages: [], result, ...more };
}

/** An answer that says no. */
export function refusal(code: number, message: string) {
  return { success: false, errors: [{ code, message }], messages: [], result: null };
}
