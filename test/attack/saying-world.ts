import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificateAuthority } from '../../src/simulator/certificates.ts';

/** Where in the world a text was said. */
export const sayers = ['cloudflare', 'route53', 'cloudfront', 'slack', 'endpoint'] as const;

/** Whose answer it is. */
export type Sayer = (typeof sayers)[number];

/** Credentials that look as real ones do. */
const secrets = {
  cloudflare: { variable: 'CLOUDFLARE_API_TOKEN', value: 'v1.0-q8Xj2bTn_Wd7LsKe4RfYc0UaGhP5mZoI3tNv' },
  slack: { variable: 'SLACK_BOT_TOKEN', value: 'xoxb-584930271846-927461038254-q8XjbTnWdLsKeRfYcUaGhPmZ' },
  statuspage: { variable: 'STATUSPAGE_API_KEY', value: '7d1f0a4e-93c2-4b6d-8e57-2c9b50f1a3e8' },
  pagerduty: { variable: 'PAGERDUTY_ROUTING_KEY', value: 'R8C2K7Q4M1Z6X9V3B5N0T8L2P7W4J1H6' },
  'aws-access-key-id': { variable: 'AWS_ACCESS_KEY_ID', value: 'AKIAQ3Z8XW6V2BN5MT7L' },
  'aws-secret-access-key': { variable: 'AWS_SECRET_ACCESS_KEY', value: 'wJalr/XUtn+FEMIK7MDENG/bPxRfi+CYzq8Xj2bT' },
} as const;

const inputs = { reason: { type: 'string', required: true } };
const said = '${{ inputs.reason }}';
const steps = [
  { id: 'room', uses: 'slack.open-room', with: { name: 'inc', topic: said, message: said } },
  { id: 'probe', uses: 'http.check', with: { suite: 'asked', route: 'edge' }, optional: true, timeout: '5s' },
  { id: 'balancer', uses: 'cloudflare.set-load-balancer', with: { enabled: false }, optional: true, timeout: '5s' },
  {
    id: 'record',
    uses: 'cloudflare.set-record',
    with: { route: 'fallback', name: 'canary.example.com' },
    optional: true,
  },
  { id: 'set', uses: 'route53.set-record', with: { route: 'fallback' }, optional: true, timeout: '5s' },
  { id: 'standby', uses: 'cloudfront.inspect', with: { suite: 'asked' }, optional: true, timeout: '5s' },
  { id: 'page', uses: 'pagerduty.trigger', with: { summary: said, details: { said } } },
  { id: 'notice', uses: 'statuspage.open', with: { title: 'x ${{ inputs.title }}', message: said, impact: 'minor' } },
  { id: 'told', uses: 'slack.post', with: { channel: '${{ steps.room.outputs.channel }}', text: said } },
];

/** One request as it arrived. */
type Arrived = { method: string; path: string; body: string };

/**
 * Providers and an endpoint on loopback whose errors, names, record contents, headers and bodies hold what `say`
 * answers, and a runbook that asks them all, and tells Slack, a status page and PagerDuty what its inputs say.
 */
export async function startSayingWorld(provider: 'atlassian' | 'incident-io', say: (by: Sayer) => string) {
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-attack-'));
  const arrived: Arrived[] = [];
  const messages: unknown[] = [];
  const asked = new Set<Sayer>();
  const saying = (by: Sayer) => {
    asked.add(by);
    return say(by);
  };
  const listen = async (server: http.Server | https.Server) => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const api = http.createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => {
      body += data.toString();
    });
    request.on('end', () => {
      const { method = '', url: path = '' } = request;
      arrived.push({ method, path, body });
      const { status, type, text, headers = {} } = answer({ method, path, body }, messages, saying);
      response.writeHead(status, { 'content-type': type, ...headers });
      response.end(text);
    });
  });
  const authority = createCertificateAuthority();
  const { keyPem, certPem } = authority.issue({ names: ['api.example.com'] });
  const endpoint = https.createServer({ key: keyPem, cert: certPem }, (_, response) => {
    const text = saying('endpoint');
    const header = headerText(text);
    response.writeHead(200, {
      'content-type': 'application/json',
      server: header,
      'x-said': header,
      'x-backend': header,
    });
    response.end(JSON.stringify({ name: text, message: text, [text]: text }));
  });
  const [port, endpointPort] = [await listen(api), await listen(endpoint)];
  const base = `http://127.0.0.1:${port}`;
  const runbooks = join(home, 'runbooks');
  for (const folder of ['environments', 'suites']) mkdirSync(join(runbooks, folder), { recursive: true });
  writeFileSync(
    join(runbooks, 'said.yaml'),
    JSON.stringify({
      title: 'Said',
      inputs: { ...inputs, title: { type: 'string', default: '' } },
      lock: 'said',
      steps,
    }),
  );
  writeFileSync(
    join(runbooks, 'suites', 'asked.yaml'),
    JSON.stringify({
      title: 'Asked',
      requests: [{ json: { name: 'wanted' } }, { headers: { 'x-said': 'wanted' } }, { backend: 'one' }].map(
        (wanted, at) => {
          const expect = { status: 200, ...wanted };
          return { id: `get-${at}`, title: `GET /${at}`, method: 'GET', path: `/${at}`, critical: true, expect };
        },
      ),
    }),
  );
  writeFileSync(join(home, 'ca.pem'), authority.caPem);
  const environment = join(home, 'environment.yaml');
  writeFileSync(
    environment,
    JSON.stringify({
      hostname: 'api.example.com',
      zone: 'example.com',
      ca: 'ca.pem',
      routes: {
        edge: { provider: 'cloudflare', connect: `127.0.0.1:${endpointPort}` },
        fallback: {
          provider: 'cloudfront',
          connect: `127.0.0.1:${endpointPort}`,
          answers: { cname: 'd111111abcdef8.cloudfront.net' },
        },
      },
      backends: { one: { header: 'x-backend', value: 'one' } },
      cloudflare: { 'zone-id': 'a'.repeat(32), 'load-balancer-id': 'b'.repeat(32) },
      aws: { 'hosted-zone-id': 'Z1D633PJN98FT9', 'distribution-id': 'EDFDVBD632BHDS5', 'function-name': 'route' },
      slack: { invite: [] },
      statuspage: { provider, 'page-id': provider === 'atlassian' ? 'kctbh9vrtdwd' : '01FCNDV6P870EA6S7TK1DSYDG0' },
      pagerduty: {},
      dns: { resolvers: ['127.0.0.1:9'] },
      secrets: Object.fromEntries(Object.entries(secrets).map(([name, { variable }]) => [name, variable])),
      endpoints: {
        cloudflare: `${base}/client/v4`,
        slack: `${base}/api/`,
        aws: base,
        statuspage: provider === 'atlassian' ? `${base}/v1` : base,
        pagerduty: base,
      },
    }),
  );
  const state = join(home, 'state');
  return {
    home,
    state,
    secrets: Object.values(secrets).map(({ value }) => value),
    variables: Object.fromEntries(Object.values(secrets).map(({ variable, value }) => [variable, value])),
    /** The command line of the runbook. */
    argv: (reason: string, title = '') => [
      ...['said', '--reason', reason, '--title', title, '--env', environment, '--runbooks', runbooks],
      ...['--state-dir', state, '--yes', '--verbose'],
    ],
    /** Who has said something by now. */
    asked,
    arrived,
    /** What the run left on disk, by name. */
    files(): [string, string][] {
      return readdirSync(state, { recursive: true, encoding: 'utf8' })
        .filter((name) => statSync(join(state, name)).isFile())
        .map((name) => [name, readFileSync(join(state, name), 'utf8')]);
    },
    /** Takes what has arrived so far out of the list. */
    takeArrived: (): Arrived[] => arrived.splice(0),
    stop() {
      for (const server of [api, endpoint]) {
        server.closeAllConnections();
        server.close();
      }
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** What HTTP lets into a header; lines are folded into one (RFC 9110, 5.5). */
function headerText(text: string): string {
  return Buffer.from(
    text
      .replace(/\r?\n/g, ' ')
      .replace(/[\p{Cs}]/gu, '')
      .replace(/[^\t\x20-\x7e\x80-\uffff]/gu, ''),
    'utf8',
  )
    .toString('latin1')
    .slice(0, 2_000);
}

type Answer = { status: number; type: string; text: string; headers?: Record<string, string> };

function answer({ method, path, body }: Arrived, messages: unknown[], say: (by: Sayer) => string): Answer {
  const json = (status: number, value: unknown) => ({ status, type: 'application/json', text: JSON.stringify(value) });
  if (path.startsWith('/api/')) return json(200, slackAnswer({ path, body }, messages, say));
  if (path.startsWith('/v2/enqueue')) return json(202, { status: 'success', message: 'ok', dedup_key: 'k' });
  const notice = {
    id: 'n1',
    name: 'x',
    status: 'investigating',
    incident_status: 'investigating',
    incident_updates: [],
  };
  if (path.startsWith('/v1/')) return json(200, method === 'GET' && !path.includes('/incidents/n1') ? [] : notice);
  if (path.startsWith('/v2/status_page_incidents?')) return json(200, { status_page_incidents: [] });
  if (path.startsWith('/v2/')) return json(200, { status_page_incident: notice });
  if (path.startsWith('/client/v4')) {
    return {
      ...cloudflareAnswer({ method, path, body }, say, json),
      headers: { 'cf-ray': headerText(say('cloudflare')) },
    };
  }
  const by = path.startsWith('/2013') ? 'route53' : 'cloudfront';
  const text = say(by)
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;');
  const error = `<Error><Type>Sender</Type><Code>InvalidInput</Code><Message>${by} ${text}</Message></Error>`;
  return {
    status: 400,
    type: 'text/xml',
    text: `<?xml version="1.0"?>\n<ErrorResponse>${error}<RequestId>r ${text}</RequestId></ErrorResponse>`,
  };
}

/** Slack's answers; the room cannot be pinned, for a reason of its own words. */
function slackAnswer(
  { path, body }: Pick<Arrived, 'path' | 'body'>,
  messages: unknown[],
  say: (by: Sayer) => string,
): object {
  const call = path.slice('/api/'.length);
  if (call === 'conversations.create') return { ok: true, channel: { id: 'C0000000001', name: 'inc' } };
  if (call === 'pins.add') return { ok: false, error: say('slack') };
  if (call !== 'chat.postMessage') return { ok: true, messages };
  const ts = `1700000000.${String(messages.length + 100).padStart(6, '0')}`;
  messages.unshift({ ts, metadata: JSON.parse(new URLSearchParams(body).get('metadata') ?? '{}') });
  return { ok: true, channel: 'C0000000001', ts };
}

function cloudflareAnswer<T>(
  { method, path }: Arrived,
  say: (by: Sayer) => string,
  json: (status: number, value: unknown) => T,
): T {
  const found = (result: unknown) =>
    json(200, {
      success: true,
      errors: [],
      messages: [],
      result,
      result_info: { page: 1, per_page: 100, count: 1, total_count: 1, total_pages: 1 },
    });
  if (path.includes('verify')) return found({ id: 'a', status: 'active' });
  if (/[?&]page=(?!1\b)/.test(path)) return found([]);
  if (method === 'GET' && path.includes('/dns_records')) {
    const text = say('cloudflare');
    const record = {
      id: 'c'.repeat(32),
      name: 'canary.example.com',
      type: 'CNAME',
      content: `record${text}.example.net`,
    };
    return found([{ ...record, ttl: 300, proxied: false, proxiable: true, comment: text, tags: [text], settings: {} }]);
  }
  if (path.endsWith('/load_balancers')) return found([]);
  return json(400, {
    success: false,
    errors: [{ code: 1000, message: `balancer ${say('cloudflare')}` }],
    messages: [],
    result: null,
  });
}
