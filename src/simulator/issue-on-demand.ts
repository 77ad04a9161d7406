import type { CertificateAuthority } from './certificates.ts';
import type { TlsIdentity } from './http-server.ts';

/** Issues a certificate for the names and days that are asked for, once for each. */
export function issueOnDemand(
  authority: CertificateAuthority,
): (wanted: { names: readonly string[]; daysValid: number }) => TlsIdentity {
  const issued = new Map<string, TlsIdentity>();
  return ({ names, daysValid }) => {
    const key = `${daysValid} ${names.join(' ')}`;
    const identity = issued.get(key) ?? authority.issue({ names, daysValid });
    issued.set(key, identity);
    return identity;
  };
}
