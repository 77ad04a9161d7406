import { isIP } from 'node:net';
import { OpsError } from '../../errors.ts';
import type { Route } from '../../world/environment.ts';
import type { ActionContext } from '../action.ts';
import type { CallContext } from './call-cloudflare.ts';
import { describeRecord, listRecordsAt, type ZoneRecord } from './records-at-name.ts';

/** Types of records that decide where clients go. */
const steering: ReadonlySet<string> = new Set(['A', 'AAAA', 'CNAME', 'HTTPS', 'SVCB', 'NS']);

/**
 * The record beneath a load balancer: what DNS answers with once the load balancer is off. Throws `refused` unless it
 * is exactly one CNAME, DNS only, that points at the route, with no other record that says otherwise.
 */
export async function readStandbyRecord(
  ctx: CallContext & Pick<ActionContext, 'env'>,
  zoneId: string,
  routeName: string,
): Promise<ZoneRecord> {
  const { hostname } = ctx.env;
  const names = namesOfRoute(ctx.env, routeName);
  const records = (await listRecordsAt(ctx, zoneId, hostname)).filter(({ type }) => steering.has(type));
  const wanted = `a DNS-only CNAME ${hostname} → ${[...names].join(' or ')}`;
  const [record] = records;
  if (record === undefined) {
    throw new OpsError('refused', `there is no DNS record beneath the load balancer ${hostname}: it would go dark`, {
      hint: `stage ${wanted} first`,
    });
  }
  if (records.length > 1) {
    const all = records.map(describeRecord).join('; ');
    throw new OpsError('refused', `the records beneath the load balancer ${hostname} contradict each other: ${all}`, {
      hint: `leave only ${wanted}`,
    });
  }
  const target = record.content.toLowerCase().replace(/\.$/, '');
  if (record.type !== 'CNAME' || !names.has(target)) {
    throw new OpsError(
      'refused',
      `the record beneath the load balancer ${hostname} does not point at the route ${routeName}: ${describeRecord(record)}`,
      { hint: `stage ${wanted}, or correct the route in the environment file` },
    );
  }
  if (record.proxied) {
    throw new OpsError(
      'refused',
      `the record beneath the load balancer ${hostname} is proxied: ${describeRecord(record)}`,
      {
        hint: 'traffic would stay in Cloudflare’s proxy; set it to DNS only',
      },
    );
  }
  return record;
}

/** The names that a CNAME may point at to mean this route. */
export function namesOfRoute(env: ActionContext['env'], routeName: string): ReadonlySet<string> {
  const route = Object.hasOwn(env.routes, routeName) ? env.routes[routeName] : undefined;
  if (route === undefined) {
    throw new OpsError('invalid', `the environment has no route ${routeName}`, {
      hint: `it has: ${Object.keys(env.routes).join(', ')}`,
    });
  }
  const names = new Set([...(route.answers?.cname === undefined ? [] : [route.answers.cname]), ...connectNames(route)]);
  if (names.size > 0) return names;
  throw new OpsError('invalid', `the route ${routeName} has no name that a CNAME could point at`, {
    hint: 'give it `answers: { cname: … }` in the environment file',
  });
}

function connectNames(route: Route): string[] {
  const targets = typeof route.connect === 'string' ? [route.connect] : Object.values(route.connect);
  return targets
    .map((target) => target.toLowerCase().replace(/:\d+$/, ''))
    .filter((host) => !host.startsWith('[') && isIP(host) === 0 && host.includes('.'));
}
