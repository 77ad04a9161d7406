import { lineWidth, toWidth, wrapText } from '../http/text-columns.ts';
import type { Row } from './truth-table.ts';

/** A request that goes two ways: where CloudFront sends it, and where Cloudflare does. */
export type Difference = Row & { cloudfront: string; cloudflare: string };

const shownRequests = 6;

/** Differences as lines of at most 64 characters: each pair of ways once, and the requests that go them beneath it. */
export function renderDifferences(differences: readonly Difference[]): string[] {
  return [...groupByWays(differences).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const more = group.length - shownRequests;
    return [
      ...wrapText(`DIFF CloudFront: ${first.cloudfront}; Cloudflare: ${first.cloudflare}; for`, '     '),
      ...group
        .slice(0, shownRequests)
        .map(({ method, path }) => toWidth(`     ${method} ${path}`, lineWidth).trimEnd()),
      ...(more > 0 ? [`     and ${more} more`] : []),
    ];
  });
}

function groupByWays(differences: readonly Difference[]): Map<string, Difference[]> {
  const groups = new Map<string, Difference[]>();
  for (const difference of differences) {
    const ways = `${difference.cloudfront} ${difference.cloudflare}`;
    groups.set(ways, [...(groups.get(ways) ?? []), difference]);
  }
  return groups;
}
