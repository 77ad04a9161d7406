import { OpsError } from '../../errors.ts';
import type { Environment, Route } from '../../world/environment.ts';
import { routeOf } from '../http/connect-target.ts';
import { cloudflareRanges, matchRanges } from './address-ranges.ts';
import { splitTarget } from './split-target.ts';

/** How DNS answers that point at a route are recognised. */
export type RouteAnswers = {
  provider: Route['provider'];
  /** The name that the hostname is an alias of. */
  cname: string | undefined;
  /** Whether an address belongs to the route. */
  includes(address: string): boolean;
};

/**
 * What the environment says of the route's answers, or what its provider makes certain: CloudFront's own domain name,
 * Cloudflare's published ranges. Throws `invalid` for an unknown route, or one whose answers cannot be told.
 */
export function routeAnswers(env: Environment, name: string): RouteAnswers {
  const route = routeOf(env, name);
  const { cname, ranges } = recognisers(route);
  if (!isTold(env, name)) {
    throw new OpsError('invalid', `the environment does not say how DNS answers of route "${name}" are recognised`, {
      hint: `give routes.${name} an answers.cname, or answers.addresses as CIDR ranges`,
    });
  }
  return { provider: route.provider, cname, includes: matchRanges(ranges) };
}

/** Whether the answers of a route can be told from others. */
export function isTold(env: Environment, name: string): boolean {
  const { cname, ranges } = recognisers(routeOf(env, name));
  return cname !== undefined || ranges.length > 0;
}

function recognisers(route: Route): { cname: string | undefined; ranges: readonly string[] } {
  const answers = route.answers ?? {};
  if (answers.cname !== undefined || answers.addresses !== undefined) {
    return { cname: answers.cname, ranges: answers.addresses ?? [] };
  }
  return { cname: distributionName(route), ranges: route.provider === 'cloudflare' ? cloudflareRanges : [] };
}

function distributionName(route: Route): string | undefined {
  if (route.provider !== 'cloudfront') return undefined;
  const targets = typeof route.connect === 'string' ? [route.connect] : Object.values(route.connect);
  const hosts = new Set(targets.map((target) => splitTarget(target, 443).host));
  const [host] = hosts;
  return hosts.size === 1 && host?.endsWith('.cloudfront.net') === true ? host : undefined;
}
