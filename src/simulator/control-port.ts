import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { changeAlerting } from './change-alerting.ts';
import { changeCloudFront } from './change-cloudfront.ts';
import { answerMessage } from './colleagues.ts';
import { componentSchema, faultSchema } from './fault-schema.ts';
import { setFault } from './faults.ts';
import type { RunningServer } from './http-server.ts';
import type { SimulatedWorld } from './state.ts';

type ControlOptions = {
  world: SimulatedWorld;
  now(): number;
  /** What the simulated clients saw so far; plain JSON. */
  clientsReport(): unknown;
};

type Answer = { status: number; text: string } | { status: number; json: unknown };

const help = `The simulator's control port. It belongs to no provider: nothing here is logged as a request.

  GET    /state               the simulated world: zones, records, load balancers, channels, public notices, pages, faults
  GET    /requests            every request that the simulated servers received; ?writes=1, ?server=cloudflare-api
  GET    /clients             what the simulated clients saw
  GET    /faults              what is broken now
  PUT    /faults/COMPONENT    break it; the body is a fault as JSON
  DELETE /faults/COMPONENT    repair it
  DELETE /faults              repair everything
  PUT    /reactions/ACCOUNT   a Slack account reacts as the newest message that asks for approval says; to another
                              message with ?ts=TS (its id in /state), with another emoji with &name=NAME
  DELETE /reactions/ACCOUNT   it takes its reactions to that message back
  PATCH  /cloudfront          change the distribution, its function and policies; the body is JSON, such as
                              {"distribution":{"aliases":[]}} or {"function":{"live":"function handler…"}}
  PATCH  /alerting            change monitors, services and escalation policies by their ids, which /state shows; such as
                              {"services":[{"id":"PABC123","auto_resolve_timeout":240}]}

Components: ${componentSchema.options.join(', ')}
Faults: {"kind":"status","status":500} {"kind":"refuse"} {"kind":"hang"} {"kind":"slow","ms":3000} {"kind":"edited-meanwhile"} {"kind":"flap","status":500,"downMs":300000,"upMs":300000}
  for the writing calls of the APIs (…-api, but for email-api and resend-api): {"kind":"write-lost-answer"} {"kind":"write-lost"}
  {"kind":"write-error-but-done"} {"kind":"write-ok-but-not-done"} {"kind":"write-late","ms":20000}
  {"kind":"write-error-says-done"} {"kind":"write-refused-but-done"} {"kind":"write-ok-then-late","ms":4000}
  {"kind":"write-breaks-off","how":"reset"} (or cut-short, stalled)
`;

/** Starts the port through which a person with curl, or a test in another process, looks at the simulated world and breaks it. Plain http on 127.0.0.1. */
export async function startControlPort(options: ControlOptions): Promise<RunningServer> {
  const server = createServer((request, response) => {
    readBody(request)
      .then((body) => route(options, { method: request.method ?? 'GET', path: request.url ?? '/', body }))
      .catch((error: unknown): Answer => ({ status: 500, text: `${String(error)}\n` }))
      .then((answer) => {
        const isText = 'text' in answer;
        response.writeHead(answer.status, {
          'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json',
        });
        response.end(isText ? answer.text : `${JSON.stringify(answer.json, null, 2)}\n`);
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function route(options: ControlOptions, request: { method: string; path: string; body: string }): Answer {
  const { world } = options;
  const url = new URL(`http://127.0.0.1${request.path.startsWith('/') ? '' : '/'}${request.path}`);
  const [, place = '', name] = url.pathname.split('/');
  switch (`${request.method} /${place}${name === undefined ? '' : '/NAME'}`) {
    case 'GET /':
      return { status: 200, text: help };
    case 'GET /state':
      return { status: 200, json: describe(world) };
    case 'GET /requests':
      return { status: 200, json: requests(world, url.searchParams) };
    case 'GET /clients':
      return { status: 200, json: options.clientsReport() };
    case 'GET /faults':
      return { status: 200, json: Object.fromEntries(world.faults) };
    case 'DELETE /faults':
      world.faults.clear();
      return { status: 200, json: {} };
    case 'PATCH /cloudfront':
      return changeCloudFront(world, parseJson(request.body));
    case 'PATCH /alerting':
      return changeAlerting(world, parseJson(request.body));
    case 'PUT /reactions/NAME':
    case 'DELETE /reactions/NAME':
      return changeReaction(world, {
        account: name ?? '',
        isTakenBack: request.method === 'DELETE',
        ts: url.searchParams.get('ts') ?? undefined,
        name: url.searchParams.get('name') ?? undefined,
      });
    case 'PUT /faults/NAME':
    case 'DELETE /faults/NAME':
      return changeFault(options, { repair: request.method === 'DELETE', name: name ?? '', body: request.body });
    default:
      return { status: 404, text: `no ${request.method} ${url.pathname} here\n\n${help}` };
  }
}

function changeReaction(world: SimulatedWorld, answer: Parameters<typeof answerMessage>[1]): Answer {
  const message = answerMessage(world, answer);
  if (message === undefined) {
    return {
      status: 404,
      text: answer.ts === undefined ? 'no message asks for approval\n' : `no message ${answer.ts}\n`,
    };
  }
  return { status: 200, json: { ts: message.ts, reactions: message.reactions ?? [] } };
}

function changeFault(options: ControlOptions, change: { repair: boolean; name: string; body: string }): Answer {
  const { world, now } = options;
  const component = componentSchema.safeParse(change.name);
  if (!component.success) return { status: 404, text: `no component ${change.name}\n\n${help}` };
  const fault = faultSchema.safeParse(change.repair ? undefined : parseJson(change.body));
  if (!change.repair && !fault.success) {
    const reasons = fault.error.issues.map((issue) => `${issue.path.join('.') || 'fault'}: ${issue.message}`);
    return { status: 400, text: `not a fault: ${reasons.join('; ')}\n\n${help}` };
  }
  setFault(world, component.data, fault.data, now());
  return { status: 200, json: Object.fromEntries(world.faults) };
}

/** The world as JSON, without its keys and its request log. */
function describe(world: SimulatedWorld): unknown {
  const { requests: _requests, apiKeys: _apiKeys, ...shown } = world;
  return JSON.parse(JSON.stringify(shown, (_key, value) => (value instanceof Map ? Object.fromEntries(value) : value)));
}

function requests(world: SimulatedWorld, query: URLSearchParams): unknown {
  const server = query.get('server');
  return world.requests.filter(
    (entry) => (server === null || entry.server === server) && (query.get('writes') !== '1' || entry.write),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
