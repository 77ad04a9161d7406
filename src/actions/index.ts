import type { AnyAction } from './action.ts';
import { alertsInspect } from './alerts/inspect.ts';
import { setLoadBalancer } from './cloudflare/set-load-balancer.ts';
import { setRecord as setCloudflareRecord } from './cloudflare/set-record.ts';
import { cloudFrontInspect } from './cloudfront/inspect.ts';
import { cloudFrontTestRouting } from './cloudfront/test-routing.ts';
import { datadogMonitors } from './datadog/monitors.ts';
import { dnsVerify } from './dns/verify.ts';
import { httpCheck } from './http/check.ts';
import { httpCompare } from './http/compare.ts';
import { manualChange } from './manual/change.ts';
import { manualConfirm } from './manual/confirm.ts';
import { resolve as resolvePage } from './pagerduty/resolve.ts';
import { trigger as triggerPage } from './pagerduty/trigger.ts';
import { setRecord } from './route53/set-record.ts';
import { openRoom } from './slack/open-room.ts';
import { post } from './slack/post.ts';
import { smtpCheck } from './smtp/check.ts';
import { open as openNotice } from './statuspage/open.ts';
import { resolve as resolveNotice } from './statuspage/resolve.ts';
import { update as updateNotice } from './statuspage/update.ts';
import { wait } from './wait/wait.ts';

const list: readonly AnyAction[] = [
  setLoadBalancer,
  setCloudflareRecord,
  cloudFrontInspect,
  cloudFrontTestRouting,
  dnsVerify,
  httpCheck,
  httpCompare,
  manualChange,
  manualConfirm,
  setRecord,
  openRoom,
  post,
  smtpCheck,
  datadogMonitors,
  alertsInspect,
  openNotice,
  updateNotice,
  resolveNotice,
  triggerPage,
  resolvePage,
  wait,
];

/** Every action, by name. The list is explicit; nothing is discovered. */
export const actions: ReadonlyMap<string, AnyAction> = new Map(list.map((action) => [action.name, action]));
