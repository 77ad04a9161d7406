import { managed, managedCachePolicies, managedOriginRequestPolicies } from './cloudfront-policies.ts';
import type { SimulatedDistribution, SimulatedFunction, SimulatedPolicy } from './cloudfront-state.ts';

/** CloudFront's part of the simulated world. */
export type SimulatedCloudFront = {
  distribution: SimulatedDistribution;
  functions: SimulatedFunction[];
  cachePolicies: SimulatedPolicy[];
  originRequestPolicies: SimulatedPolicy[];
};

/** The longest that Cloudflare waits for an origin (Cloudflare docs, connection limits): slower answers work on no path. */
const readTimeout = 100;

/**
 * A distribution as a standby should be: all methods, nothing cached, everything of the viewer forwarded, the two backends
 * as origins, and one function at viewer-request that chooses among them.
 */
export function seedCloudFront(given: {
  distributionId: string;
  domain: string;
  hostname: string;
  functionName: string;
  functionCode: string;
  /** Backend → the domain of its load balancer at AWS. */
  origins: Readonly<Record<string, string>>;
  hex(what: string, digits?: number): string;
}): SimulatedCloudFront {
  const { distributionId: id, domain, hostname, functionName, functionCode, origins, hex } = given;
  return {
    distribution: {
      id,
      domain,
      aliases: [hostname],
      enabled: true,
      status: 'Deployed',
      origins: Object.entries(origins).map(([name, of]) => ({ id: name, domain: of, readTimeout })),
      behaviors: [
        {
          pathPattern: '*',
          targetOriginId: 'resend-api',
          allowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
          cachePolicyId: managed.cachingDisabled,
          originRequestPolicyId: managed.allViewer,
          functions: [{ name: functionName, eventType: 'viewer-request' }],
        },
      ],
      webAcl: null,
      certificate: { names: [hostname], daysValid: 30 },
      conflicts: [],
      errorPages: [],
      geoRestriction: 'none',
    },
    functions: [
      {
        name: functionName,
        runtime: 'cloudfront-js-2.0',
        development: { code: functionCode, etag: etag(hex('function/development')) },
        live: { code: functionCode, etag: etag(hex('function/live')) },
        utilization: 21,
      },
    ],
    cachePolicies: [...managedCachePolicies],
    originRequestPolicies: [...managedOriginRequestPolicies],
  };
}

function etag(hex: string): string {
  return `E${hex.slice(0, 13).toUpperCase()}`;
}

/**
 * The domains of the backends' load balancers: those that the function's code names (`'email-api': '…'`), so that what
 * the operator's function says is what the world is; else those of the environment; else names of the simulator's own.
 */
export function originDomains(
  backends: readonly string[],
  named: { functionCode: string | undefined; environment: Readonly<Record<string, string>> },
): Record<string, string> {
  return Object.fromEntries(
    backends.map((backend) => {
      const [, inCode] =
        new RegExp(`['"]?\\b${backend}['"]?\\s*:\\s*['"]([A-Za-z0-9.-]+)['"]`).exec(named.functionCode ?? '') ?? [];
      const domain = inCode ?? named.environment[backend] ?? `${backend}-1234567890.us-east-1.elb.amazonaws.com`;
      return [backend, domain.toLowerCase()];
    }),
  );
}

/** A short function for a simulator that was given none. */
export function plainRouter(origins: Readonly<Record<string, string>>): string {
  return `import cf from 'cloudfront';

const origins = ${JSON.stringify(origins)};

function handler(event) {
  const isSending = event.request.method === 'POST' && event.request.uri.replace(/\\/{2,}/g, '/') === '/emails';
  cf.updateRequestOrigin({ domainName: origins[isSending ? 'email-api' : 'resend-api'] });
  return event.request;
}
`;
}
