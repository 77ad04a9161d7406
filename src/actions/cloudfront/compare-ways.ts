import { OpsError } from '../../errors.ts';
import { choosePools } from '../cloudflare/choose-pools.ts';
import type { ReadRouting } from '../cloudflare/read-routing.ts';
import { ruleRequest } from '../cloudflare/rule-request.ts';
import type { Chosen } from './chosen-host.ts';
import type { Row } from './truth-table.ts';

/** Where Cloudflare would send a request: one of these hosts, of the pools of that name. */
type PoolChoice = { kind: 'hosts'; name: string; hosts: readonly string[] } | { kind: 'unknown'; why: string };

/** What the comparison of one request came to. */
export type Compared =
  | { kind: 'same' }
  | { kind: 'different'; cloudfront: string; cloudflare: string }
  | { kind: 'undecided'; why: string };

/** Where Cloudflare's load balancer would send a request. Never throws: what cannot be evaluated is said. */
export function cloudflareChoice({ method, path }: Row, hostname: string, read: ReadRouting): PoolChoice {
  const [limit] = read.limits;
  if (limit !== undefined)
    return { kind: 'unknown', why: `the load balancer decides by more than its rules: ${limit}` };
  try {
    const pools = choosePools(read.routing, ruleRequest(method, path, hostname));
    const able = read.isSteered ? pools : pools.slice(0, 1);
    const known = able.flatMap((id) => read.pools.get(id) ?? []);
    if (known.length < able.length) return { kind: 'unknown', why: 'the token does not see the pool that is chosen' };
    return {
      kind: 'hosts',
      name: known.map(({ name }) => name).join(' or '),
      hosts: known.flatMap(({ hosts }) => hosts),
    };
  } catch (error) {
    if (error instanceof OpsError && error.code === 'invalid') return { kind: 'unknown', why: error.message };
    throw error;
  }
}

/** Holds the two ways against each other; `backends` lists hosts that are the same backend under other names. */
export function compareWays(
  chosen: Chosen,
  pools: PoolChoice,
  backends: Readonly<Record<string, readonly string[]>>,
): Compared {
  if (chosen.kind === 'unknown') return { kind: 'undecided', why: chosen.why };
  if (pools.kind === 'unknown') return { kind: 'undecided', why: pools.why };
  const cloudflare = `${pools.name} (${pools.hosts.join(', ') || 'no origin'})`;
  if (chosen.kind === 'answers') return { kind: 'different', cloudfront: chosen.what, cloudflare };
  const backendOf = (host: string) =>
    Object.entries(backends).find(([, hosts]) => hosts.some((one) => one.toLowerCase() === host))?.[0] ?? host;
  const isSame = pools.hosts.some((host) => backendOf(host) === backendOf(chosen.host));
  return isSame ? { kind: 'same' } : { kind: 'different', cloudfront: chosen.host, cloudflare };
}
