import type { SimulatedAlerting } from './alerting-state.ts';
import type { Region } from './regions.ts';
import type { SimulatedCloudFront } from './seed-cloudfront.ts';
import type { SimulatedSites } from './sites.ts';

/** A DNS record of the simulated Cloudflare zone, in the API's terms. */
export type SimulatedRecord = {
  id: string;
  type: 'A' | 'AAAA' | 'CNAME' | 'TXT' | 'HTTPS' | 'NS';
  name: string;
  content: string;
  /** 1 is "automatic", which is 300 s. Proxied records are always automatic (Cloudflare docs, dns/proxy-status). */
  ttl: number;
  proxied: boolean;
  comment: string | null;
  tags?: readonly string[];
  /** `flatten_cname` of a CNAME, and what else the API holds for a record. */
  settings?: Readonly<Record<string, boolean>>;
  privateRouting?: boolean;
  createdOn: string;
  modifiedOn: string;
};

/** A load balancer of the simulated zone. While enabled it shadows the records of its name. */
export type SimulatedLoadBalancer = {
  id: string;
  name: string;
  enabled: boolean;
  description?: string;
  proxied: boolean;
  ttl: number;
  defaultPools: string[];
  fallbackPool: string;
  rules: {
    name: string;
    condition: string;
    priority: number;
    disabled: boolean;
    terminates: boolean;
    overrides: { default_pools: string[] };
  }[];
  createdOn: string;
  modifiedOn: string;
};

/** A record set of the simulated Route 53 zone, in the API's terms. Names and alias targets in lower case, with a trailing dot. */
export type SimulatedRecordSet = {
  name: string;
  type: string;
  setIdentifier?: string;
  weight?: number;
  region?: string;
  failover?: string;
  multiValueAnswer?: boolean;
  ttl?: number;
  values?: string[];
  alias?: { hostedZoneId: string; dnsName: string; evaluateTargetHealth: boolean };
  healthCheckId?: string;
};

/** The simulated zone at Route 53. `recordSets` is what the API shows; the servers get there by and by. */
export type SimulatedHostedZone = {
  id: string;
  /** With a trailing dot. */
  name: string;
  callerReference: string;
  /** The delegation set. */
  nameservers: string[];
  recordSets: SimulatedRecordSet[];
  /** What the servers answered from before the first change. */
  seeded: readonly SimulatedRecordSet[];
  /** Record set protections. */
  protections: { name: string; type: string; comment?: string }[];
  /** Every accepted batch, oldest first, with the zone's record sets after it. */
  changes: { id: string; comment: string | undefined; submittedMs: number; recordSets: SimulatedRecordSet[] }[];
  /** From a batch's acceptance until the last server has it. */
  propagationMs: number;
};

/** Where the hostname is answered from: a load balancer or a proxied record of the Cloudflare zone, or the Route 53 zone. */
export type ServedBy = 'load-balancer' | 'record' | 'route53';

/** What can be made to fail. Components: `edge`, `fallback`, `email-api`, `resend-api` (the backends' load balancers), `cloudflare-api`, `aws-api`, `slack-api`, `statuspage-api`, `pagerduty-api`, `datadog-api`, `globalping-api`, `smtp`, `cloudflare-status` and `aws-status` (the vendors' public status), `dns`. */
export type Component =
  | 'edge'
  | 'fallback'
  | 'email-api'
  | 'resend-api'
  | 'cloudflare-api'
  | 'aws-api'
  | 'slack-api'
  | 'statuspage-api'
  | 'pagerduty-api'
  | 'cloudflare-status'
  | 'aws-status'
  | 'datadog-api'
  | 'globalping-api'
  | 'smtp'
  | 'dns';

/** How a component fails. `writes` kinds apply to the APIs' writing calls only. */
export type Fault =
  /** Answers every request with this status and the provider's own error page. */
  | { kind: 'status'; status: number }
  /** Closes every connection at once. */
  | { kind: 'refuse' }
  /** Accepts and never answers. */
  | { kind: 'hang' }
  /** Once it has been looked at to be changed, somebody else edits what steers the hostname. */
  | { kind: 'edited-meanwhile' }
  /** A vendor's public status: answers promptly that all is well, whatever happens. */
  | { kind: 'says-all-well' }
  /** Answers everything, `ms` late. */
  | { kind: 'slow'; ms: number }
  /** Fails with `status` for `downMs`, works for `upMs`, and so on, from when the fault was set. */
  | { kind: 'flap'; status: number; downMs: number; upMs: number }
  /** Fails that share of the requests, from 0 to 1, with `status`: by chance, and the same ones for the same seed. */
  | { kind: 'noise'; status: number; share: number; seed: number }
  /** Writes: done, but the answer never comes. */
  | { kind: 'write-lost-answer' }
  /** Writes: not done, and the answer never comes. */
  | { kind: 'write-lost' }
  /** Writes: done, answered with status 500. */
  | { kind: 'write-error-but-done' }
  /** Writes: not done, answered with status 500 and the document that says it is done. */
  | { kind: 'write-error-says-done' }
  /** Writes: done, answered with status 429 and `Retry-After`. */
  | { kind: 'write-refused-but-done' }
  /** Writes: not done, answered as if done. */
  | { kind: 'write-ok-but-not-done' }
  /** Writes: answered as if done, done `ms` later. */
  | { kind: 'write-ok-then-late'; ms: number }
  /** Writes: done; the answer breaks off in its middle: reset, closed, or never going on. */
  | { kind: 'write-breaks-off'; how: 'reset' | 'cut-short' | 'stalled' }
  /** Writes: answered late by `ms`, done at the end of that time. */
  | { kind: 'write-late'; ms: number };

/** A fault that is set: since when (the rehearsal's clock), where (everywhere unless given; the edge alone has regions), and how many chances were drawn. */
export type SetFault = Fault & { sinceMs: number; regions?: readonly Region[]; drawn?: number };

/** One request that a simulated server received. The witness of what reached the world. */
export type LoggedRequest = {
  at: string; // By the rehearsal's clock.
  receivedAt: string; // The time of day, which other processes stamp their logs with, however fast the rehearsal's clock runs.
  server: Exclude<Component, 'dns'>;
  method: string;
  path: string;
  body: string;
  status: number | null; // Null while unanswered.
  write: boolean; // A call that changes the world's configuration: never a probe or a client's request.
};

/** A Slack channel and what was posted in it. */
export type SimulatedChannel = {
  id: string;
  name: string;
  isPrivate: boolean;
  archived: boolean;
  createdMs: number;
  topic: string;
  members: string[];
  /** Ids (`ts`) of the pinned messages. */
  pinned: string[];
  bookmarks: { id: string; title: string; link: string }[];
  /** `threadTs` is the id of the message that it replies to, or null. */
  messages: {
    ts: string;
    text: string;
    blocks: unknown;
    metadata: unknown;
    threadTs: string | null;
    edited: boolean;
    /** Who has reacted with what, by the emoji's name. */
    reactions?: { name: string; users: string[] }[];
  }[];
};

/** An incident of the public status page, whichever of the two APIs made it. Component statuses in the API's own words. */
export type SimulatedNotice = {
  id: string;
  title: string;
  phase: string;
  impact: string | null;
  /** What Statuspage holds as `metadata`. */
  metadata: unknown;
  /** incident.io's. */
  idempotencyKey: string | null;
  createdAt: string;
  /** Component id → its status. */
  components: Record<string, string>;
  /** Oldest first. */
  updates: {
    id: string;
    phase: string;
    message: string;
    at: string;
    components: Record<string, string>;
    notify: boolean;
  }[];
};

/** The public status page: one page, written to through Statuspage's API or incident.io's. */
export type SimulatedStatusPage = {
  id: string;
  /** Component id → its name, and how it does. */
  components: Record<string, { name: string; status: string }>;
  incidents: SimulatedNotice[];
};

/** The whole simulated world; the servers read and write it, the control port shows it. */
export type SimulatedWorld = SimulatedCloudFront &
  SimulatedSites &
  SimulatedAlerting & {
    hostname: string;
    servedBy: ServedBy;
    /** The zone, as Cloudflare has it; `nameservers` are those that the zone is delegated to, whoever runs them. */
    zone: {
      id: string;
      name: string;
      soaMinimum: number;
      serial: number;
      nameservers: { name: string; address: string }[];
    };
    /** The zone above: one server, and the DS records that it holds for the zone, in presentation form. */
    parent: { name: string; server: { name: string; address: string }; ds: readonly string[] };
    hostedZone: SimulatedHostedZone;
    records: SimulatedRecord[];
    /** Names of whose new records the servers know nothing yet, nor any more of the old ones: until when (the rehearsal's clock). */
    settling?: Map<string, number>;
    loadBalancers: SimulatedLoadBalancer[];
    /** Pool id → the backend its origin leads to, and that origin's domain, under which CloudFront knows it too. */
    pools: Map<string, { name: string; backend: string; domain: string }>;
    /** Backend → the response header that tells it from the others, as the environment's `backends` names it. */
    signatures: Map<string, { header: string; value: string }>;
    /** Resend API keys that the backends accept. */
    apiKeys: string[];
    /** The published addresses that DNS answers with, and the loopback address each stands for (`127.0.0.1:PORT`). */
    addresses: { edge: { v4: string[]; v6: string[] }; fallback: { v4: string[]; v6: string[] } };
    faults: Map<Component, SetFault>;
    /** Slack's name leads to the edge, whose marks its answers carry and with which it falls. */
    slackBehindProvider?: boolean;
    /** What has become of the Cloudflare token, and of the AWS key; good for everything unless given. */
    cloudflareToken?: 'expired' | 'ends-soon' | 'without-load-balancers' | 'read-only' | 'account-owned';
    awsKey?: 'read-only';
    channels: SimulatedChannel[];
    statusPage: SimulatedStatusPage;
    requests: LoggedRequest[];
  };
