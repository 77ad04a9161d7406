import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloudflareRanges, matchRanges } from '../../../src/actions/dns/address-ranges.ts';

describe('address ranges', () => {
  it('know Cloudflare’s proxy from CloudFront', () => {
    const isCloudflare = matchRanges(cloudflareRanges);
    for (const address of ['104.16.0.1', '172.67.1.1', '2606:4700::6810:1', '162.159.255.255']) {
      expect(isCloudflare(address), address).toBe(true);
    }
    for (const address of ['13.32.0.9', '104.15.255.255', '2600:9000::1', '104.28.0.0', 'd1.cloudfront.net', '']) {
      expect(isCloudflare(address), address).toBe(false);
    }
  });

  it('match exactly the addresses under the prefix', () => {
    const bits = (address: string) => address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (network, address, prefix) => {
        const drop = BigInt(32 - prefix);
        const under = bits(network) >> drop === bits(address) >> drop;
        expect(matchRanges([`${network}/${prefix}`])(address)).toBe(under);
      }),
    );
  });

  it('take single addresses, and both families', () => {
    const matches = matchRanges(['192.0.2.1', '2001:db8::/32']);
    expect([matches('192.0.2.1'), matches('192.0.2.2'), matches('2001:db8::5'), matches('2001:db9::')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it.each(['192.0.2.0/33', '2001:db8::/129', '192.0.2/24', '192.0.2.0/x', '192.0.2.0/', '192.0.2.0/8/8', 'any'])(
    'refuse %s',
    (range) => {
      expect(() => matchRanges([range])).toThrow(expect.objectContaining({ code: 'invalid' }));
    },
  );
});
