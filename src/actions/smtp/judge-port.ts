import type { SmtpLogin, SmtpProbeResult } from '../../world/smtp.ts';

/** What is wrong with a port, for scripts (`id`, stable) and for people. */
export type PortProblem = { id: string; what: string; remedy: string };

/** What a port is held against. */
export type PortExpectations = {
  port: number;
  hostname: string;
  auth: 'none' | 'rejected' | 'accepted';
  /** Fewer days of the certificate than these are a problem. */
  certificateDays: number;
  nowMs: number;
};

const dayMs = 86_400_000;

/** Whole days until a certificate ends, or null where it does not say. */
export function daysLeft(validTo: string, nowMs: number): number | null {
  const until = Date.parse(validTo);
  return Number.isNaN(until) ? null : Math.floor((until - nowMs) / dayMs);
}

/** Everything that is wrong with what a port answered; nothing for one that is as it should be. */
export function judgePort(result: SmtpProbeResult, expected: PortExpectations): PortProblem[] {
  const problems: PortProblem[] = [];
  if (result.failure !== null) problems.push(explainFailure(result.failure, expected));
  const days = result.tls === null ? null : daysLeft(result.tls.validTo, expected.nowMs);
  if (days !== null && days < expected.certificateDays) {
    problems.push({
      id: 'smtp-certificate-expiring',
      what: `the certificate ends in ${days} days, fewer than ${expected.certificateDays}`,
      remedy: 'renew it now: clients that verify it stop sending when it ends',
    });
  }
  if (expected.auth !== 'none' && result.failure === null && result.auth !== expected.auth) {
    problems.push(explainLogin(result.auth, result.authReply ?? 'no answer', expected.auth));
  }
  return problems;
}

function explainLogin(auth: SmtpLogin, reply: string, expected: 'rejected' | 'accepted'): PortProblem {
  if (auth === 'unavailable') {
    return {
      id: 'smtp-login-unavailable',
      what: `keys cannot be checked: ${reply}`,
      remedy:
        'SMTP checks keys at the API: look whether the API answers (`resend-ops triage`); a failover of it helps SMTP too',
    };
  }
  return expected === 'accepted'
    ? {
        id: 'smtp-login-refused',
        what: `the test key is refused: ${reply}`,
        remedy: 'see whether the key is alive at the API; if it is, SMTP and the API disagree',
      }
    : {
        id: 'smtp-login-open',
        what: `a key that does not exist is accepted: ${reply}`,
        remedy: 'page whoever owns SMTP now: anyone can send',
      };
}

type Failure = NonNullable<SmtpProbeResult['failure']>;

function explainFailure({ phase, code, message }: Failure, { port, hostname }: PortExpectations): PortProblem {
  if (code === 'SMTP_NO_STARTTLS' || code === 'SMTP_CLEAR_TEXT') {
    return {
      id: code === 'SMTP_CLEAR_TEXT' ? 'smtp-clear-text' : 'smtp-starttls-missing',
      what: message,
      remedy: 'something in between may be reading along: look from another network before anyone sends a key',
    };
  }
  if (code === 'SMTP_NO_AUTH') {
    return { id: 'smtp-auth-missing', what: message, remedy: 'clients cannot log in: look at the SMTP service' };
  }
  if (code === 'SMTP_MALFORMED' || code === 'SMTP_TOO_LONG') {
    return {
      id: 'smtp-protocol',
      what: `${message} (${phase})`,
      remedy: `see what answers at ${hostname}:${port}: it is no SMTP server`,
    };
  }
  switch (phase) {
    case 'dns':
    case 'tcp':
      return {
        id: 'smtp-unreachable',
        what: `${message} (${code})`,
        remedy:
          port === 25
            ? 'many networks block port 25 outbound: look from another one, or leave 25 out of `ports`'
            : `look at the load balancer of ${hostname} and at this machine’s way out`,
      };
    case 'tls':
      return {
        id: 'smtp-tls',
        what: `${message} (${code})`,
        remedy:
          code === 'TIMEOUT' || code === 'ECONNRESET'
            ? 'the port is open and the service behind it is not well: look at the SMTP service'
            : `give the port a certificate for ${hostname} that is valid and complete`,
      };
    case 'banner':
      return {
        id: 'smtp-banner',
        what: `it does not greet: ${message} (${code})`,
        remedy: 'the port is open and the service behind it is not well: look at the SMTP service',
      };
    default:
      return {
        id: `smtp-${phase}`,
        what: `${message} (${code})`,
        remedy: 'look at the SMTP service: it greets, and fails in the conversation',
      };
  }
}
