import type { SimulatedWorld } from './state.ts';

/** Where other people's systems are: addresses for documentation (RFC 5737, RFC 3849), in nobody's range. */
const elsewhere = { v4: ['198.51.100.20'], v6: ['2001:db8::20'] };

/** The names under which the simulated systems are known outside. */
const others: ReadonlySet<string> = new Set([
  'api.eu.pagerduty.com',
  'api.incident.io',
  'api.pagerduty.com',
  'api.statuspage.io',
  'cloudfront.amazonaws.com',
  'events.eu.pagerduty.com',
  'events.pagerduty.com',
  'route53.amazonaws.com',
  'slack.com',
  'sts.us-east-1.amazonaws.com',
]);

/** Datadog's API has a name at each of its sites (https://docs.datadoghq.com/getting_started/site/). */
const datadogName = /^api\.([a-z0-9]+\.)?(datadoghq\.(com|eu)|ddog-gov\.com)$/;

/** The addresses that a provider's own name has, or that of a dependency; undefined for a name that is none. Cloudflare's API is behind its own edge. */
export function addressesOfProvider(world: SimulatedWorld, name: string): { v4: string[]; v6: string[] } | undefined {
  if (name === 'api.cloudflare.com' || (name === 'slack.com' && world.slackBehindProvider === true))
    return world.addresses.edge;
  const isKnown = others.has(name) || datadogName.test(name) || world.dependencyHosts?.includes(name) === true;
  return isKnown ? elsewhere : undefined;
}
