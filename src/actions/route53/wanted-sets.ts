import { isIP } from 'node:net';
import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { OpsError } from '../../errors.ts';
import type { Environment, Route } from '../../world/environment.ts';
import { routeOf } from '../http/connect-target.ts';
import { longestTtl, type RecordSet, routingOf } from './record-set.ts';

/** The hosted zone of every CloudFront distribution, as the target of an alias (Route 53 API Reference, AliasTarget). */
export const cloudFrontZoneId = 'Z2FDTNDATAQYW2';

/** A record that is made without a TTL before it keeps clients no longer than this, in seconds. */
const defaultTtl = 60;

/** What the name should say. */
export type Wanted = {
  name: string;
  route: string;
  as: 'cname' | 'alias';
  /** Seconds; undefined keeps the TTL that a CNAME has. */
  ttl: number | undefined;
};

/**
 * The sets that lead `name` to the route, instead of `before`: one CNAME, or A and AAAA aliases to the distribution.
 * What routes a set by policy stays with it. Throws `invalid` where the environment names no target for the route, and
 * `refused` for a CNAME at the zone's apex or an alias to anything but a distribution.
 */
export function wantedSets(
  env: Environment,
  wanted: Wanted,
  { before, zoneName }: { before: readonly RecordSet[]; zoneName: string },
): RecordSet[] {
  const { name, as } = wanted;
  const target = targetOfRoute(env, wanted.route, name);
  const routing: Partial<ResourceRecordSet> = before[0] === undefined ? {} : routingOf(before[0]);
  if (as === 'cname') {
    if (name === zoneName) {
      throw new OpsError('refused', `${name} is the apex of its zone, where no CNAME can be`, {
        hint: 'use `as: alias`, which a distribution can be the target of',
      });
    }
    const kept = before.find(({ Type }) => Type === 'CNAME');
    const ttl = wanted.ttl ?? (kept === undefined ? defaultTtl : longestTtl([kept]));
    return [{ ...routing, Name: `${name}.`, Type: 'CNAME', TTL: ttl, ResourceRecords: [{ Value: target }] }];
  }
  if (!target.endsWith('.cloudfront.net')) {
    throw new OpsError('refused', `an alias can lead to a distribution, not to ${target}`, {
      hint: 'use `as: cname` for this route',
    });
  }
  const alias = (Type: 'A' | 'AAAA'): RecordSet => ({
    ...routing,
    Name: `${name}.`,
    Type,
    AliasTarget: { HostedZoneId: cloudFrontZoneId, DNSName: `${target}.`, EvaluateTargetHealth: false },
  });
  return [alias('A'), alias('AAAA')];
}

/** The name that the hostname leads to when it leads to the route. */
export function targetOfRoute(env: Environment, routeName: string, name: string): string {
  const target = knownTarget(routeOf(env, routeName));
  if (target !== undefined) return target;
  const { provider } = routeOf(env, routeName);
  const example = provider === 'cloudflare' ? `${name}.cdn.cloudflare.net` : 'the name that it is reached by';
  throw new OpsError('invalid', `the environment does not say what name leads to the route "${routeName}"`, {
    hint: `give routes.${routeName} an answers.cname (${example})`,
  });
}

/** The CNAME that the environment gives the route, or the distribution that it dials. */
export function knownTarget(route: Route): string | undefined {
  if (route.answers?.cname !== undefined) return route.answers.cname;
  if (route.provider !== 'cloudfront' || typeof route.connect !== 'string') return undefined;
  const host = route.connect.toLowerCase().replace(/:\d+$/, '');
  return isIP(host) === 0 && host.endsWith('.cloudfront.net') ? host : undefined;
}
