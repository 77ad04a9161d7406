import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ActionContext, AnyAction, Summary } from '../../../src/actions/action.ts';
import { type Suite, suiteSchema } from '../../../src/actions/http/suite.ts';
import { createCertificateAuthority } from '../../../src/simulator/certificates.ts';
import { type Environment, environmentSchema } from '../../../src/world/environment.ts';
import type { Json } from '../../../src/world/json.ts';
import { createProber } from '../../../src/world/prober.ts';

const hostname = 'api.example.com';

type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/** Starts TLS servers for the hostname on loopback, and stops them all, with every connection. */
export function startRouteServers() {
  const authority = createCertificateAuthority();
  const identity = authority.issue({ names: [hostname] });
  const servers: Server[] = [];
  const sockets = new Set<Duplex>();
  return {
    probe: createProber({ ca: authority.caPem }),
    /** Answers `127.0.0.1:PORT`. */
    async serve(answer: Answering): Promise<string> {
      const server = createServer({ key: identity.keyPem, cert: identity.certPem }, answer);
      server.on('connection', (socket) => sockets.add(socket));
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    /** An address where nothing listens any more. */
    async refuse(): Promise<string> {
      const address = await this.serve(() => {});
      await new Promise((resolve) => servers.pop()?.close(resolve));
      return address;
    },
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

/** Answers as the API does to a bad key, with the marks of the path it came by. */
export function answerAsApi(marks: Record<string, string>): Answering {
  return (_request, response) => {
    response.writeHead(403, { 'content-type': 'application/json', ...marks });
    response.end('{"statusCode":403,"name":"invalid_api_key","message":"API key is invalid"}');
  };
}

/** Answers as Cloudflare's edge did on 18 November 2025. */
export const answerAsBrokenEdge: Answering = (_request, response) => {
  response.writeHead(500, { 'content-type': 'text/html', server: 'cloudflare', 'cf-ray': '8f0-NRT' });
  response.end('<!DOCTYPE html><html><title>Internal server error</title>cloudflare</html>');
};

/** The marks of the three paths, as FACTS A7 and B5 give them. */
export const marks = {
  edge: { server: 'cloudflare', 'cf-ray': '8f0-NRT' },
  fallback: { 'x-amz-cf-id': 'abc', via: '1.1 abc.cloudfront.net (CloudFront)' },
  origin: { server: 'nginx' },
};

export function environment(routes: unknown, more: object = {}): Environment {
  return environmentSchema.parse({
    hostname,
    zone: 'example.com',
    routes,
    dns: { resolvers: ['127.0.0.1'] },
    ...more,
  });
}

export function suite(requests: readonly object[], more: object = {}): Suite {
  return suiteSchema.parse({ title: 'Critical', requests, ...more });
}

/** A context for http actions: what they must not touch throws; the clock's sleeps are over at once, and kept with its progress. */
export function contextFor(options: {
  probe: ActionContext['probe'];
  dns?: ActionContext['dns'];
  env: Environment;
  suite: Suite;
  secrets?: Record<string, string>;
  signal?: AbortSignal;
  mayWait?: boolean;
}): ActionContext & { slept: number[]; told: string[] } {
  const slept: number[] = [];
  const told: string[] = [];
  let now = 0;
  const untouchable = (what: string) => (): never => {
    throw new Error(`${what} is not for http actions`);
  };
  return {
    slept,
    told,
    env: options.env,
    run: { id: 'r1', shortId: 'r1', runbook: 'triage', title: 'Triage', mode: 'live' },
    step: 'diagnose',
    clock: {
      speed: 1,
      now: () => now,
      timeOfDay: () => now,
      sleep: async (ms) => {
        slept.push(ms);
        now += ms;
      },
      timeBox: () => ({ signal: new AbortController().signal, cancel: () => undefined }),
    },
    signal: options.signal ?? new AbortController().signal,
    mayWait: options.mayWait ?? true,
    probe: options.probe,
    // No resolver tells: what DNS answers is unknown.
    dns: options.dns ?? (async () => ({ answered: false, code: 'timeout', message: 'no answer', rttMs: 0 })),
    smtp: untouchable('smtp'),
    clients: {
      cloudflare: untouchable('cloudflare'),
      slack: untouchable('slack'),
      route53: untouchable('route53'),
      cloudfront: untouchable('cloudfront'),
      statuspage: untouchable('statuspage'),
      pagerduty: untouchable('pagerduty'),
      vendorStatus: untouchable('a vendor'),
      pagerdutyRest: untouchable('pagerdutyRest'),
      datadog: untouchable('datadog'),
      globalping: untouchable('globalping'),
    },
    operator: {
      interactive: false,
      interrupt: () => false,
      typePhrase: untouchable('typePhrase'),
      confirm: untouchable('confirm'),
      choose: untouchable('choose'),
      tell: untouchable('tell'),
    },
    suite: () => options.suite,
    secret: (name) => options.secrets?.[name],
    runCheck: untouchable('runCheck'),
    planChange: untouchable('planChange'),
    past: { rehearsals: untouchable('rehearsals'), lastOutput: untouchable('lastOutput') },
    noted: undefined,
    note: untouchable('note'),
    progress: (text) => told.push(text),
  };
}

/** Runs a check as the engine does: input and output go through its schemas. */
export async function runCheck(
  action: AnyAction,
  input: Json,
  ctx: ActionContext,
): Promise<{ output: Json; summary: Summary }> {
  if (action.kind !== 'check') throw new Error(`${action.name} is no check`);
  const parsed = action.input.parse(input);
  const output = action.output.parse(await action.run(parsed, ctx));
  return { output, summary: action.summarise(output, parsed) };
}
