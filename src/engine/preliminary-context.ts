import type { ActionContext, RunIdentity } from '../actions/action.ts';
import { OpsError } from '../errors.ts';
import type { Drive, Material } from './options.ts';

/** What a look at the credentials may touch, before there is a run: reads only, and no place to note anything. */
export function preliminaryContext(
  options: Drive & Material,
  run: RunIdentity,
  step: string,
  signal: AbortSignal,
): ActionContext {
  const access = () => ({ mode: 'read-only' as const, why: 'the run has not started' });
  const notYet = (): never => {
    throw new OpsError('invalid', 'not available before the run has started');
  };
  return {
    env: options.environment,
    run,
    step,
    clock: options.clock,
    signal,
    mayWait: false,
    probe: options.edges.probe,
    smtp: options.edges.smtp,
    dns: options.edges.dns,
    clients: {
      cloudflare: () => options.edges.cloudflare(access),
      slack: () => options.edges.slack(access),
      route53: () => options.edges.route53(access),
      cloudfront: () => options.edges.cloudfront(access),
      statuspage: () => options.edges.statuspage(access),
      pagerduty: () => options.edges.pagerduty(access),
      vendorStatus: (vendor) => options.edges.vendorStatus(vendor, access),
      pagerdutyRest: () => options.edges.pagerdutyRest(access),
      datadog: () => options.edges.datadog(access),
      globalping: () => options.edges.globalping(access),
    },
    operator: options.operator,
    suite: notYet,
    secret: (name) => options.edges.secret(name),
    runCheck: notYet,
    planChange: notYet,
    past: { rehearsals: notYet, lastOutput: notYet },
    noted: undefined,
    note: notYet,
    progress: () => undefined,
  };
}
