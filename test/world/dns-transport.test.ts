import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { DnsQuestion } from '../../src/world/dns.ts';
import { encodeQuery, readReply } from '../../src/world/dns-message.ts';
import { createDnsTransport } from '../../src/world/dns-transport.ts';
import { encodeSvcb, parseSvcb } from '../../src/world/svcb.ts';
import {
  type Asked,
  flagBits,
  response,
  startDnsServer,
  type TestDnsServer,
  type TestRecord,
} from './start-dns-server.ts';

const name = 'api.example.com';
const ask = createDnsTransport();
const hasIpv6 = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1'));
const servers: TestDnsServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(respond: (asked: Asked) => readonly Buffer[], options?: Parameters<typeof startDnsServer>[1]) {
  const server = await startDnsServer(respond, options);
  servers.push(server);
  return server;
}

function questionTo(port: number, more: Partial<DnsQuestion> = {}): DnsQuestion {
  const server = { address: '127.0.0.1', port };
  return { server, name, type: 'A', recursionDesired: false, timeoutMs: 5_000, ...more };
}

const address: TestRecord = { name, type: 'A', ttl: 300, data: '192.0.2.1' };

describe('asking a DNS server', () => {
  it('tells the answer over UDP with its flags, TTL and sections', async () => {
    const soa = 'ns1.example.com dns.example.com 10 10000 2400 604800 1800';
    const server = await start((to) => [
      response(to, {
        flags: flagBits.AA,
        answers: [address],
        authorities: [{ name: 'example.com', type: 'SOA', ttl: 3_600, data: soa }],
      }),
    ]);
    const answer = await ask(questionTo(server.port));
    expect(answer).toMatchObject({
      answered: true,
      rcode: 'NOERROR',
      authoritative: true,
      overTcp: false,
      answers: [{ name, type: 'A', ttl: 300, data: '192.0.2.1' }],
      authorities: [{ name: 'example.com', type: 'SOA', ttl: 3_600, data: soa }],
      additionals: [],
    });
  });

  it('asks with the RD bit as told, EDNS with 1232 bytes, and a new id each time', async () => {
    const server = await start((to) => [response(to, {})]);
    for (let i = 0; i < 8; i += 1) await ask(questionTo(server.port, { recursionDesired: i % 2 === 1 }));
    expect(server.asked.map(({ recursionDesired }) => recursionDesired)).toEqual(
      Array.from({ length: 8 }, (_, i) => i % 2 === 1),
    );
    expect(new Set(server.asked.map(({ id }) => id)).size).toBeGreaterThan(4);
    expect(server.asked[0]?.packet.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1_232 }]);
  });

  it('asks for every type by its number, and reads its data as text', async () => {
    const svcb = '1 . alpn=h3,h2 ipv4hint=192.0.2.1';
    const records: Record<DnsQuestion['type'], { data: string | Buffer; text: string }> = {
      A: { data: '192.0.2.7', text: '192.0.2.7' },
      AAAA: { data: '2001:db8::1', text: '2001:db8::1' },
      CNAME: { data: 'D1.CloudFront.net', text: 'd1.cloudfront.net' },
      NS: { data: 'ns1.example.com', text: 'ns1.example.com' },
      SOA: { data: 'ns1.example.com dns.example.com 1 2 3 4 5', text: 'ns1.example.com dns.example.com 1 2 3 4 5' },
      TXT: { data: Buffer.from('\x05hello\x03a"b'), text: '"hello" "a\\"b"' },
      CAA: { data: Buffer.from('\x00\x05issueamazon.com'), text: '0 issue "amazon.com"' },
      DS: { data: Buffer.from('0d1a0d02ab12', 'hex'), text: '3354 13 2 AB12' },
      HTTPS: { data: wireSvcb(svcb), text: svcb },
    };
    const server = await start((to) => {
      const record = Object.entries(records).find(([type]) => type === to.type);
      if (record === undefined) return [];
      const type = Object.keys(records).find((each): each is DnsQuestion['type'] => each === to.type) ?? 'A';
      return [response(to, { answers: [{ name, type, ttl: 60, data: record[1].data }] })];
    });
    const types: DnsQuestion['type'][] = ['A', 'AAAA', 'CNAME', 'NS', 'SOA', 'TXT', 'CAA', 'DS', 'HTTPS'];
    for (const type of types) {
      const answer = await ask(questionTo(server.port, { type }));
      expect(answer, type).toMatchObject({
        answered: true,
        answers: [{ name, type, ttl: 60, data: records[type].text }],
      });
    }
  });

  it('keeps a malformed HTTPS record as bytes, and the rest of the answer', async () => {
    const server = await start((to) => [
      response(to, { answers: [{ name, type: 'HTTPS', ttl: 5, data: Buffer.from('0001ff', 'hex') }] }),
    ]);
    const answer = await ask(questionTo(server.port, { type: 'HTTPS' }));
    expect(answer).toMatchObject({ answered: true, answers: [{ type: 'HTTPS', data: '\\# 3 0001ff' }] });
  });

  it.each(['SERVFAIL', 'NXDOMAIN', 'REFUSED'] as const)('tells %s as an answer', async (rcode) => {
    const server = await start((to) => [response(to, { flags: flagBits[rcode] })]);
    expect(await ask(questionTo(server.port))).toMatchObject({ answered: true, rcode, answers: [] });
  });

  it('takes a refusal that leaves the question out, but no success without it', async () => {
    const refusing = await start((to) => [encode({ type: 'response', id: to.id, flags: flagBits.REFUSED })]);
    expect(await ask(questionTo(refusing.port))).toMatchObject({ answered: true, rcode: 'REFUSED' });
    const empty = await start((to) => [encode({ type: 'response', id: to.id })]);
    expect(await ask(questionTo(empty.port, { timeoutMs: 100 }))).toMatchObject({ answered: false, code: 'mismatch' });
  });

  it('compares the question without regard to case', async () => {
    const server = await start((to) => {
      const shouting = Buffer.from(response(to, { answers: [address] }));
      shouting.write('API', 13, 'latin1');
      return [shouting];
    });
    expect(await ask(questionTo(server.port))).toMatchObject({ answered: true, answers: [{ data: '192.0.2.1' }] });
  });

  it('ignores datagrams with another id, another name or another type, and waits for the right one', async () => {
    const forged = { ...address, data: '203.0.113.66' };
    const server = await start((to) => [
      response({ ...to, id: (to.id + 1) % 65_536 }, { answers: [forged] }),
      otherQuestion(to, { name: 'evil.example.com' }, forged),
      otherQuestion(to, { type: 'TXT' }, forged),
      to.bytes,
      Buffer.alloc(0),
      Buffer.from('junk'),
      response(to, { answers: [address] }),
    ]);
    expect(await ask(questionTo(server.port))).toMatchObject({ answered: true, answers: [{ data: '192.0.2.1' }] });
  });

  it('ignores a right answer from another port', async () => {
    const stranger = createSocket('udp4');
    await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.1', resolve));
    const server = createSocket('udp4');
    server.on('message', (bytes, from) => {
      const packet = decode(bytes);
      const to = { bytes, id: packet.id ?? 0, packet, name, type: 'A', recursionDesired: false, over: 'udp' as const };
      const forged = response(to, { answers: [{ ...address, data: '203.0.113.66' }] });
      stranger.send(forged, from.port, from.address, () => {
        server.send(response(to, { answers: [address] }), from.port, from.address);
      });
    });
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    try {
      expect(await ask(questionTo(server.address().port))).toMatchObject({ answers: [{ data: '192.0.2.1' }] });
    } finally {
      server.close();
      stranger.close();
    }
  });

  it('asks once more when the first datagram is lost, and no oftener', async () => {
    const server = await start((to) => (server.asked.length < 2 ? [] : [response(to, { answers: [address] })]));
    expect(await ask(questionTo(server.port, { timeoutMs: 400 }))).toMatchObject({ answered: true });
    const silent = await start(() => []);
    expect(await ask(questionTo(silent.port, { timeoutMs: 200 }))).toMatchObject({ answered: false, code: 'timeout' });
    expect(silent.asked).toHaveLength(2);
  });

  it.skipIf(!hasIpv6)('asks a server on an IPv6 address, over UDP and TCP', async () => {
    const server = await start(
      (to) => [to.over === 'udp' ? response(to, { flags: flagBits.TC }) : response(to, { answers: [address] })],
      { host: '::1' },
    );
    const answer = await ask(questionTo(0, { server: { address: '::1', port: server.port } }));
    expect(answer).toMatchObject({ answered: true, overTcp: true, answers: [{ data: '192.0.2.1' }] });
  });

  it('tells a closed port, an address that is none, and a name that cannot be asked', async () => {
    const gone = await startDnsServer(() => []);
    await gone.stop();
    expect(await ask(questionTo(gone.port))).toMatchObject({ answered: false, code: 'refused' });
    // The system refuses the broadcast address at once, as it refuses IPv6 where there is none.
    for (const odd of ['dns.example', '255.255.255.255']) {
      const server = { address: odd, port: 53 };
      expect(await ask(questionTo(53, { server })), odd).toMatchObject({ answered: false, code: 'network' });
    }
    for (const odd of ['a'.repeat(64), `${'a.'.repeat(130)}example`, 'a..b', '']) {
      expect(await ask(questionTo(gone.port, { name: odd }))).toMatchObject({ answered: false, code: 'malformed' });
    }
  });

  it('ends at once when it is stopped, before and while it waits', async () => {
    const server = await start(() => []);
    const signal = AbortSignal.abort();
    expect(await ask(questionTo(server.port, { signal }))).toMatchObject({ answered: false, code: 'aborted' });
    expect(server.asked).toHaveLength(0);
    const controller = new AbortController();
    const stopping = await start(() => {
      controller.abort();
      return [];
    });
    const stopped = await ask(questionTo(stopping.port, { signal: controller.signal, timeoutMs: 60_000 }));
    expect(stopped).toMatchObject({ answered: false, code: 'aborted' });
  });

  it('asks many questions under one signal without a warning to the operator', async () => {
    const warnings: Error[] = [];
    const keep = (warning: Error) => warnings.push(warning);
    process.on('warning', keep);
    try {
      const server = await start((to) => [response(to, { answers: [address] })]);
      const { signal } = new AbortController();
      await Promise.all(Array.from({ length: 30 }, () => ask(questionTo(server.port, { signal }))));
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', keep);
    }
  });

  it('tells an answer that cannot be read', async () => {
    const cut = await start((to) => [response(to, { answers: [address] }).subarray(0, -2)]);
    expect(await ask(questionTo(cut.port))).toMatchObject({ answered: false, code: 'malformed' });
    const long = await start((to) => [Buffer.concat([response(to, { answers: [address] }), Buffer.from('more')])]);
    expect(await ask(questionTo(long.port))).toMatchObject({ answered: false, code: 'malformed' });
  });
});

describe('an answer too long for UDP', () => {
  const many: TestRecord[] = Array.from({ length: 200 }, (_, i) => ({ ...address, data: `192.0.2.${i}` }));

  it('is fetched over TCP from the same server, in however many pieces it comes', async () => {
    for (const chunkBytes of [1, 7, 65_536]) {
      const server = await start(
        (to) => [to.over === 'udp' ? response(to, { flags: flagBits.TC }) : response(to, { answers: many })],
        { chunkBytes },
      );
      const answer = await ask(questionTo(server.port));
      expect(answer).toMatchObject({ answered: true, overTcp: true });
      expect(answer.answered && answer.answers.map(({ data }) => data)).toEqual(many.map(({ data }) => data));
      expect(server.asked.map(({ over }) => over)).toEqual(['udp', 'tcp']);
    }
  });

  it('is fetched over TCP even when the truncated datagram was cut in the middle of a record', async () => {
    const server = await start((to) =>
      to.over === 'udp'
        ? [response(to, { flags: flagBits.TC, answers: [address] }).subarray(0, -3)]
        : [response(to, { answers: [address] })],
    );
    expect(await ask(questionTo(server.port))).toMatchObject({ answered: true, overTcp: true });
  });

  it.each([
    ['nothing and a closed connection', 'network', () => []],
    ['another question’s answer', 'mismatch', (to: Asked) => [response({ ...to, id: (to.id + 1) % 65_536 }, {})]],
    ['something unreadable', 'malformed', (to: Asked) => [response(to, { answers: [address] }).subarray(0, -2)]],
  ])('ends in a value when TCP brings %s', async (_, code, overTcp) => {
    const server = await start((to) => (to.over === 'udp' ? [response(to, { flags: flagBits.TC })] : overTcp(to)));
    const answer = await ask(questionTo(server.port));
    expect(answer).toMatchObject({ answered: false, code, message: expect.stringContaining('truncated over UDP') });
  });

  it('shares one time box with the datagram before it', async () => {
    const server = await start(
      (to) => [to.over === 'udp' ? response(to, { flags: flagBits.TC }) : response(to, { answers: [address] })],
      { chunkBytes: 5, mostTcpBytes: 10 },
    );
    const answer = await ask(questionTo(server.port, { timeoutMs: 200 }));
    expect(answer).toMatchObject({ answered: false, code: 'timeout', message: expect.stringContaining('over TCP') });
  });
});

describe('messages from anywhere', () => {
  const question = questionTo(53);

  it('are read or told unreadable, never thrown', async () => {
    const codec = await import('dns-packet');
    const query = encodeQuery(codec, 7, question) ?? Buffer.alloc(0);
    const to: Asked = {
      bytes: query,
      id: 7,
      packet: decode(query),
      name,
      type: 'A',
      recursionDesired: false,
      over: 'udp',
    };
    const good = response(to, { answers: [address, { name, type: 'HTTPS', ttl: 1, data: wireSvcb('1 . port=1') }] });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (tail) => {
        const reply = readReply(codec, Buffer.concat([good.subarray(0, 12), tail]), 7, question);
        expect(['answer', 'other', 'malformed']).toContain(reply.kind);
        expect(readReply(codec, Buffer.from(tail), 7, question).kind).not.toBe('answer');
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
        const mutated = Buffer.from(good);
        mutated[at] = byte;
        readReply(codec, mutated, 7, question);
        const cut = readReply(codec, good.subarray(0, length), 7, question);
        expect(cut.kind === 'answer').toBe(length === good.length);
      }),
      { numRuns: 500 },
    );
  });

  it('a query is what a DNS library reads it as', async () => {
    const codec = await import('dns-packet');
    const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9-]{0,61}[a-z0-9])?$/);
    const type = fc.constantFrom<DnsQuestion['type']>('A', 'AAAA', 'CNAME', 'HTTPS', 'NS', 'SOA', 'TXT', 'CAA', 'DS');
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 3 }), type, fc.nat(65_535), (labels, each, id) => {
        const query = encodeQuery(codec, id, { ...question, name: labels.join('.'), type: each });
        const packet = decode(query ?? Buffer.alloc(0));
        expect(packet).toMatchObject({ id, type: 'query', questions: [{ name: labels.join('.'), class: 'IN' }] });
        expect(packet.questions?.[0]?.type).toBe(each === 'HTTPS' ? 'UNKNOWN_65' : each);
      }),
    );
  });
});

function wireSvcb(text: string): Buffer {
  const record = parseSvcb(text);
  if (record === undefined) throw new Error(`not a record: ${text}`);
  return encodeSvcb(record);
}

/** A response to the same id, about something else. */
function otherQuestion(to: Asked, change: { name?: string; type?: 'TXT' }, answer: TestRecord): Buffer {
  const question = encode({
    type: 'query',
    id: to.id,
    questions: [{ type: change.type ?? 'A', name: change.name ?? to.name }],
  });
  return response({ ...to, bytes: question }, { answers: [answer] });
}
