import type { ActionContext } from '../../../src/actions/action.ts';
import type { Access } from '../../../src/world/access.ts';
import { createHttpsFetch } from '../../../src/world/https-fetch.ts';
import { createSlackClient, isSlackWrite } from '../../../src/world/slack.ts';
import { testContext, testEnvironment, uncalledClients } from '../action-context.ts';

export const token = 'xoxb-simulated-0123456789';

/** A context whose Slack is at `base`; writes may leave unless `access` says otherwise. */
export function slackContext(
  base: string,
  more: Partial<ActionContext> & { access?: Access; environment?: object; attemptTimeoutMs?: number } = {},
) {
  const {
    access = { mode: 'write', ensure: async () => undefined },
    environment = {},
    attemptTimeoutMs = 2_000,
  } = more;
  const { access: _access, environment: _environment, attemptTimeoutMs: _attemptTimeoutMs, ...given } = more;
  const fetch = createHttpsFetch({
    origins: [new URL(base).origin],
    access: () => access,
    isWrite: isSlackWrite,
    attemptTimeoutMs,
    maxBodyBytes: 1_000_000,
  });
  return testContext({
    env: testEnvironment(environment),
    run: { id: '01RUN', shortId: 'run1', runbook: 'failover', title: 'Fail over', mode: 'live' },
    clients: {
      ...uncalledClients,
      slack: () => createSlackClient({ mask: (text) => text, token, slackApiUrl: base, fetch }),
    },
    ...given,
  });
}
