import type { RuleRequest } from './load-balancer-rule.ts';

/** Takes apart a request's method, path with query, and host as the rules of a load balancer see them. */
export function ruleRequest(method: string, pathWithQuery: string, host: string): RuleRequest {
  const [rawPath = '/', ...query] = pathWithQuery.split('?');
  return { method, path: normalizedPath(rawPath), rawPath, query: query.join('?'), host };
}

/**
 * A path as Cloudflare's rules see it with URL normalization as every zone has it unless changed (type `cloudflare`,
 * incoming; Cloudflare docs, rules/normalization): backslashes become slashes, slashes in a row one, unreserved
 * characters are decoded, escapes written in capitals, other bytes escaped, and dot segments removed (RFC 3986, 5.2.4).
 */
export function normalizedPath(rawPath: string): string {
  const merged = rawPath.replaceAll('\\', '/').replace(/\/{2,}/g, '/');
  const decoded = merged
    .replace(/%[0-9a-fA-F]{2}/g, (written) => {
      const character = String.fromCharCode(Number.parseInt(written.slice(1), 16));
      return /[A-Za-z0-9._~-]/.test(character) ? character : written.toUpperCase();
    })
    .replace(/[^\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]/gu, escaped);
  return removeDotSegments(decoded);
}

function escaped(character: string): string {
  return [...new TextEncoder().encode(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

function removeDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    if (segment === '..') kept.pop();
    if (segment !== '.' && segment !== '..') kept.push(segment);
    else if (index === segments.length - 1) kept.push('');
  }
  return `/${kept.join('/')}`;
}
