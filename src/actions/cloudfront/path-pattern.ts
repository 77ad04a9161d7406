/**
 * Whether a cache behavior's path pattern covers a path: `*` is any number of characters, `?` exactly one, capitals
 * count, and the leading slash may be left out (CloudFront docs, cache behavior settings, path pattern).
 */
export function matchesPattern(pattern: string, path: string): boolean {
  return globMatches(pattern.replace(/^\//, ''), path.replace(/^\//, ''));
}

/** Two positions and one way back: no pattern takes more than pattern times path. */
function globMatches(pattern: string, text: string): boolean {
  let [inPattern, inText, star, resumeAt] = [0, 0, -1, 0];
  while (inText < text.length) {
    const sign = pattern[inPattern];
    if (sign === '*') {
      star = inPattern;
      resumeAt = inText;
      inPattern += 1;
    } else if (sign === '?' || (sign !== undefined && sign === text[inText])) {
      inPattern += 1;
      inText += 1;
    } else if (star >= 0) {
      resumeAt += 1;
      inPattern = star + 1;
      inText = resumeAt;
    } else return false;
  }
  while (pattern[inPattern] === '*') inPattern += 1;
  return inPattern === pattern.length;
}
