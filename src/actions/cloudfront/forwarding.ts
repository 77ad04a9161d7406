/** Names that a policy includes: none, the listed ones, all but the listed ones, or all. Names in lower case. */
export type NameSet = { include: 'none' | 'listed' | 'all-except' | 'all'; names: readonly string[] };

/**
 * What a cache behavior passes on to the origin: the union of its cache policy and its origin request policy, or the
 * legacy settings in their place (CloudFront docs, control origin requests with a policy).
 */
export type Forwarding = {
  /** Legacy settings pass on every header but a few; policies pass on only what they include. */
  isLegacy: boolean;
  headers: readonly NameSet[];
  queries: readonly NameSet[];
  cookies: readonly NameSet[];
};

/** Whether a set of names includes one; names compare in lower case. */
export function includesName({ include, names }: NameSet, name: string): boolean {
  switch (include) {
    case 'none':
      return false;
    case 'all':
      return true;
    case 'listed':
      return names.includes(name.toLowerCase());
    case 'all-except':
      return !names.includes(name.toLowerCase());
  }
}

/** Removed in any case (CloudFront docs, HTTP request headers and CloudFront behavior). */
const alwaysRemoved =
  /^(?:connection|expect|keep-alive|proxy-.*|te|trailer|upgrade|x-http-method-override|x-real-ip|x-forwarded-proto|x-edge-.*)$/;

/** Part of the body or of the connection's trail: passed on in any case. */
const alwaysPassed =
  /^(?:content-type|content-length|content-encoding|transfer-encoding|via|x-forwarded-for|x-amz-cf-id)$/;

/** What legacy settings remove or replace unless it is listed (the same page of the docs). */
const legacyRemoved = new Set([
  'accept',
  'accept-charset',
  'accept-language',
  'authorization',
  'cookie',
  'host',
  'referer',
  'user-agent',
]);

/**
 * Whether a viewer's header reaches the origin as it was sent. `Host` and `User-Agent` that do not are replaced: by the
 * origin's domain and by `Amazon CloudFront`.
 */
export function passesHeader({ isLegacy, headers }: Forwarding, name: string): boolean {
  const header = name.toLowerCase();
  if (alwaysRemoved.test(header)) return false;
  if (alwaysPassed.test(header)) return true;
  if (headers.some((set) => includesName(set, header))) return true;
  return isLegacy && !legacyRemoved.has(header);
}

/** Whether a parameter of the query reaches the origin. */
export function passesQuery({ queries }: Forwarding, name: string): boolean {
  return queries.some((set) => includesName(set, name));
}
