/** One HTTPS request over one chosen path, on a socket of its own. */
export type ProbeRequest = {
  /** Goes into SNI, Host and the certificate check. */
  hostname: string;
  /** Where the connection is opened: a name (resolved by the system) or an address; by any address family unless given. */
  connect: { host: string; port: number; family?: 4 | 6 };
  method: string;
  /** Path with query, starting with `/`. */
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  timeoutMs: number;
  signal?: AbortSignal;
};

/**
 * Milliseconds from the probe's start to the end of each phase, so that each includes those before; null when the phase
 * did not end (or was not needed: `dnsMs` of a probe that dials an address).
 */
export type ProbeTimings = {
  dnsMs: number | null;
  tcpMs: number | null;
  tlsMs: number | null;
  firstByteMs: number | null;
  totalMs: number;
};

/** What came back, or in which phase it ended. A failed probe is a value, not an exception: it is evidence. */
export type ProbeResult =
  | {
      answered: true;
      status: number;
      /** Lower-case names; repeated headers joined with `, `. */
      headers: Readonly<Record<string, string>>;
      /** The first `maxBodyBytes` of the body, as UTF-8. */
      body: string;
      bodyTruncated: boolean;
      remoteAddress: string;
      certificate: { issuer: string; validTo: string; protocol: string };
      timings: ProbeTimings;
    }
  | {
      answered: false;
      phase: 'dns' | 'tcp' | 'tls' | 'request' | 'response' | 'timeout' | 'aborted';
      /** Node's or OpenSSL's code, e.g. `ECONNREFUSED`, `ERR_TLS_CERT_ALTNAME_INVALID`. */
      code: string;
      message: string;
      remoteAddress: string | null;
      timings: ProbeTimings;
    };

/** Sends probes. Verification is never off; a socket is never shared between two probes. */
export type Prober = (request: ProbeRequest) => Promise<ProbeResult>;
