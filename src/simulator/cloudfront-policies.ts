import type { SimulatedPolicy } from './cloudfront-state.ts';

const none = { include: 'none' as const, names: [] };
const all = { include: 'all' as const, names: [] };
const listed = (...names: string[]) => ({ include: 'listed' as const, names });

/** Ids of the managed policies that a fallback for an API uses (CloudFront docs, managed policies). */
export const managed = {
  cachingDisabled: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
  allViewer: '216adef6-5c7f-47e4-b989-5492eafa07d3',
} as const;

/** Managed cache policies (CloudFront docs, use managed cache policies). */
export const managedCachePolicies: readonly SimulatedPolicy[] = [
  {
    id: managed.cachingDisabled,
    name: 'Managed-CachingDisabled',
    headers: none,
    queries: none,
    cookies: none,
    ttl: { min: 0, default: 0, max: 0 },
  },
  {
    id: '658327ea-f89d-4fab-a63d-7e88639e58f6',
    name: 'Managed-CachingOptimized',
    headers: none,
    queries: none,
    cookies: none,
    ttl: { min: 1, default: 86_400, max: 31_536_000 },
  },
];

/** Managed origin request policies (CloudFront docs, use managed origin request policies). */
export const managedOriginRequestPolicies: readonly SimulatedPolicy[] = [
  { id: managed.allViewer, name: 'Managed-AllViewer', headers: all, queries: all, cookies: all, ttl: null },
  {
    id: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
    name: 'Managed-AllViewerExceptHostHeader',
    headers: { include: 'all-except', names: ['host'] },
    queries: all,
    cookies: all,
    ttl: null,
  },
  {
    id: 'acba4595-bd28-49b8-b9fe-13317c0390fa',
    name: 'Managed-UserAgentRefererHeaders',
    headers: listed('user-agent', 'referer'),
    queries: none,
    cookies: none,
    ttl: null,
  },
];
