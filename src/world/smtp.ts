/** How TLS begins on a port: with the first byte (RFC 8314, section 3), or after the command STARTTLS (RFC 3207). */
export type SmtpSecurity = 'implicit' | 'starttls';

/** One conversation with an SMTP server on one port, up to a login; never a message. */
export type SmtpProbeRequest = {
  /** Goes into SNI and the certificate check. */
  hostname: string;
  /** Where the connection is opened: a name (resolved by the system) or an address. */
  connect: { host: string; port: number };
  security: SmtpSecurity;
  /** Tried by AUTH PLAIN (RFC 4954), and only over TLS. */
  login?: { user: string; password: string };
  timeoutMs: number;
  signal?: AbortSignal;
};

/** Milliseconds from the beginning to the end of each phase; null where it did not end. */
export type SmtpTimings = {
  tcpMs: number | null;
  bannerMs: number | null;
  tlsMs: number | null;
  authMs: number | null;
  totalMs: number;
};

/** What a conversation was at, in order (`tls` comes before `banner` where TLS is implicit). */
export type SmtpPhase = 'dns' | 'tcp' | 'tls' | 'banner' | 'ehlo' | 'starttls' | 'auth' | 'quit';

/** What became of a login; `unavailable`: the server could not tell (a reply of 4xx), `not-tried`: nothing was sent. */
export type SmtpLogin = 'accepted' | 'rejected' | 'unavailable' | 'not-tried';

/** How far a conversation came. What went wrong is a value, not an exception: it is evidence. */
export type SmtpProbeResult = {
  /** A TCP connection was opened. */
  reached: boolean;
  /** The server's greeting, one line of at most 120 characters, without control characters. */
  banner: string | null;
  /** What was negotiated, verified against the hostname. */
  tls: { protocol: string; issuer: string; validTo: string } | null;
  auth: SmtpLogin;
  /** The server's answer to the login, bounded, without the credentials. */
  authReply: string | null;
  /** Where and why it ended early. `code`: `TIMEOUT`, `SMTP_nnn` (the server's own no), one of the prober's (`SMTP_…`), Node's or OpenSSL's. */
  failure: { phase: SmtpPhase; code: string; message: string } | null;
  timings: SmtpTimings;
};

/**
 * Holds conversations. It can say EHLO, STARTTLS, AUTH and QUIT and nothing else, so that no message can leave; certificate
 * verification is never off, and a password never travels in the clear.
 */
export type SmtpProber = (request: SmtpProbeRequest) => Promise<SmtpProbeResult>;
