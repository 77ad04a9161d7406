import { isIP } from 'node:net';
import { splitTarget } from '../../actions/dns/split-target.ts';
import type { Visit } from '../../world/visit.ts';
import type { Means } from './asking.ts';
import type { Dependency } from './dependencies.ts';

/** What a dependency looks like from here; `addresses` is empty where no resolver answers with any. */
export type Look = { dependency: Dependency; addresses: string[]; visit: Visit };

const dnsTimeoutMs = 3_000;

/** Asks the listed resolvers where a dependency is, and the dependency itself who answers there, at the same time. */
export async function lookAtDependency(means: Means, dependency: Dependency): Promise<Look> {
  const box = means.clock.timeBox(8_000);
  try {
    const [addresses, visit] = await Promise.all([
      resolve(means, dependency.host, box.signal),
      means.edges.visit(dependency.url, box.signal),
    ]);
    return { dependency, addresses, visit };
  } finally {
    box.cancel();
  }
}

/** Every address that any of the resolvers knows: one may be behind the provider that fails, or lie. */
async function resolve({ env, edges }: Means, host: string, signal: AbortSignal): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const questions = env.dns.resolvers.flatMap((resolver) => {
    const { host: address, port } = splitTarget(resolver, 53);
    return (['A', 'AAAA'] as const).map((type) =>
      edges.dns({
        server: { address, port },
        name: host,
        type,
        recursionDesired: true,
        timeoutMs: dnsTimeoutMs,
        signal,
      }),
    );
  });
  const answers = await Promise.all(questions);
  const found = answers.flatMap((answer) => (answer.answered ? answer.answers : []));
  return [...new Set(found.filter(({ data }) => isIP(data) !== 0).map(({ data }) => data))].sort();
}
