import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSvcb, encodeSvcb, formatSvcb, parseSvcb, type SvcParams } from '../../src/world/svcb.ts';

describe('SVCB and HTTPS records', () => {
  it('reads and writes the alias and service vectors of RFC 9460 appendix D', () => {
    const vectors: [string, string][] = [
      ['0 foo.example.com', '000003666f6f076578616d706c6503636f6d00'],
      ['1 .', '000100'],
      ['16 foo.example.com port=53', '001003666f6f076578616d706c6503636f6d00000300020035'],
      ['1 foo.example.com key667=hello', '000103666f6f076578616d706c6503636f6d00029b000568656c6c6f'],
      ['1 foo.example.com key667=hello\\210qoo', '000103666f6f076578616d706c6503636f6d00029b000968656c6c6fd2716f6f'],
      [
        '1 foo.example.com ipv6hint=2001:db8::1,2001:db8::53:1',
        '000103666f6f076578616d706c6503636f6d0000060020' +
          '20010db800000000000000000000000120010db8000000000000000000530001',
      ],
      [
        '16 foo.example.org mandatory=alpn,ipv4hint alpn=h2,h3-19 ipv4hint=192.0.2.1',
        '001003666f6f076578616d706c65036f7267000000000400010004000100090268320568332d3139000400 04c0000201'.replace(
          ' ',
          '',
        ),
      ],
    ];
    for (const [text, hex] of vectors) {
      const parsed = parseSvcb(text);
      expect(parsed, text).toBeDefined();
      if (parsed === undefined) continue;
      expect(encodeSvcb(parsed).toString('hex'), text).toBe(hex);
      expect(formatSvcb(decodeSvcb(Buffer.from(hex, 'hex')) ?? parsed), text).toBe(text);
    }
  });

  it('reads what Cloudflare publishes, in any order and with quotes', () => {
    const record = parseSvcb(
      '1 . ipv6hint="2606:4700:0:0::6810:1" ech="AEX+DQ==" alpn="h3,h2" ipv4hint=104.16.0.1,104.16.0.2',
    );
    expect(record).toEqual({
      priority: 1,
      target: '.',
      params: {
        alpn: ['h3', 'h2'],
        ipv4hint: ['104.16.0.1', '104.16.0.2'],
        ech: 'AEX+DQ==',
        ipv6hint: ['2606:4700::6810:1'],
      },
    });
    expect(record && formatSvcb(record)).toBe(
      '1 . alpn=h3,h2 ipv4hint=104.16.0.1,104.16.0.2 ech=AEX+DQ== ipv6hint=2606:4700::6810:1',
    );
  });

  it.each([
    '',
    '1',
    'x .',
    '70000 .',
    '1 . port=99999',
    '1 . ipv4hint=1.2.3',
    '1 . ipv4hint=1.2.3.256',
    '1 . ipv6hint=fe80::z',
    '1 . alpn=',
    '1 . no-default-alpn=1',
    '1 . mandatory=nothing',
    '1 . key1=h2 alpn=h2',
    '1 a..b',
    '1 . shoe=9',
  ])('says no to the text %j', (text) => {
    expect(parseSvcb(text)).toBeUndefined();
  });

  it('says no to malformed bytes: wrong order, cut values, bad lengths', () => {
    const malformed = [
      '',
      '0001',
      '000103666f6f',
      '0001000003000200350001000302683 2'.replace(' ', ''),
      '00010000030002003500030002 0035'.replace(' ', ''),
      '0001000003000100',
      '00010000040003c00002',
      '000100000400 00'.replace(' ', ''),
      '0001000001000302',
      '00010000020001ff',
      '000100000000040004000 1'.replace(' ', ''),
    ];
    for (const hex of malformed) expect(decodeSvcb(Buffer.from(hex, 'hex')), hex).toBeUndefined();
  });

  it('comes back as it went, through bytes and through text', () => {
    const address = fc.ipV4();
    const v6 = fc.ipV6().map((text) => new URL(`http://[${text}]/`).hostname.slice(1, -1));
    const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9-]{0,20}[a-z0-9])?$/);
    const protocol = fc.stringMatching(/^[a-z0-9./-]{1,12}$/);
    const params = fc.record(
      {
        alpn: fc.array(protocol, { minLength: 1, maxLength: 4 }),
        'no-default-alpn': fc.constant(true as const),
        port: fc.integer({ min: 0, max: 65_535 }),
        ipv4hint: fc.array(address, { minLength: 1, maxLength: 4 }),
        ech: fc.uint8Array({ minLength: 1, maxLength: 90 }).map((bytes) => Buffer.from(bytes).toString('base64')),
        ipv6hint: fc.array(v6, { minLength: 1, maxLength: 4 }),
        others: fc
          .uniqueArray(fc.integer({ min: 7, max: 65_535 }), { minLength: 1, maxLength: 3 })
          .map((keys) => keys.sort((a, b) => a - b).map((key) => ({ key, value: 'a\\000\\255z' }))),
      },
      { requiredKeys: [] },
    );
    const target = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 65_535 }),
        fc.oneof(fc.constant('.'), target),
        params,
        (priority, name, given) => {
          const record = { priority, target: name, params: given satisfies SvcParams };
          expect(decodeSvcb(encodeSvcb(record))).toEqual(record);
          expect(parseSvcb(formatSvcb(record))).toEqual(record);
        },
      ),
    );
  });

  it('never throws, whatever bytes or text come', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const record = decodeSvcb(bytes);
        if (record !== undefined) expect(encodeSvcb(record)).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseSvcb(`1 . ${text}`);
        parseSvcb(text);
      }),
    );
  });
});
