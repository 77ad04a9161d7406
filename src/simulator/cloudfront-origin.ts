import { type Forwarding, passesHeader, passesQuery } from '../actions/cloudfront/forwarding.ts';
import type { OriginChoice } from '../world/function-outcome.ts';
import type { SimulatedBehavior, SimulatedDistribution } from './cloudfront-state.ts';
import { appended, hostOf } from './edge.ts';
import type { ServerRequest } from './http-server.ts';
import type { SimulatedWorld } from './state.ts';

/** Where a request goes from CloudFront. */
export type ChosenOrigin = { domain: string; readTimeoutMs: number; hostHeader?: string };

/** The origin after the function's choice: what it does not name is as the cache behavior's origin has it. Undefined: not there. */
export function chosenOrigin(
  { origins }: SimulatedDistribution,
  behavior: SimulatedBehavior,
  choice: OriginChoice | null,
): ChosenOrigin | undefined {
  const id =
    choice?.by === 'id' ? choice.originId : choice?.by === 'group' ? choice.originIds[0] : behavior.targetOriginId;
  const origin = origins.find((one) => one.id === id);
  if (origin === undefined) return undefined;
  const changes = choice === null || choice.by === 'group' ? {} : choice.changes;
  return {
    domain: (choice?.by === 'update' ? (changes.domainName ?? origin.domain) : origin.domain).toLowerCase(),
    readTimeoutMs: (changes.timeouts?.readTimeout ?? origin.readTimeout) * 1_000,
    ...(changes.hostHeader === undefined ? {} : { hostHeader: changes.hostHeader }),
  };
}

/** What a cache behavior's two policies pass on. A policy that is gone passes on nothing. */
export function forwardingOf(world: SimulatedWorld, behavior: SimulatedBehavior): Forwarding {
  const policies = [
    world.cachePolicies.find(({ id }) => id === behavior.cachePolicyId),
    world.originRequestPolicies.find(({ id }) => id === behavior.originRequestPolicyId),
  ].filter((policy) => policy !== undefined);
  return {
    isLegacy: false,
    headers: policies.map(({ headers }) => headers),
    queries: policies.map(({ queries }) => queries),
    cookies: policies.map(({ cookies }) => cookies),
  };
}

/** A request as it goes on to the origin: what is not passed on is gone or replaced. */
export function originRequest(request: ServerRequest, forwarding: Forwarding, origin: ChosenOrigin): ServerRequest {
  const passes = (name: string) => passesHeader(forwarding, name);
  const kept = Object.entries(request.headers).filter(([name]) => passes(name));
  const cookie = forwarding.cookies.some(({ include }) => include !== 'none') ? request.headers.cookie : undefined;
  const [path = '/', ...query] = request.path.split('?');
  const queries = query
    .join('?')
    .split('&')
    .filter((pair) => pair !== '' && passesQuery(forwarding, pair.split('=')[0] ?? ''));
  return {
    ...request,
    path: queries.length === 0 ? path : `${path}?${queries.join('&')}`,
    headers: {
      ...Object.fromEntries(kept),
      ...(cookie === undefined ? {} : { cookie }),
      host: origin.hostHeader ?? (passes('host') ? hostOf(request) : origin.domain),
      'user-agent': passes('user-agent') ? (request.headers['user-agent'] ?? 'Amazon CloudFront') : 'Amazon CloudFront',
      'x-forwarded-for': appended(request.headers['x-forwarded-for'], '127.0.0.1'),
    },
  };
}
