import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

const dayMs = 86_400_000;

/** A certificate authority that lives as long as the process, and issues server certificates on the spot. */
export type CertificateAuthority = {
  /** The authority's own certificate, for `ca` files and `curl --cacert`. */
  caPem: string;
  /**
   * Issues a server certificate with a fresh key, valid from yesterday until `daysValid` days from now (30 by
   * default; a negative number gives one that has expired). `names` are DNS names, `*.` wildcards or IP addresses.
   */
  issue(request: { names: readonly string[]; daysValid?: number }): { keyPem: string; certPem: string };
};

/**
 * Makes a certificate authority with a key of its own (EC P-256), so that every simulated server speaks TLS that
 * clients verify in full. X.509 v3 as RFC 5280 profiles it; the private key of the authority never leaves memory.
 */
export function createCertificateAuthority(): CertificateAuthority {
  const authorityName = `resend-ops simulator CA ${randomBytes(4).toString('hex')}`;
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const authorityKeyId = keyIdOf(authority.publicKey);
  const certify = (subject: { name: string; key: KeyObject; from: Date; to: Date; extensions: Buffer[] }): string => {
    const tbs = sequence(
      der(0xa0, Buffer.from([2, 1, 2])),
      der(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
      ecdsaWithSha256,
      commonName(authorityName),
      sequence(time(subject.from), time(subject.to)),
      commonName(subject.name),
      subject.key.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(...subject.extensions, extension('551d23', sequence(der(0x80, authorityKeyId))))),
    );
    const signature = sign('sha256', tbs, authority.privateKey);
    return pem('CERTIFICATE', sequence(tbs, ecdsaWithSha256, bitString(0, signature)));
  };
  const now = Date.now();
  const caPem = certify({
    name: authorityName,
    key: authority.publicKey,
    from: new Date(now - dayMs),
    to: new Date(now + 365 * dayMs),
    extensions: [
      extension('551d13', sequence(der(0x01, Buffer.from([0xff]))), true),
      extension('551d0f', bitString(1, Buffer.from([0x06])), true),
      extension('551d0e', der(0x04, authorityKeyId)),
    ],
  });
  return {
    caPem,
    issue: ({ names, daysValid = 30 }) => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const to = Date.now() + daysValid * dayMs;
      const certPem = certify({
        name: names[0] ?? 'unnamed',
        key: pair.publicKey,
        from: new Date(Math.min(Date.now(), to) - dayMs),
        to: new Date(to),
        extensions: [
          extension('551d13', sequence(), true),
          extension('551d0f', bitString(7, Buffer.from([0x80])), true),
          extension('551d25', sequence(Buffer.from('06082b06010505070301', 'hex'))),
          extension('551d0e', der(0x04, keyIdOf(pair.publicKey))),
          extension('551d11', sequence(...names.map(alternativeName))),
        ],
      });
      return { keyPem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certPem };
    },
  };
}

/** AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758). */
const ecdsaWithSha256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'));

function der(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

function sequence(...contents: Buffer[]): Buffer {
  return der(0x30, ...contents);
}

function bitString(unusedBits: number, bits: Buffer): Buffer {
  return der(0x03, Buffer.from([unusedBits]), bits);
}

function extension(oidHex: string, value: Buffer, critical = false): Buffer {
  const oid = der(0x06, Buffer.from(oidHex, 'hex'));
  return critical ? sequence(oid, der(0x01, Buffer.from([0xff])), der(0x04, value)) : sequence(oid, der(0x04, value));
}

function commonName(name: string): Buffer {
  // RFC 5280 bounds a common name to 64 characters; the names that count are in the extension.
  const text = Buffer.from(name.slice(0, 64), 'utf8');
  return sequence(der(0x31, sequence(der(0x06, Buffer.from('550403', 'hex')), der(0x0c, text))));
}

/** UTCTime up to 2049, as RFC 5280 section 4.1.2.5 demands. */
function time(date: Date): Buffer {
  const text = `${date.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

function alternativeName(name: string): Buffer {
  const family = isIP(name);
  if (family === 0) return der(0x82, Buffer.from(name, 'latin1'));
  return der(0x87, family === 4 ? Buffer.from(name.split('.').map(Number)) : addressBytes(name));
}

function addressBytes(v6: string): Buffer {
  const [head = '', tail] = v6.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function keyIdOf(key: KeyObject): Buffer {
  // An uncompressed P-256 point is the last 65 bytes of its SPKI; its SHA-1 is the usual key identifier.
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }).subarray(-65))
    .digest();
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
