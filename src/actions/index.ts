import type { AnyAction } from './action.ts';
import { alertsInspect } from './alerts/inspect.ts';
import { inspectToken } from './cloudflare/inspect-token.ts';
import { proveWrite } from './cloudflare/prove-write.ts';
import { setLoadBalancer } from './cloudflare/set-load-balancer.ts';
import { setRecord as setCloudflareRecord } from './cloudflare/set-record.ts';
import { cloudFrontInspect } from './cloudfront/inspect.ts';
import { cloudFrontTestRouting } from './cloudfront/test-routing.ts';
import { datadogMonitors } from './datadog/monitors.ts';
import { dnsVerify } from './dns/verify.ts';
import { driftCompare } from './drift/compare.ts';
import { globalpingMeasure } from './globalping/measure.ts';
import { httpCheck } from './http/check.ts';
import { httpCompare } from './http/compare.ts';
import { httpVisit } from './http/visit.ts';
import { manualChange } from './manual/change.ts';
import { manualConfirm } from './manual/confirm.ts';
import { resolve as resolvePage } from './pagerduty/resolve.ts';
import { trigger as triggerPage } from './pagerduty/trigger.ts';
import { planChange } from './plan/change.ts';
import { rehearsalInspect } from './rehearsal/inspect.ts';
import { proveRoute53Write } from './route53/prove-write.ts';
import { setRecord } from './route53/set-record.ts';
import { openRoom } from './slack/open-room.ts';
import { post } from './slack/post.ts';
import { smtpCheck } from './smtp/check.ts';
import { open as openNotice } from './statuspage/open.ts';
import { resolve as resolveNotice } from './statuspage/resolve.ts';
import { update as updateNotice } from './statuspage/update.ts';
import { recommend } from './triage/recommend.ts';
import { vendorStatus } from './vendor/status.ts';
import { wait } from './wait/wait.ts';

const list: readonly AnyAction[] = [
  setLoadBalancer,
  setCloudflareRecord,
  inspectToken,
  proveWrite,
  cloudFrontInspect,
  cloudFrontTestRouting,
  dnsVerify,
  driftCompare,
  httpCheck,
  httpCompare,
  httpVisit,
  manualChange,
  manualConfirm,
  planChange,
  rehearsalInspect,
  setRecord,
  proveRoute53Write,
  openRoom,
  post,
  smtpCheck,
  datadogMonitors,
  globalpingMeasure,
  alertsInspect,
  openNotice,
  updateNotice,
  resolveNotice,
  triggerPage,
  resolvePage,
  recommend,
  vendorStatus,
  wait,
];

/** Every action, by name. The list is explicit; nothing is discovered. */
export const actions: ReadonlyMap<string, AnyAction> = new Map(list.map((action) => [action.name, action]));
