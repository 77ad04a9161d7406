import { BlockList, isIP } from 'node:net';
import { OpsError } from '../../errors.ts';

/**
 * The addresses that Cloudflare's proxy answers from, as published (https://www.cloudflare.com/ips/). They change
 * every few years; an environment's `answers.addresses` takes their place where they have.
 */
export const cloudflareRanges: readonly string[] = [
  '173.245.48.0/20',
  '103.21.244.0/22',
  '103.22.200.0/22',
  '103.31.4.0/22',
  '141.101.64.0/18',
  '108.162.192.0/18',
  '190.93.240.0/20',
  '188.114.96.0/20',
  '197.234.240.0/22',
  '198.41.128.0/17',
  '162.158.0.0/15',
  '104.16.0.0/13',
  '104.24.0.0/14',
  '172.64.0.0/13',
  '131.0.72.0/22',
  '2400:cb00::/32',
  '2606:4700::/32',
  '2803:f800::/32',
  '2405:b500::/32',
  '2405:8100::/32',
  '2a06:98c0::/29',
  '2c0f:f248::/32',
];

/** Tells whether an address is in one of the ranges (CIDR, or single addresses). Throws `invalid` for what is neither. */
export function matchRanges(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', length, more] = range.split('/');
    const version = isIP(address);
    const bits = version === 6 ? 128 : 32;
    const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
    if (version === 0 || more !== undefined || !(prefix <= bits)) {
      throw new OpsError('invalid', `"${range}" is no range of addresses`, {
        hint: 'write CIDR in the route’s answers.addresses, e.g. 192.0.2.0/24 or 2001:db8::/32',
      });
    }
    list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
