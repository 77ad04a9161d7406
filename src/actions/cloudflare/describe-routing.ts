import { createHash } from 'node:crypto';
import { boundedText } from '../../world/bounded-text.ts';
import type { ReadRouting } from './read-routing.ts';

/**
 * The load balancer's rules and the pools that they and it name, one line each, in an order that does not depend on the
 * API's: equal where the same requests go to the same hosts, so that a difference between two days is a change.
 */
export function describeRouting({ routing, pools, isSteered, limits }: ReadRouting): string[] {
  const { defaultPools, fallbackPool, rules } = routing;
  const nameOf = (id: string) => pools.get(id)?.name ?? id;
  const inOrder = rules.toSorted((left, right) => left.priority - right.priority || (left.name < right.name ? -1 : 1));
  const named = new Set([...defaultPools, fallbackPool, ...rules.flatMap(({ overrides }) => overrides.default_pools)]);
  const poolLines = [...named].map((id) => {
    const hosts = pools.get(id)?.hosts;
    return `pool ${nameOf(id)}: ${hosts === undefined ? 'not seen by the token' : [...hosts].sort().join(', ') || 'no origin'}`;
  });
  return [
    ...inOrder.map(({ name, condition, disabled, terminates, overrides }) => {
      const to = overrides.default_pools.map(nameOf).join(', ') || 'the default pools';
      const notes = [...(disabled ? [', disabled'] : []), ...(terminates ? [', the last'] : [])].join('');
      return `rule ${boundedText(name, 60)}${notes}: ${whole(condition)} to ${to}`;
    }),
    `else to ${defaultPools.map(nameOf).join(', ')}; if all are down to ${nameOf(fallbackPool)}`,
    ...(isSteered ? ['steered'] : []),
    ...poolLines.sort(),
    ...limits,
  ];
}

/** A long condition is cut, and told from others that begin like it by its digest. */
function whole(condition: string): string {
  const shown = boundedText(condition, 400);
  return shown === condition ? shown : `${shown} (SHA-256 ${createHash('sha256').update(condition).digest('hex')})`;
}
