import { answerAtlassian, atlassianError } from './atlassian-pages.ts';
import { type RunningServer, type ServerAnswer, type ServerRequest, startHttpServer } from './http-server.ts';
import { answerIncidentIo, incidentIoError } from './incident-io-pages.ts';
import { createRateWindow } from './rate-window.ts';
import type { SimulatedWorld } from './state.ts';

/** Calls a minute and key: Statuspage's (developer.statuspage.io, rate limiting), incident.io's (docs.incident.io, rate limits). */
const limits = { atlassian: 60, 'incident-io': 1_200 };

/**
 * Starts the APIs of two providers of status pages on one port of 127.0.0.1, over one page: Atlassian Statuspage's below
 * `/v1`, incident.io's below `/v2`. Only `key` is accepted. Error bodies are each provider's own where they are
 * published; the words of Statuspage's are not, and are ours.
 */
export function startStatuspageApi(options: {
  world: SimulatedWorld;
  key: string;
  now(): number;
  speed?: number;
}): Promise<RunningServer> {
  const { world, key, now } = options;
  const windows = {
    atlassian: createRateWindow(limits.atlassian),
    'incident-io': createRateWindow(limits['incident-io']),
  };
  return startHttpServer({
    world,
    component: 'statuspage-api',
    server: 'statuspage-api',
    now,
    ...(options.speed === undefined ? {} : { speed: options.speed }),
    handle: (request) => {
      const provider = providerOf(request);
      const error = provider === 'atlassian' ? atlassianError : incidentIoError;
      const scheme = provider === 'atlassian' ? 'OAuth' : 'Bearer';
      if (request.headers.authorization !== `${scheme} ${key}`) return error(401, 'Could not authenticate');
      const turn = windows[provider].take(now());
      if (!turn.ok) return error(429, 'Too many requests', turn.retryAfterSeconds);
      const at = new Date(now()).toISOString();
      return provider === 'atlassian' ? answerAtlassian(world, request, at) : answerIncidentIo(world, request, at);
    },
    errorPage: (status, request) => {
      const error = providerOf(request) === 'atlassian' ? atlassianError : incidentIoError;
      if (status === 502 || status === 504) return htmlPage(status);
      const { status: _status, ...page } = error(status, 'Request refused', status === 429 ? 60 : undefined);
      return page;
    },
    writes: {
      isWrite: ({ method }) => method !== 'GET' && method !== 'HEAD',
      capture: () => {
        const saved = structuredClone(world.statusPage);
        return () => {
          world.statusPage = saved;
        };
      },
    },
  });
}

function providerOf({ path }: ServerRequest): 'atlassian' | 'incident-io' {
  return path.startsWith('/v1/') ? 'atlassian' : 'incident-io';
}

/** What stands before an API answers in HTML. */
function htmlPage(status: number): Omit<ServerAnswer, 'status'> {
  return { headers: { 'content-type': 'text/html' }, body: `<html><body><h1>${status}</h1></body></html>\n` };
}
