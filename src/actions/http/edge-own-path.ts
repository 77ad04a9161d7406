/** More layers of percent-encoding than this no server takes off. */
const mostLayers = 5;

/**
 * Whether a path leads to what Cloudflare's edge answers itself, `/cdn-cgi/…` (Cloudflare docs, fundamentals, cdn-cgi
 * endpoint), however it is written: percent-encoded, with dot segments, with more slashes than it needs, or in other case.
 * Rather too many than too few: such a path must never tell whether customers are served.
 */
export function isEdgeOwnPath(path: string): boolean {
  let plain = path.split(/[?#]/)[0] ?? '';
  for (let layer = 0; layer < mostLayers; layer += 1) {
    const decoded = plain.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    if (decoded === plain) break;
    plain = decoded;
  }
  const segments: string[] = [];
  for (const segment of plain.split(/[/\\]/)) {
    if (segment === '..') segments.pop();
    // What follows a semicolon are parameters of the segment (RFC 3986, section 3.3).
    else if (segment !== '' && segment !== '.') segments.push((segment.split(';')[0] ?? '').trim().toLowerCase());
  }
  return segments[0] === 'cdn-cgi';
}
