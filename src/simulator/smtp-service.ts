import type { Clock } from '../world/clock.ts';
import type { Environment } from '../world/environment.ts';
import { createProber } from '../world/prober.ts';
import type { SmtpSecurity } from '../world/smtp.ts';
import { answeredPath } from './answered-path.ts';
import type { CertificateAuthority } from './certificates.ts';
import type { RunningServer } from './http-server.ts';
import { type KeyVerdict, startSmtpServer } from './smtp-server.ts';
import type { SimulatedWorld } from './state.ts';

/** The ports of the real service, and how TLS begins on each (https://resend.com/docs/send-with-smtp). */
export const smtpPorts = {
  25: 'starttls',
  465: 'implicit',
  587: 'starttls',
  2465: 'implicit',
  2587: 'starttls',
} as const satisfies Readonly<Record<number, SmtpSecurity>>;

const apiTimeoutMs = 2_000;

/** The name of the SMTP service; of one that the environment does not name, a likely one. */
export function smtpHostname(environment: Environment): string {
  return environment.smtp?.hostname ?? `smtp.${environment.zone}`;
}

/**
 * Starts the SMTP service: a server for each documented port. A key is checked by a call of the API at its public name,
 * on the path that authoritative DNS answers with at that moment, as the real service depended on it.
 */
export async function startSmtpService(options: {
  world: SimulatedWorld;
  clock: Clock;
  authority: CertificateAuthority;
  hostname: string;
  /** Where the API's two paths listen. */
  ports: { edge: number; fallback: number };
  /** Called with each server as it starts, so that it is closed whatever comes after. */
  started(server: RunningServer): void;
}): Promise<Record<string, number>> {
  const { world, clock, authority, hostname, ports, started } = options;
  const probe = createProber({ ca: authority.caPem });
  const checkKey = async (key: string): Promise<KeyVerdict> => {
    const path = answeredPath(world, clock.now());
    // What cannot be a header's value cannot be a key.
    if (path === 'nowhere' || !/^[!-~]+$/.test(key)) return path === 'nowhere' ? 'unknown' : 'invalid';
    const answered = await probe({
      hostname: world.hostname,
      connect: { host: '127.0.0.1', port: ports[path] },
      method: 'GET',
      path: '/domains',
      headers: { authorization: `Bearer ${key}`, 'user-agent': 'simulated-smtp/1.0' },
      timeoutMs: apiTimeoutMs,
    });
    if (!answered.answered) return 'unknown';
    if (answered.status === 200) return 'valid';
    return answered.status === 403 && answered.body.includes('invalid_api_key') ? 'invalid' : 'unknown';
  };
  const tls = authority.issue({ names: [hostname] });
  const running: Record<string, number> = {};
  for (const [port, security] of Object.entries(smtpPorts)) {
    const common = { world, hostname, security, tls, now: () => clock.now(), speed: clock.speed, checkKey };
    const server = await startSmtpServer(common);
    started(server);
    running[port] = server.port;
  }
  return running;
}
