import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCertificateAuthority } from '../../src/simulator/certificates.ts';

const has = (command: string, argument: string) => spawnSync(command, [argument]).error === undefined;

describe('a certificate authority of the simulator', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'resend-ops-certificates-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const serve = async (tls: { keyPem: string; certPem: string }) => {
    const server = createServer({ key: tls.keyPem, cert: tls.certPem }, (_request, response) => response.end('hello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, port: (server.address() as AddressInfo).port };
  };

  const get = (options: { port: number; name: string; ca?: string }) =>
    new Promise<string>((resolve, reject) => {
      request(
        {
          host: '127.0.0.1',
          port: options.port,
          servername: options.name,
          agent: false,
          ...(options.ca === undefined ? {} : { ca: options.ca }),
        },
        (response) => {
          response.setEncoding('utf8').on('data', (text: string) => resolve(text));
        },
      )
        .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
        .on('error', reject)
        .end();
    });

  test('issues certificates that Node accepts for their names, and for no other', async () => {
    const authority = createCertificateAuthority();
    const { server, port } = await serve(authority.issue({ names: ['api.example.com', '*.edge.example.com'] }));
    try {
      expect(await get({ port, name: 'api.example.com', ca: authority.caPem })).toBe('hello');
      expect(await get({ port, name: 'tokyo.edge.example.com', ca: authority.caPem })).toBe('hello');
      expect(await get({ port, name: 'other.example.com', ca: authority.caPem })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
      expect(await get({ port, name: 'api.example.com' })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
      expect(await get({ port, name: 'api.example.com', ca: createCertificateAuthority().caPem })).toBe(
        'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      );
    } finally {
      server.close();
    }
  });

  test('issues an expired certificate when asked to, which clients refuse', async () => {
    const authority = createCertificateAuthority();
    const { server, port } = await serve(authority.issue({ names: ['api.example.com'], daysValid: -1 }));
    try {
      expect(await get({ port, name: 'api.example.com', ca: authority.caPem })).toBe('CERT_HAS_EXPIRED');
    } finally {
      server.close();
    }
  });

  test('covers addresses, and long and many names, and never uses a key twice', () => {
    const authority = createCertificateAuthority();
    const many = Array.from({ length: 40 }, (_, index) => `host-${index}.a-rather-long-name-of-a-zone.example.com`);
    const leaf = new X509Certificate(authority.issue({ names: [...many, '127.0.0.1', '2606:4700::1'] }).certPem);
    const root = new X509Certificate(authority.caPem);
    expect(leaf.checkHost('host-39.a-rather-long-name-of-a-zone.example.com')).toBeDefined();
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.checkIP('2606:4700::1')).toBe('2606:4700::1');
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(root.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    const other = authority.issue({ names: ['api.example.com'] });
    expect(new X509Certificate(other.certPem).serialNumber).not.toBe(leaf.serialNumber);
    expect(authority.issue({ names: ['api.example.com'] }).keyPem).not.toBe(other.keyPem);
  });

  test.skipIf(!has('openssl', 'version'))('satisfies openssl’s strict verification', () => {
    const authority = createCertificateAuthority();
    writeFileSync(join(directory, 'ca.pem'), authority.caPem);
    writeFileSync(join(directory, 'leaf.pem'), authority.issue({ names: ['api.example.com'] }).certPem);
    const arguments_ = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca.pem', 'leaf.pem'];
    expect(execFileSync('openssl', arguments_, { cwd: directory, encoding: 'utf8' })).toContain('leaf.pem: OK');
  });
});
