import type { Distribution } from './distribution.ts';
import type { InspectFinding } from './finding.ts';

/** The longest that Cloudflare waits for an origin, in seconds (Cloudflare docs, connection limits). */
const cloudflareTimeoutS = 100;

/** What is wrong with a distribution as a whole, for a hostname. */
export function judgeDistribution(distribution: Distribution, hostname: string): InspectFinding[] {
  const findings: InspectFinding[] = [];
  const add = (finding: Omit<InspectFinding, 'where'> & { where?: string }) => findings.push({ where: '', ...finding });
  if (!distribution.enabled) {
    add({
      id: 'cloudfront/distribution-disabled',
      severity: 'critical',
      breaks: 'every request is refused',
      remedy: 'enable the distribution; it takes minutes, so do it before the night it is needed',
    });
  }
  if (distribution.status !== 'Deployed') {
    add({
      id: 'cloudfront/distribution-not-deployed',
      severity: 'warning',
      breaks: `a change is on its way (${distribution.status}): some places serve the old configuration`,
      remedy: 'wait until it is Deployed, and look again',
    });
  }
  if (distribution.isStaging) {
    add({
      id: 'cloudfront/distribution-staging',
      severity: 'critical',
      breaks: 'a staging distribution serves no name of its own',
      remedy: 'put the id of the primary distribution into the environment',
    });
  }
  if (!distribution.aliases.some((alias) => coversName(alias, hostname))) {
    add({
      id: 'cloudfront/alias-missing',
      severity: 'critical',
      breaks: `every request for ${hostname} is answered 403, and AWS may block the name`,
      remedy: `add ${hostname} to the distribution’s alternate domain names`,
    });
  }
  for (const { id, domain, readTimeoutS } of distribution.origins) {
    if (readTimeoutS >= cloudflareTimeoutS) continue;
    add({
      id: 'cloudfront/origin-timeout-short',
      severity: 'warning',
      where: id,
      breaks: `answers of ${domain} that take over ${readTimeoutS} s are 504 here; Cloudflare waits ${cloudflareTimeoutS} s`,
      remedy: `set the origin’s response timeout to ${cloudflareTimeoutS} s, or live with it knowingly`,
    });
  }
  if (distribution.webAclId !== '') {
    add({
      id: 'cloudfront/waf-attached',
      severity: 'warning',
      breaks: 'AWS WAF may block what Cloudflare lets pass: its common rules stop bodies over 8 KB',
      remedy: 'send the suite’s large body over the standby, and exclude the size rule for the API',
    });
  }
  if (distribution.geoRestriction !== 'none') {
    add({
      id: 'cloudfront/geo-restricted',
      severity: 'critical',
      breaks: `customers in some countries are answered 403 (${distribution.geoRestriction})`,
      remedy: 'remove the geographic restriction, unless Cloudflare has the same',
    });
  }
  if (distribution.viewerMtls === 'required') {
    add({
      id: 'cloudfront/client-certificate-required',
      severity: 'critical',
      breaks: 'clients without a certificate cannot connect',
      remedy: 'turn off viewer mTLS on this distribution',
    });
  }
  if (distribution.errorPages.length > 0) {
    add({
      id: 'cloudfront/error-pages',
      severity: 'critical',
      breaks: `the API’s own ${distribution.errorPages.join(', ')} become pages that no client can read`,
      remedy: 'remove the custom error responses',
    });
  }
  return findings;
}

/** Whether an alias, which may begin with `*.`, covers a name: a wildcard stands for one label. */
export function coversName(alias: string, name: string): boolean {
  return alias === name || (alias.startsWith('*.') && name.slice(name.indexOf('.')) === alias.slice(1));
}
