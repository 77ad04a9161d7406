import { type AlertingKeys, alertingEndpoints } from './alerting-endpoints.ts';
import type { AwsKey } from './aws-signature.ts';
import { type SimulatedPorts, statuspageBase } from './environment-file.ts';
import { smtpEndpoints } from './smtp-endpoints.ts';
import type { SimulatedWorld } from './state.ts';

/** A simulated server that a person can try from a shell. */
export type Endpoint = {
  name: string;
  /** `127.0.0.1:PORT`, or the base URL of an API. */
  address: string;
  /** A `curl` or `dig` line that works as it stands. */
  try: string;
};

/** Every server of a running simulator, with a line to try it by. */
export function listEndpoints(options: {
  world: SimulatedWorld;
  ports: SimulatedPorts;
  controlPort: number;
  caFile: string;
  smtpHostname: string;
  tokens: { cloudflare: string; slack: string; aws: AwsKey; statuspage: string; pagerduty: string } & AlertingKeys;
}): Endpoint[] {
  const { world, ports, controlPort, caFile, tokens } = options;
  const { hostname } = world;
  const cloudflare = `http://127.0.0.1:${ports.cloudflareApi}/client/v4`;
  const slack = `http://127.0.0.1:${ports.slackApi}/api/`;
  const dns = (name: string, port: number, flags: string): Endpoint => ({
    name,
    address: `127.0.0.1:${port}`,
    try: `dig @127.0.0.1 -p ${port} ${hostname} A ${flags}`,
  });
  const web = (name: string, port: number, request = `https://${hostname}/domains`): Endpoint => ({
    name,
    address: `127.0.0.1:${port}`,
    try: `curl -si --cacert ${quoted(caFile)} --connect-to ${hostname}:443:127.0.0.1:${port} ${request}`,
  });
  const sending = `-d '{}' -H 'content-type: application/json' https://${hostname}/emails`;
  const aws = (name: string, service: string, path: string): Endpoint => {
    const { accessKeyId, secretAccessKey } = tokens.aws;
    const signing = `--aws-sigv4 aws:amz:us-east-1:${service} -u ${accessKeyId}:${secretAccessKey}`;
    const address = `http://127.0.0.1:${ports.awsApi}`;
    return {
      name: `AWS API (${name})`,
      address,
      try: `curl -s ${signing}${sessionHeader(tokens.aws)} ${address}${path}`,
    };
  };
  return [
    web('edge (Cloudflare)', ports.edge),
    web('fallback (CloudFront)', ports.fallback),
    web('email-api (load balancer)', ports.backends['email-api'], sending),
    web('resend-api (load balancer)', ports.backends['resend-api']),
    ...Object.entries(ports.nameservers).map(([name, port]) => dns(`${name} (authoritative)`, port, '+norecurse')),
    {
      name: `${world.parent.server.name} (parent zone)`,
      address: `127.0.0.1:${ports.parent}`,
      try: `dig @127.0.0.1 -p ${ports.parent} ${world.zone.name} NS +norecurse`,
    },
    ...ports.resolvers.map((port, index) => dns(`resolver ${index + 1}`, port, '+recurse')),
    {
      name: 'Cloudflare API',
      address: cloudflare,
      try: `curl -s -H 'Authorization: Bearer ${tokens.cloudflare}' ${cloudflare}/zones/${world.zone.id}/load_balancers`,
    },
    aws('Route 53', 'route53', `/2013-04-01/hostedzone/${world.hostedZone.id}/rrset`),
    aws('CloudFront', 'cloudfront', `/2020-05-31/distribution/${world.distribution.id}`),
    {
      name: 'Slack API',
      address: slack,
      try: `curl -s -H 'Authorization: Bearer ${tokens.slack}' ${slack}conversations.list`,
    },
    ...publicEndpoints(world, ports, tokens),
    ...alertingEndpoints(ports, tokens, hostname),
    ...smtpEndpoints(options.smtpHostname, ports, quoted(caFile)),
    {
      name: 'control port',
      address: `http://127.0.0.1:${controlPort}/`,
      try: `curl -s http://127.0.0.1:${controlPort}/`,
    },
  ];
}

/** The status page under both APIs, paging, and what the vendors say of themselves. */
function publicEndpoints(
  world: SimulatedWorld,
  ports: SimulatedPorts,
  keys: { statuspage: string; pagerduty: string },
): Endpoint[] {
  const statuspage = statuspageBase('atlassian', ports.statuspageApi);
  const incidentIo = statuspageBase('incident-io', ports.statuspageApi);
  const pagerduty = `http://127.0.0.1:${ports.pagerdutyApi}`;
  const page = world.statusPage.id;
  const event = JSON.stringify({
    routing_key: keys.pagerduty,
    event_action: 'trigger',
    dedup_key: 'by-hand',
    payload: { summary: 'a try', source: world.hostname, severity: 'info' },
  });
  return [
    {
      name: 'Statuspage API',
      address: statuspage,
      try: `curl -s -H 'Authorization: OAuth ${keys.statuspage}' ${statuspage}/pages/${page}/incidents/unresolved`,
    },
    {
      name: 'incident.io API',
      address: incidentIo,
      try: `curl -s -H 'Authorization: Bearer ${keys.statuspage}' '${incidentIo}/v2/status_page_incidents?status_page_id=${page}'`,
    },
    {
      name: 'PagerDuty Events API',
      address: pagerduty,
      try: `curl -s -H 'content-type: application/json' -d '${event}' ${pagerduty}/v2/enqueue`,
    },
    {
      name: 'Cloudflare’s public status',
      address: `http://127.0.0.1:${ports.vendorStatus.cloudflare}`,
      try: `curl -s http://127.0.0.1:${ports.vendorStatus.cloudflare}/api/v2/summary.json`,
    },
    {
      name: 'AWS’s public status (UTF-16)',
      address: `http://127.0.0.1:${ports.vendorStatus.aws}`,
      try: `curl -s http://127.0.0.1:${ports.vendorStatus.aws}/public/currentevents | iconv -f UTF-16 -t UTF-8`,
    },
  ];
}

function sessionHeader({ sessionToken }: AwsKey): string {
  return sessionToken === undefined ? '' : ` -H 'x-amz-security-token: ${sessionToken}'`;
}

function quoted(path: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
