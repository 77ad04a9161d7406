import { digestOf } from '../../world/digest.ts';
import type { Json } from '../../world/json.ts';
import type { Distribution } from './distribution.ts';
import type { InspectFinding } from './finding.ts';
import type { NameSet } from './forwarding.ts';
import type { BehaviorPolicies } from './read-forwarding.ts';

/** How much of a digest is shown, and asked for: enough to tell one from another, and short enough to copy. */
const shown = 12;

/** What a cache behavior loses by its policies. */
const ofPolicies: ReadonlySet<string> = new Set<InspectFinding['id']>([
  'cloudfront/authorization-stripped',
  'cloudfront/caching-on',
  'cloudfront/header-stripped',
  'cloudfront/host-replaced',
  'cloudfront/idempotency-key-stripped',
  'cloudfront/query-stripped',
  'cloudfront/user-agent-replaced',
]);

/** The fingerprint of what a finding was judged from: with another it is another finding, and no acceptance of this one holds. */
export async function fingerprintOf(judgedFrom: Json): Promise<string> {
  return (await digestOf(judgedFrom)).slice(0, shown);
}

/** What is wrong with a distribution as a whole, with the fingerprint of its firewall and its names where it is about these. */
export async function withDistributionSeen(
  findings: readonly InspectFinding[],
  { webAclId, aliases }: Distribution,
): Promise<InspectFinding[]> {
  const judgedFrom = new Map<string, Json>([
    ['cloudfront/waf-attached', webAclId],
    ['cloudfront/alias-missing', aliases.toSorted()],
  ]);
  return await Promise.all(
    findings.map(async (finding) => {
      const from = judgedFrom.get(finding.id);
      return from === undefined ? finding : { ...finding, seen: await fingerprintOf(from) };
    }),
  );
}

/** What is wrong with a cache behavior, with the fingerprint of what its policies pass on where it is about that. */
export async function withPoliciesSeen(
  findings: readonly InspectFinding[],
  policies: BehaviorPolicies,
): Promise<InspectFinding[]> {
  const seen = await fingerprintOf(contentOf(policies));
  return findings.map((finding) => (ofPolicies.has(finding.id) ? { ...finding, seen } : finding));
}

/** What the policies do, whatever they are called, and in whatever order they list names. */
function contentOf({ forwarding, maxTtlS, keyHeaders }: BehaviorPolicies): Json {
  const ordered = (sets: readonly NameSet[]) =>
    sets.map(({ include, names }) => ({ include, names: names.toSorted() }));
  const { isLegacy, headers, queries, cookies } = forwarding;
  return {
    ...{ isLegacy, maxTtlS, headers: ordered(headers), queries: ordered(queries) },
    ...{ cookies: ordered(cookies), keyHeaders: ordered(keyHeaders) },
  };
}
