import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readAwsEvents } from '../../../src/actions/vendor/read-aws-events.ts';
import { readStatuspage } from '../../../src/actions/vendor/read-statuspage.ts';
import { vendorStatus } from '../../../src/actions/vendor/status.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../../src/simulator/state.ts';
import { startVendorStatus } from '../../../src/simulator/vendor-status.ts';
import { createHttpsFetch } from '../../../src/world/https-fetch.ts';
import { createClock } from '../../../src/world/system-clock.ts';
import { createVendorStatusPage, type Vendor } from '../../../src/world/vendor-status.ts';
import { sampleEnvironment } from '../../simulator/sample-environment.ts';
import { runCheck, testContext, testEnvironment } from '../action-context.ts';

let world: SimulatedWorld;
let servers: Awaited<ReturnType<typeof startVendorStatus>>;
let own: Server | undefined;

beforeEach(async () => {
  world = seedWorld(sampleEnvironment(), { seed: 1 });
  servers = await startVendorStatus({ world, now: () => Date.now() });
});
afterEach(async () => {
  await servers.close();
  own?.closeAllConnections();
  own?.close();
  own = undefined;
});

/** A context whose vendors are the simulated ones, or are found on other ports. */
function context(ports: Partial<Record<Vendor, number>> = {}, signal?: AbortSignal) {
  const made = testContext({
    env: testEnvironment({ vendors: { cloudflare: { components: ['CDN/Cache', 'API'] } } }),
    clock: createClock({ speed: 1 }),
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    ...made,
    clients: {
      ...made.clients,
      vendorStatus: async (vendor: Vendor) => {
        const base = `http://127.0.0.1:${ports[vendor] ?? servers.ports[vendor]}`;
        const access = () => ({ mode: 'read-only' as const, why: 'a check only reads' });
        const isWrite = (method: string) => method !== 'GET';
        const limits = { attemptTimeoutMs: 5_000, maxBodyBytes: 100_000 };
        return createVendorStatusPage({
          vendor,
          base,
          fetch: createHttpsFetch({ origins: [base], access, isWrite, ...limits }),
        });
      },
    },
  };
}

async function serve(body: Buffer | string, status = 200): Promise<number> {
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  own = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('at the simulated vendors', () => {
  test('all is well, and how old that is; what does not matter is left out', async () => {
    const { output, summary } = await runCheck(vendorStatus, {}, context());
    expect(output).toMatchObject({
      missing: [],
      vendors: [
        {
          vendor: 'cloudflare',
          reachable: true,
          says: 'none',
          components: [
            { name: 'CDN/Cache', state: 'none' },
            { name: 'API', state: 'none' },
          ],
          incidents: [],
        },
        { vendor: 'aws', reachable: true, says: 'none', asOf: null, ageMs: null },
      ],
    });
    expect(summary.headline).toBe('Cloudflare says all is well; AWS says all is well');
    expect(summary.detail[0]).toMatch(/^Cloudflare says all is well, last changed 60 min ago$/);
  });

  test('it follows what is broken, and lags when it is told to', async () => {
    setFault(world, 'edge', { kind: 'status', status: 500 }, Date.now() - 120_000);
    setFault(world, 'fallback', { kind: 'slow', ms: 1 }, Date.now() - 60_000);
    const told = await runCheck(vendorStatus, {}, context());
    expect(told.output).toMatchObject({
      vendors: [
        {
          says: 'critical',
          incidents: [{ title: 'Cloudflare Global Network experiencing issues', impact: 'critical' }],
        },
        {
          says: 'minor',
          components: [
            { name: 'cloudfront', state: 'minor' },
            { name: 'route53', state: 'none' },
          ],
        },
      ],
    });
    expect(told.summary.detail.join(' ').replace(/\s+/g, ' ')).toContain(
      'Cloudflare says critical trouble (CDN/Cache critical), last changed 2 min',
    );
    setFault(world, 'cloudflare-status', { kind: 'says-all-well' }, Date.now());
    setFault(world, 'aws-status', { kind: 'says-all-well' }, Date.now());
    const { output } = await runCheck(vendorStatus, {}, context());
    expect(output).toMatchObject({
      vendors: [
        { says: 'none', incidents: [] },
        { says: 'none', incidents: [] },
      ],
    });
  });

  test.each([
    ['hangs', { kind: 'hang' }, /^no answer within 0\.3 s$/],
    ['refuses', { kind: 'refuse' }, /127\.0\.0\.1/],
    ['answers 503', { kind: 'status', status: 503 }, /HTTP 503$/],
  ] as const)('one that %s is missing; the other is read, and the step succeeds', async (_name, fault, why) => {
    setFault(world, 'cloudflare-status', fault, Date.now());
    const { output, summary } = await runCheck(vendorStatus, { within: 300 }, context());
    expect(output).toMatchObject({
      missing: ['cloudflare'],
      vendors: [
        { reachable: false, says: 'unknown', missing: expect.stringMatching(why), components: [] },
        { reachable: true, says: 'none' },
      ],
    });
    expect(summary.headline).toBe('Cloudflare: missing; AWS says all is well');
  });

  test('the operator’s stop is a stop, not a missing page', async () => {
    setFault(world, 'aws-status', { kind: 'hang' }, Date.now());
    const stop = new AbortController();
    const running = runCheck(vendorStatus, {}, context({}, stop.signal));
    stop.abort(new Error('stopped by the operator'));
    await expect(running).rejects.toThrow('stopped by the operator');
  });
});

test.each([
  ['a page of another kind', '<html></html>', 200, 'the answer is not JSON'],
  ['JSON of another shape', '{"page":{}}', 200, 'not of the shape'],
  ['a redirection, which is not followed', '{}', 302, 'HTTP 302'],
])('%s is missing', async (_name, body, status, why) => {
  const { output } = await runCheck(
    vendorStatus,
    { vendors: ['cloudflare'] },
    context({ cloudflare: await serve(body, status) }),
  );
  expect(output).toMatchObject({
    vendors: [{ reachable: false, says: 'unknown', missing: expect.stringContaining(why) }],
  });
});

test('AWS’s feed is read in either order of bytes', async () => {
  const events = [{ service: 'cloudfront', summary: '[CloudFront] Errors', status: '3', date: '1763465280' }];
  for (const bytes of [
    Buffer.from(`\ufeff${JSON.stringify(events)}`, 'utf16le'),
    Buffer.from(`\ufeff${JSON.stringify(events)}`, 'utf16le').swap16(),
  ]) {
    const { output } = await runCheck(vendorStatus, { vendors: ['aws'] }, context({ aws: await serve(bytes) }));
    expect(output).toMatchObject({ vendors: [{ says: 'critical', asOf: '2025-11-18T11:28:00.000Z' }] });
    own?.close();
  }
});

describe('a Statuspage', () => {
  const page = (more: object) => ({
    page: { updated_at: '2025-11-18T11:48:00Z' },
    components: [
      { id: 'a', name: 'CDN/Cache', status: 'operational' },
      { id: 'b', name: 'Billing', status: 'major_outage' },
    ],
    incidents: [],
    ...more,
  });

  test('an outage of what does not matter is none; an incident that names nothing may concern us', () => {
    const billing = { name: 'Invoices late', status: 'identified', impact: 'critical', components: [{ id: 'b' }] };
    const unnamed = { name: 'Investigating', status: 'investigating', impact: 'minor' };
    const over = { name: 'Over', status: 'resolved', impact: 'critical', components: [{ id: 'a' }] };
    const read = (incidents: object[]) => readStatuspage(page({ incidents }), ['CDN/Cache']);
    expect(read([billing, over])).toMatchObject({ says: 'none', incidents: [], asOf: '2025-11-18T11:48:00.000Z' });
    expect(read([billing, unnamed])).toMatchObject({ says: 'minor', incidents: [{ title: 'Investigating' }] });
  });

  test('a component that is not on the page, and words that nobody knows, are unknown: never none', () => {
    expect(readStatuspage(page({}), ['CDN/Cache', 'Api'])).toMatchObject({
      says: 'unknown',
      notes: [expect.stringContaining('no component Api')],
    });
    const odd = page({ components: [{ id: 'a', name: 'CDN/Cache', status: 'on_fire' }] });
    expect(readStatuspage(odd, ['CDN/Cache'])).toMatchObject({ says: 'unknown' });
  });

  test('titles are made fit for a screen', () => {
    const name = `\u001b[2J\u202eevil\u200b ${'x'.repeat(500)}`;
    const read = readStatuspage(page({ incidents: [{ name, status: 'open', impact: 'minor' }] }), ['CDN/Cache']);
    const title = read?.incidents[0]?.title ?? '';
    expect(title).toMatch(/evil\\u200b x+…$/);
    expect([...title].length).toBeLessThanOrEqual(120);
    expect(title).not.toMatch(/[\u001b\u202e\u200b]/);
  });
});

describe('AWS’s events', () => {
  const event = (more: object) => ({
    service: 'ec2-us-east-1',
    summary: 'Errors',
    status: '2',
    date: '1763465280',
    ...more,
  });
  const says = (more: object, names: string[]) => readAwsEvents([event(more)], names)?.says;

  test('a service is meant by its name, in every region or in one', () => {
    expect(says({}, ['ec2'])).toBe('major');
    expect(says({}, ['ec2-us-east-1'])).toBe('major');
    expect(says({}, ['ec2-eu-west-1'])).toBe('none');
    expect(says({ service: 'ec2fleet' }, ['ec2'])).toBe('none');
    const impacted_services = { 'elb-us-east-1': { current: '3' }, 'elb-us-west-2': { current: '0' } };
    expect(says({ service: 'multipleservices-us-east-1', impacted_services }, ['elb'])).toBe('critical');
    expect(says({ service: 'multipleservices-us-east-1', impacted_services }, ['elb-us-west-2'])).toBe('none');
  });

  test('what is over does not count; a code that nobody knows is unknown', () => {
    expect(says({ status: '0' }, ['ec2'])).toBe('none');
    expect(says({ end_time: '1763465290' }, ['ec2'])).toBe('none');
    expect(says({ status: '7' }, ['ec2'])).toBe('unknown');
    expect(readAwsEvents({}, ['ec2'])).toBeUndefined();
  });
});
