/** What checks.js measures of src, and what it needs to set up: bundled by it. */
export { createCertificateAuthority } from '../../src/simulator/certificates.ts';
export { createDnsTransport } from '../../src/world/dns-transport.ts';
export { createProber } from '../../src/world/prober.ts';
