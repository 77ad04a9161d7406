import { execFile, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Resolver as NodeResolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DnsListener } from '../../src/simulator/dns-listener.ts';
import { startDnsServer } from '../../src/simulator/dns-server.ts';
import { readMessage } from '../../src/simulator/dns-wire.ts';
import { setFault } from '../../src/simulator/faults.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../src/simulator/state.ts';
import type { RecordType } from '../../src/world/dns.ts';
import { createDnsTransport } from '../../src/world/dns-transport.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { sampleEnvironment } from './sample-environment.ts';

const hasDig = spawnSync('dig', ['-v']).error === undefined;

describe('the simulated authoritative server', () => {
  const clock = createClock({ speed: 1 });
  let world: SimulatedWorld;
  let server: DnsListener;
  const transport = createDnsTransport();
  const ask = (name: string, type: RecordType, timeoutMs = 2_000) =>
    transport({ server, name, type, recursionDesired: false, timeoutMs });
  const dig = async (...args: string[]) =>
    (await promisify(execFile)('dig', ['@127.0.0.1', '-p', String(server.port), '+tries=1', '+time=2', ...args]))
      .stdout;

  beforeAll(async () => {
    world = seedWorld(sampleEnvironment(), { seed: 1 });
    server = await startDnsServer(world, clock);
  });
  beforeEach(() => {
    for (const balancer of world.loadBalancers) balancer.enabled = true;
  });
  afterEach(() => {
    world.faults.clear();
    world.records = world.records.filter((record) => !record.id.startsWith('test'));
  });
  afterAll(() => server.close());

  test('answers follow the control plane at once', async () => {
    const before = await ask('api.example.com', 'A');
    expect(before).toMatchObject({ answered: true, rcode: 'NOERROR', authoritative: true });
    expect(before.answered && before.answers.map(({ data }) => data)).toEqual(world.addresses.edge.v4);
    for (const balancer of world.loadBalancers) balancer.enabled = false;
    expect(await ask('api.example.com', 'A')).toMatchObject({
      answers: [{ name: 'api.example.com', type: 'CNAME', ttl: 60, data: 'd111111abcdef8.cloudfront.net' }],
    });
  });

  test('HTTPS, NS, SOA and TXT come across the wire as they are', async () => {
    expect(await ask('api.example.com', 'HTTPS')).toMatchObject({
      answers: [
        { type: 'HTTPS', ttl: 300, data: expect.stringContaining(`ipv4hint=${world.addresses.edge.v4.join(',')}`) },
      ],
    });
    expect(await ask('example.com', 'NS')).toMatchObject({
      answers: [{ data: 'ada.ns.cloudflare.com' }, { data: 'bob.ns.cloudflare.com' }],
    });
    expect(await ask('example.com', 'SOA')).toMatchObject({
      answers: [{ data: expect.stringContaining('dns.cloudflare.com') }],
    });
    expect(await ask('example.com', 'TXT')).toMatchObject({ answers: [{ data: '"v=spf1 -all"' }] });
    expect(await ask('nobody.example.com', 'A')).toMatchObject({
      rcode: 'NXDOMAIN',
      authorities: [{ type: 'SOA', ttl: 1800 }],
    });
    expect(await ask('example.org', 'A')).toMatchObject({ rcode: 'REFUSED', authoritative: false });
  });

  test('what does not fit a datagram is truncated, and whole over TCP', async () => {
    const content = Array.from({ length: 8 }, (_, index) => `"${String(index).repeat(250)}"`).join(' ');
    world.records.push({
      id: 'test-txt',
      type: 'TXT',
      name: 'long.example.com',
      content,
      ttl: 60,
      proxied: false,
      comment: null,
      createdOn: '',
      modifiedOn: '',
    });
    const answer = await ask('long.example.com', 'TXT');
    expect(answer).toMatchObject({ answered: true, overTcp: true });
    expect(answer.answered && answer.answers[0]?.data).toContain('7777');
  });

  test('without EDNS a datagram holds 512 bytes; the question comes back byte for byte', async () => {
    const content = 'x'.repeat(600);
    world.records.push({
      id: 'test-txt',
      type: 'TXT',
      name: 'long.example.com',
      content,
      ttl: 60,
      proxied: false,
      comment: null,
      createdOn: '',
      modifiedOn: '',
    });
    const query = encode({ type: 'query', id: 7, questions: [{ type: 'TXT', name: 'LoNg.ExAmPlE.com' }] });
    const reply = await exchangeUdp(server.port, query);
    expect(decode(reply)).toMatchObject({
      id: 7,
      flag_qr: true,
      flag_tc: true,
      flag_aa: true,
      flag_ra: false,
      answers: [],
    });
    expect(reply.subarray(12, query.length)).toEqual(query.subarray(12));
  });

  test('several questions on one TCP connection, in pieces', async () => {
    const query = (id: number) =>
      frame(encode({ type: 'query', id, questions: [{ type: 'A', name: 'api.example.com' }] }));
    const bytes = Buffer.concat([query(1), query(2), query(3)]);
    const replies = await exchangeTcp(
      server.port,
      [bytes.subarray(0, 1), bytes.subarray(1, 40), bytes.subarray(40)],
      3,
    );
    expect(replies.map((reply) => decode(reply).id).sort()).toEqual([1, 2, 3]);
  });

  test('what is malformed is answered FORMERR, other opcodes NOTIMP', async () => {
    const cut = encode({ type: 'query', id: 9, questions: [{ type: 'A', name: 'api.example.com' }] }).subarray(0, 20);
    expect((await exchangeUdp(server.port, cut)).readUInt16BE(2) & 0xf).toBe(1);
    const update = encode({ type: 'query', id: 9, flags: 5 << 11, questions: [{ type: 'SOA', name: 'example.com' }] });
    expect((await exchangeUdp(server.port, update)).readUInt16BE(2) & 0xf).toBe(4);
  });

  test('no bytes whatever break the reading of a message, and responses are never answered', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const received = readMessage(Buffer.from(bytes));
        const isResponse = bytes.length < 12 || ((bytes[2] ?? 0) & 0x80) !== 0;
        expect(received.kind === 'drop').toBe(isResponse);
        if (received.kind === 'answer-now')
          expect(received.response.subarray(0, 2)).toEqual(Buffer.from(bytes.subarray(0, 2)));
      }),
      { numRuns: 500 },
    );
  });

  test('its fault makes it silent, refuse, or fail', async () => {
    setFault(world, 'dns', { kind: 'status', status: 500 }, clock.now());
    expect(await ask('api.example.com', 'A')).toMatchObject({ rcode: 'SERVFAIL' });
    setFault(world, 'dns', { kind: 'refuse' }, clock.now());
    expect(await ask('api.example.com', 'A')).toMatchObject({ rcode: 'REFUSED' });
    setFault(world, 'dns', { kind: 'hang' }, clock.now());
    expect(await ask('api.example.com', 'A', 100)).toMatchObject({ answered: false, code: 'timeout' });
  });

  test('the resolver of Node understands it', async () => {
    const resolver = new NodeResolver({ timeout: 2_000, tries: 1 });
    resolver.setServers([`127.0.0.1:${server.port}`]);
    const found = await resolver.resolve4('api.example.com', { ttl: true });
    expect(found.map(({ address }) => address).sort()).toEqual([...world.addresses.edge.v4].sort());
    expect(found[0]?.ttl).toBe(300);
    await expect(resolver.resolve4('nobody.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  test.skipIf(!hasDig)('dig works as against the real one', async () => {
    const out = await dig('+norecurse', 'api.example.com', 'A');
    expect(out).toMatch(/status: NOERROR/);
    expect(out).toMatch(/flags: qr aa;/);
    expect(out).not.toMatch(/WARNING/);
    for (const address of world.addresses.edge.v4) expect(out).toContain(address);
    expect(await dig('+short', 'api.example.com', 'TYPE65')).toMatch(/1 \. alpn="h3,h2" ipv4hint=/);
    expect(await dig('+tcp', 'API.Example.COM', 'AAAA')).toMatch(/API\.Example\.COM\.\s+300\s+IN\s+AAAA/);
    expect(await dig('+edns=1', '+noednsneg', 'api.example.com')).toMatch(/status: BADVERS/);
    expect(await dig('example.org')).toMatch(/status: REFUSED/);
  });
});

function exchangeUdp(port: number, message: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4');
  return new Promise<Buffer>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', resolve);
    socket.send(message, port, '127.0.0.1');
  }).finally(() => socket.close());
}

function exchangeTcp(port: number, pieces: readonly Buffer[], count: number): Promise<Buffer[]> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  return new Promise<Buffer[]>((resolve, reject) => {
    let received = Buffer.alloc(0);
    const replies: Buffer[] = [];
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        replies.push(received.subarray(2, end));
        received = received.subarray(end);
      }
      if (replies.length === count) resolve(replies);
    });
    for (const piece of pieces) socket.write(piece);
  }).finally(() => socket.destroy());
}

function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
