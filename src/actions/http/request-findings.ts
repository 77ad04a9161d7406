import { boundedText } from '../../world/bounded-text.ts';
import type { Found } from '../finding.ts';
import type { RequestResult } from './request-result.ts';

/** Every finding about a suite's requests. */
export const requestFindingIds = ['http/request-failed', 'http/request-unreachable', 'http/request-not-sent'] as const;

type RequestFinding = Found<(typeof requestFindingIds)[number]>;

/**
 * What became of the requests that did not pass, as findings; `where` is the request's id in the suite. One that the
 * suite does not call critical is as critical here: customers send it.
 */
export function judgeRequests(results: readonly RequestResult[], route: string): RequestFinding[] {
  return results.flatMap(({ id: where, critical, outcome, why }): RequestFinding[] => {
    const breaks = boundedText(why, 1_000);
    if (outcome === 'passed') return [];
    if (outcome === 'skipped') {
      return [
        {
          id: 'http/request-not-sent',
          severity: critical ? 'warning' : 'info',
          where,
          breaks: `nobody knows whether ${route} serves it: ${breaks}`,
          remedy: 'set the secret that it needs, where the check runs',
        },
      ];
    }
    return [
      {
        id: outcome === 'failed' ? 'http/request-failed' : 'http/request-unreachable',
        severity: 'critical',
        where,
        breaks,
        remedy: `see what ${route} answers: \`http.compare\` shows the other routes beside it`,
      },
    ];
  });
}
