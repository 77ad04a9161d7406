import { boundedText } from '../../world/bounded-text.ts';
import type { Found } from '../finding.ts';

/** Every finding of `cloudfront.test-routing`. */
export const routingFindingIds = [
  'cloudfront/routing-differs',
  'cloudfront/routing-undecided',
  'cloudfront/function-fails',
  'cloudfront/function-slow',
] as const;

/** Above it CloudFront may throttle (CloudFront docs, test functions). */
const highUtilization = 70;

/** What a comparison of the two providers' choices showed. */
type Compared = {
  differences: readonly { method: string; path: string; cloudfront: string; cloudflare: string }[];
  undecided: number;
  reasons: readonly string[];
  testErrors: readonly { method: string; path: string; message: string }[];
  computeUtilization: number | null;
};

/** The findings of a comparison; `where` is the request, or the function. */
export function judgeRouting(functionName: string, compared: Compared): Found<(typeof routingFindingIds)[number]>[] {
  const { differences, undecided, reasons, testErrors, computeUtilization } = compared;
  const findings: Found<(typeof routingFindingIds)[number]>[] = differences.map(
    ({ method, path, cloudfront, cloudflare }) => ({
      id: 'cloudfront/routing-differs',
      severity: 'critical',
      where: boundedText(`${method} ${path}`, 200),
      breaks: `CloudFront sends it to ${cloudfront}, Cloudflare to ${cloudflare}`,
      remedy: 'correct the function’s code and publish it',
    }),
  );
  for (const { method, path, message } of testErrors) {
    findings.push({
      id: 'cloudfront/function-fails',
      severity: 'critical',
      where: boundedText(`${method} ${path}`, 200),
      breaks: `CloudFront’s own test ends with an error: ${boundedText(message, 300)}`,
      remedy: 'correct the function’s code and publish it',
    });
  }
  if (undecided > 0) {
    findings.push({
      id: 'cloudfront/routing-undecided',
      severity: 'warning',
      where: functionName,
      breaks: `of ${undecided} requests one side cannot be told: ${boundedText(reasons.join('; '), 500)}`,
      remedy: 'compare these by hand, or write the rule and the function so that they can be told',
    });
  }
  if (computeUtilization !== null && computeUtilization > highUtilization) {
    findings.push({
      id: 'cloudfront/function-slow',
      severity: 'warning',
      where: functionName,
      breaks: `the function uses ${computeUtilization} % of its time: CloudFront may throttle it`,
      remedy: 'make the function do less',
    });
  }
  return findings;
}
