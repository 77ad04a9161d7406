import type { FunctionOutcome } from '../../world/function-outcome.ts';
import type { FunctionEvent } from '../../world/function-sandbox.ts';
import { userAgent } from '../http/user-agent.ts';
import type { Behavior, Distribution } from './distribution.ts';
import type { Row } from './truth-table.ts';

/** Where CloudFront would send a request: a host, or nowhere that can be told. `answers` is CloudFront or the function itself. */
export type Chosen =
  | { kind: 'host'; host: string }
  | { kind: 'answers'; what: string }
  | { kind: 'unknown'; why: string };

/** The event of a request, as a function at viewer-request gets it (CloudFront docs, functions event structure). */
export function eventOf({ method, path }: Row, { id, domain }: Distribution, hostname: string): FunctionEvent {
  const [uri = '/', ...query] = path.split('?');
  const querystring = Object.fromEntries(
    [...new URLSearchParams(query.join('?'))].map(([name, value]) => [name, { value }]),
  );
  const headers = {
    host: { value: hostname },
    'user-agent': { value: userAgent },
    authorization: { value: 'Bearer re_probe' },
    ...(method === 'GET' || method === 'HEAD' ? {} : { 'content-type': { value: 'application/json' } }),
  };
  return {
    version: '1.0',
    context: {
      distributionDomainName: domain,
      distributionId: id,
      eventType: 'viewer-request',
      requestId: 'test-routing',
    },
    viewer: { ip: '192.0.2.1' },
    request: { method, uri, querystring, headers, cookies: {} },
  };
}

/** The host that a request goes to after the function ran, or without a function (`outcome` undefined). */
export function chosenHost(
  distribution: Distribution,
  behavior: Behavior,
  outcome: FunctionOutcome | undefined,
): Chosen {
  const originHost = (id: string | undefined): Chosen => {
    const origin = distribution.origins.find((one) => one.id === id);
    return origin === undefined
      ? { kind: 'answers', what: `an error: the distribution has no origin "${id}"` }
      : { kind: 'host', host: origin.domain };
  };
  if (outcome === undefined) return originHost(behavior.targetOriginId);
  switch (outcome.kind) {
    case 'request':
      switch (outcome.origin?.by) {
        case undefined:
          return originHost(behavior.targetOriginId);
        case 'id':
          return originHost(outcome.origin.originId);
        case 'group':
          return originHost(outcome.origin.originIds[0]);
        case 'update': {
          const { domainName } = outcome.origin.changes;
          return domainName === undefined
            ? originHost(behavior.targetOriginId)
            : { kind: 'host', host: domainName.toLowerCase() };
        }
      }
      break;
    case 'response':
      return { kind: 'answers', what: `${outcome.response.statusCode} from the function itself` };
    case 'invalid':
      return { kind: 'answers', what: `502, for ${outcome.message}` };
    case 'threw':
      return { kind: 'answers', what: `503, for the function fails: ${outcome.message}` };
    case 'limit':
      return { kind: 'answers', what: `503, for ${outcome.message}` };
    case 'unsupported':
      return { kind: 'unknown', why: `the function cannot be run here: ${outcome.message}` };
  }
}
