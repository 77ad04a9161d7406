import { isIP } from 'node:net';
import type { DnsAnswer } from '../../world/dns.ts';
import type { ActionContext } from '../action.ts';
import { askServer, listResolvers } from '../dns/find-servers.ts';
import { isTold, routeAnswers } from '../dns/route-answers.ts';
import { type ConnectTarget, parseTarget, routeOf } from './connect-target.ts';

/** An address that DNS answers, and where to dial for it. */
export type Place = { address: string; target: ConnectTarget };

/**
 * Where customers are led on a route's path at this moment. `same`: the environment dials the one address that DNS answers;
 * `asked`: DNS answers others, too; `away`: what it answers leads elsewhere; `unknown`: nobody told.
 */
export type AnsweredPlaces = { state: 'same' | 'asked' | 'away' | 'unknown'; places: readonly Place[] };

/**
 * Asks every resolver at once what the route's hostname is led to, and takes the first that tells. A machine that is pinned
 * to an address by its environment sees the path of nobody else: a stale pin looks like an outage. Never rejects but with
 * the signal's reason; bounded by the time box of one question.
 */
export async function findAnsweredPlaces(ctx: ActionContext, routeName: string): Promise<AnsweredPlaces> {
  const route = routeOf(ctx.env, routeName);
  if (typeof route.connect !== 'string' || !isTold(ctx.env, routeName)) return { state: 'unknown', places: [] };
  const name = route.hostname ?? ctx.env.hostname;
  const answer = await firstToTell(ctx, name);
  if (answer === undefined) return { state: 'unknown', places: [] };
  const { includes, cname } = routeAnswers(ctx.env, routeName);
  const addresses = answer.answers.filter(({ type }) => type === 'A').map(({ data }) => data);
  const isLedByName =
    cname !== undefined && answer.answers.some(({ type, data }) => type === 'CNAME' && data === cname);
  if (!isLedByName && !(addresses.length > 0 && addresses.every(includes))) return { state: 'away', places: [] };
  const pinned = parseTarget(route.connect);
  const places = addresses.flatMap((address) => placeOf(ctx, address));
  const others = places.filter(({ target }) => target.host !== pinned.host || target.port !== pinned.port);
  if (places.length === 0) return { state: 'unknown', places: [] };
  return { state: others.length === 0 ? 'same' : 'asked', places: others };
}

/** In a simulated world only what it maps to loopback is dialled: its addresses are somebody's, outside. */
function placeOf({ env }: ActionContext, address: string): Place[] {
  const mapped = Object.hasOwn(env.dns.addresses, address) ? env.dns.addresses[address] : undefined;
  if (mapped !== undefined) return [{ address, target: parseTarget(mapped) }];
  if (env.simulated === true || isIP(address) === 0) return [];
  return [{ address, target: { host: address, port: 443 } }];
}

type Told = Extract<DnsAnswer, { answered: true }>;

/** The answer of the first resolver that tells; undefined where none does. A silent one costs no time while another speaks. */
function firstToTell(ctx: ActionContext, name: string): Promise<Told | undefined> {
  return new Promise((resolve, reject) => {
    const asking = listResolvers(ctx).map(async (resolver) => {
      const answer = await askServer(ctx, resolver, { name, type: 'A', recursionDesired: true });
      if (answer.answered && (answer.rcode === 'NOERROR' || answer.rcode === 'NXDOMAIN')) resolve(answer);
    });
    Promise.all(asking).then(() => resolve(undefined), reject);
  });
}
