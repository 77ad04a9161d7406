import type { SmtpLogin, SmtpProbeResult } from '../../world/smtp.ts';
import { daysUntil, inDays, severityOfDays } from '../days-left.ts';
import type { Found } from '../finding.ts';

/** Every finding about a port of the SMTP service. */
export const smtpFindingIds = [
  'smtp/unreachable',
  'smtp/banner',
  'smtp/protocol',
  'smtp/ehlo',
  'smtp/starttls',
  'smtp/starttls-missing',
  'smtp/clear-text',
  'smtp/tls',
  'smtp/certificate-expiring',
  'smtp/auth',
  'smtp/auth-missing',
  'smtp/login-unavailable',
  'smtp/login-refused',
  'smtp/login-open',
  'smtp/quit',
] as const;

/** What is wrong with a port; `where` names it, as `port 587`. */
export type SmtpFinding = Found<(typeof smtpFindingIds)[number]>;

type Problem = Pick<SmtpFinding, 'id' | 'breaks' | 'remedy'>;

/** What a port is held against. */
export type PortExpectations = {
  port: number;
  hostname: string;
  auth: 'none' | 'rejected' | 'accepted';
  /** Fewer days of the certificate than these are a problem. */
  certificateDays: number;
  nowMs: number;
};

/**
 * Everything that is wrong with what a port answered; nothing for one that is as it should be. All of it is critical,
 * for clients of the port fail, but a certificate that holds for some days yet.
 */
export function judgePort(result: SmtpProbeResult, expected: PortExpectations): SmtpFinding[] {
  const where = `port ${expected.port}`;
  const problems: Problem[] = [];
  if (result.failure !== null) problems.push(explainFailure(result.failure, expected));
  if (expected.auth !== 'none' && result.failure === null && result.auth !== expected.auth) {
    problems.push(explainLogin(result.auth, result.authReply ?? 'no answer', expected.auth));
  }
  const findings = problems.map((problem): SmtpFinding => ({ ...problem, severity: 'critical', where }));
  const days = result.tls === null ? null : daysUntil(result.tls.validTo, expected.nowMs);
  if (days !== null && days < expected.certificateDays) {
    findings.push({
      id: 'smtp/certificate-expiring',
      severity: severityOfDays(days),
      where,
      breaks: `the certificate ends ${inDays(days)}, fewer than ${expected.certificateDays}`,
      remedy: 'renew it now: clients that verify it stop sending when it ends',
      numbers: { days },
    });
  }
  return findings;
}

function explainLogin(auth: SmtpLogin, reply: string, expected: 'rejected' | 'accepted'): Problem {
  if (auth === 'unavailable') {
    return {
      id: 'smtp/login-unavailable',
      breaks: `keys cannot be checked: ${reply}`,
      remedy:
        'SMTP checks keys at the API: look whether the API answers (`resend-ops triage`); a failover of it helps SMTP too',
    };
  }
  return expected === 'accepted'
    ? {
        id: 'smtp/login-refused',
        breaks: `the test key is refused: ${reply}`,
        remedy: 'see whether the key is alive at the API; if it is, SMTP and the API disagree',
      }
    : {
        id: 'smtp/login-open',
        breaks: `a key that does not exist is accepted: ${reply}`,
        remedy: 'page whoever owns SMTP now: anyone can send',
      };
}

type Failure = NonNullable<SmtpProbeResult['failure']>;

function explainFailure({ phase, code, message }: Failure, { port, hostname }: PortExpectations): Problem {
  if (code === 'SMTP_NO_STARTTLS' || code === 'SMTP_CLEAR_TEXT') {
    return {
      id: code === 'SMTP_CLEAR_TEXT' ? 'smtp/clear-text' : 'smtp/starttls-missing',
      breaks: message,
      remedy: 'something in between may be reading along: look from another network before anyone sends a key',
    };
  }
  if (code === 'SMTP_NO_AUTH') {
    return { id: 'smtp/auth-missing', breaks: message, remedy: 'clients cannot log in: look at the SMTP service' };
  }
  if (code === 'SMTP_MALFORMED' || code === 'SMTP_TOO_LONG') {
    return {
      id: 'smtp/protocol',
      breaks: `${message} (${phase})`,
      remedy: `see what answers at ${hostname}:${port}: it is no SMTP server`,
    };
  }
  switch (phase) {
    case 'dns':
    case 'tcp':
      return {
        id: 'smtp/unreachable',
        breaks: `${message} (${code})`,
        remedy:
          port === 25
            ? 'many networks block port 25 outbound: look from another one, or leave 25 out of `ports`'
            : `look at the load balancer of ${hostname} and at this machine’s way out`,
      };
    case 'tls':
      return {
        id: 'smtp/tls',
        breaks: `${message} (${code})`,
        remedy:
          code === 'TIMEOUT' || code === 'ECONNRESET'
            ? 'the port is open and the service behind it is not well: look at the SMTP service'
            : `give the port a certificate for ${hostname} that is valid and complete`,
      };
    case 'banner':
      return {
        id: 'smtp/banner',
        breaks: `it does not greet: ${message} (${code})`,
        remedy: 'the port is open and the service behind it is not well: look at the SMTP service',
      };
    default:
      return {
        id: `smtp/${phase}`,
        breaks: `${message} (${code})`,
        remedy: 'look at the SMTP service: it greets, and fails in the conversation',
      };
  }
}
