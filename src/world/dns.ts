/** The record types this program asks for. */
export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'HTTPS' | 'NS' | 'SOA' | 'TXT' | 'CAA' | 'DS';

/** One question to one server. */
export type DnsQuestion = {
  server: { address: string; port: number };
  name: string;
  type: RecordType;
  /** RD bit: false for authoritative servers, true for resolvers. */
  recursionDesired: boolean;
  timeoutMs: number;
  signal?: AbortSignal;
};

/** A resource record as answered; `data` is presentation text (addresses, names without trailing dot, SvcParams). */
export type DnsRecord = { name: string; type: string; ttl: number; data: string };

/** An answer, or why there was none. */
export type DnsAnswer =
  | {
      answered: true;
      rcode: string;
      authoritative: boolean;
      /** The answer came over TCP, because the UDP one was truncated. */
      overTcp: boolean;
      answers: DnsRecord[];
      authorities: DnsRecord[];
      additionals: DnsRecord[];
      rttMs: number;
    }
  | {
      answered: false;
      code: 'timeout' | 'refused' | 'malformed' | 'mismatch' | 'network' | 'aborted';
      message: string;
      rttMs: number;
    };

/** Asks DNS servers over UDP, and over TCP when an answer is truncated. */
export type DnsTransport = (question: DnsQuestion) => Promise<DnsAnswer>;
