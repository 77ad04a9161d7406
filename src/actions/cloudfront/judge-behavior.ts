import { boundedText } from '../../world/bounded-text.ts';
import type { Behavior } from './distribution.ts';
import type { InspectFinding } from './finding.ts';
import { includesName, passesHeader, passesQuery } from './forwarding.ts';
import type { BehaviorPolicies } from './read-forwarding.ts';

/** What is sent to a cache behavior. */
export type Needs = {
  methods: readonly string[];
  /** Names in lower case, besides those that every API client sends. */
  headers: readonly string[];
  /** Names of query parameters. */
  queries: readonly string[];
};

const allMethods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'];

/** Headers that an e-mail API's clients send, and what is lost with each. */
const known: Readonly<Record<string, Pick<InspectFinding, 'id' | 'severity' | 'breaks'>>> = {
  authorization: {
    id: 'cloudfront/authorization-stripped',
    severity: 'critical',
    breaks: 'the key never arrives: every request is answered 401',
  },
  host: {
    id: 'cloudfront/host-replaced',
    severity: 'critical',
    breaks: 'the origin gets its own domain as Host; its certificate for the hostname no longer fits (502)',
  },
  'idempotency-key': {
    id: 'cloudfront/idempotency-key-stripped',
    severity: 'critical',
    breaks: 'a request that is sent again sends the e-mail again',
  },
  'user-agent': {
    id: 'cloudfront/user-agent-replaced',
    severity: 'warning',
    breaks: 'every client is "Amazon CloudFront"; an API that refuses or limits by User-Agent refuses all',
  },
};

/**
 * What is wrong with a cache behavior for the requests that it gets. Where none of the suite's goes there, what would be
 * critical is a warning.
 */
export function judgeBehavior(
  behavior: Behavior,
  policies: BehaviorPolicies,
  context: { needs: Needs; functionName: string | undefined; isUsed: boolean },
): InspectFinding[] {
  const { needs, functionName, isUsed } = context;
  const findings: InspectFinding[] = [];
  const add = (finding: Omit<InspectFinding, 'where'>) =>
    findings.push({
      ...finding,
      where: boundedText(behavior.pathPattern, 255),
      severity: finding.severity === 'critical' && !isUsed ? 'warning' : finding.severity,
    });
  for (const finding of [...judgeMethods(behavior, needs), ...judgeHeaders(policies, needs)]) add(finding);
  const lost = needs.queries.filter((name) => !passesQuery(policies.forwarding, name));
  if (lost.length > 0) {
    add({
      id: 'cloudfront/query-stripped',
      severity: 'critical',
      breaks: `the origin never sees ${lost.join(', ')}: lists ignore limits and pages`,
      remedy: 'use an origin request policy that forwards all query strings',
    });
  }
  if (policies.maxTtlS > 0) {
    const isKeyed = policies.keyHeaders.some((set) => includesName(set, 'authorization'));
    add({
      id: 'cloudfront/caching-on',
      severity: isKeyed ? 'warning' : 'critical',
      breaks: isKeyed ? 'customers may get old answers of their own' : 'customers may get the cached answers of others',
      remedy: 'use the managed cache policy CachingDisabled',
    });
  }
  if (behavior.needsSignedUrls) {
    add({
      id: 'cloudfront/signed-urls-required',
      severity: 'critical',
      breaks: 'requests without a signed URL or cookie are answered 403',
      remedy: 'remove the trusted signers and key groups from the behavior',
    });
  }
  if (behavior.lambdas.length > 0) {
    add({
      id: 'cloudfront/lambda-associated',
      severity: 'warning',
      breaks: `Lambda@Edge runs as well (${behavior.lambdas.join(', ')}), and may change origin or answer`,
      remedy: 'know what it does: it is not looked at here',
    });
  }
  for (const finding of judgeAssociation(behavior, functionName)) add(finding);
  return findings;
}

type Judged = Omit<InspectFinding, 'where'>;

function judgeMethods({ allowedMethods }: Behavior, needs: Needs): Judged[] {
  const refused = needs.methods.filter((method) => !allowedMethods.includes(method));
  const others = allMethods.filter((method) => !allowedMethods.includes(method) && !refused.includes(method));
  const remedy = `allow all seven methods (${allMethods.join(', ')})`;
  const refusal = (methods: readonly string[]) => `${methods.join(', ')} answered 403 by CloudFront`;
  return [
    ...(refused.length > 0
      ? [{ id: 'cloudfront/methods-refused' as const, severity: 'critical' as const, breaks: refusal(refused), remedy }]
      : []),
    ...(others.length > 0
      ? [{ id: 'cloudfront/methods-partial' as const, severity: 'warning' as const, breaks: refusal(others), remedy }]
      : []),
  ];
}

function judgeHeaders({ forwarding }: BehaviorPolicies, needs: Needs): Judged[] {
  const remedy = 'use the managed origin request policy AllViewer';
  const needed = new Set([...Object.keys(known), ...needs.headers]);
  return [...needed]
    .filter((name) => !passesHeader(forwarding, name))
    .map((name) => ({
      ...(known[name] ?? {
        id: 'cloudfront/header-stripped',
        severity: 'warning' as const,
        breaks: `the origin never sees the header ${name}`,
      }),
      remedy,
    }));
}

function judgeAssociation({ functions }: Behavior, functionName: string | undefined): Judged[] {
  const running = functions.filter(({ eventType }) => eventType === 'viewer-request');
  const wanted = functionName ?? running[0]?.name;
  if (wanted !== undefined && running.some(({ name }) => name === wanted)) return [];
  const elsewhere = functions.find(({ name, eventType }) => name === wanted && eventType !== 'viewer-request');
  const other = running[0];
  const state =
    elsewhere !== undefined
      ? `it runs at ${elsewhere.eventType}, where it cannot choose an origin`
      : other !== undefined
        ? `${other.name} runs there instead`
        : 'no function runs there';
  return [
    {
      id: 'cloudfront/function-not-associated',
      severity: 'critical',
      breaks: `every request goes to one backend: ${state}`,
      remedy: `associate ${wanted ?? 'the router function'} with the behavior at viewer-request`,
    },
  ];
}
