import { apiError } from './backend-answers.ts';
import { answerApiCall } from './backend-routes.ts';
import type { ApiDatabase } from './backend-send.ts';
import { type RunningServer, type ServerAnswer, startHttpServer, type TlsIdentity } from './http-server.ts';
import type { backendNames } from './seed.ts';
import type { SimulatedWorld } from './state.ts';

/** The two APIs; both are components of their own. */
export type BackendName = (typeof backendNames)[number];

/** What the backends are made of: see {@link startBackends}. */
type BackendOptions = {
  world: SimulatedWorld;
  /** Covers the hostname: both edges forward it as Host and SNI. */
  tls: TlsIdentity;
  /** Milliseconds of the rehearsal's clock. */
  now(): number;
};

/**
 * Starts the Email API and the Resend API, each with its load balancer, over TLS on free ports of 127.0.0.1. They share
 * one database, accept the keys of `world.apiKeys`, and sign each answer as `world.signatures` says. A `status` fault of
 * 502, 503 or 504 shows the load balancer's page (`server: awselb/2.0`), any other the API's own JSON error.
 */
export async function startBackends(options: BackendOptions): Promise<Record<BackendName, RunningServer>> {
  const database: ApiDatabase = { emails: new Map(), idempotencyKeys: new Map() };
  const [emailApi, resendApi] = await Promise.all([
    startBackend(options, 'email-api', database),
    startBackend(options, 'resend-api', database),
  ]);
  return { 'email-api': emailApi, 'resend-api': resendApi };
}

function startBackend(options: BackendOptions, name: BackendName, database: ApiDatabase): Promise<RunningServer> {
  const { world, tls, now } = options;
  const signed = (answer: ServerAnswer): ServerAnswer => {
    const signature = world.signatures.get(name);
    if (signature === undefined) return answer;
    return { ...answer, headers: { ...answer.headers, [signature.header.toLowerCase()]: signature.value } };
  };
  return startHttpServer({
    world,
    component: name,
    server: name,
    tls,
    now,
    handle: (request) => signed(answerApiCall(request, { api: name, apiKeys: world.apiKeys, database, now: now() })),
    errorPage: (status) =>
      loadBalancerPages.has(status)
        ? loadBalancerPage(status)
        : signed(apiError(status, 'internal_server_error', 'An unexpected error occurred.')),
  });
}

const loadBalancerPages = new Map([
  [502, 'Bad Gateway'],
  [503, 'Service Temporarily Unavailable'],
  [504, 'Gateway Time-out'],
]);

/** As an AWS application load balancer answers when no target does. */
function loadBalancerPage(status: number): Omit<ServerAnswer, 'status'> {
  const title = `${status} ${loadBalancerPages.get(status)}`;
  return {
    headers: { server: 'awselb/2.0', 'content-type': 'text/html' },
    body: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
  };
}
