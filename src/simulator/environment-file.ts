import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type Environment, environmentSchema, type Route } from '../world/environment.ts';
import { makeDirectory } from '../world/make-directory.ts';
import { isPlaceholder } from '../world/placeholder.ts';
import type { StatusPageProvider } from '../world/statuspage.ts';
import type { Vendor } from '../world/vendor-status.ts';
import { pointDependencies } from './dependencies.ts';
import type { Region } from './regions.ts';
import type { backendNames } from './seed.ts';
import { partialSetupSuffix } from './seed-hosted-zone.ts';
import type { SimulatedStatusPage, SimulatedWorld } from './state.ts';

/** Where the simulated servers listen: ports of 127.0.0.1. */
export type SimulatedPorts = {
  /** The edge's point of presence in the operator's region. */
  edge: number;
  /** The edge's points of presence, by region. */
  edges: Readonly<Record<Region, number>>;
  fallback: number;
  /** Backend → its load balancer. */
  backends: Readonly<Record<(typeof backendNames)[number], number>>;
  resolvers: readonly number[];
  /** Name of an authoritative server → its port. */
  nameservers: Readonly<Record<string, number>>;
  /** The server of the zone above. */
  parent: number;
  cloudflareApi: number;
  awsApi: number;
  slackApi: number;
  statuspageApi: number;
  pagerdutyApi: number;
  /** Vendor → its public status page. */
  vendorStatus: Readonly<Record<Vendor, number>>;
  pagerdutyRestApi: number;
  datadogApi: number;
  globalpingApi: number;
  /** Where every system of the environment's `dependencies` is asked. */
  dependencies: number;
  /** Port of the real SMTP service → where the simulated one listens for it. */
  smtp: Readonly<Record<string, number>>;
};

/** What the simulated answers look like: Cloudflare's and CloudFront's published ranges that the seed draws from. */
const edgeRanges = ['104.16.0.0/13', '2606:4700::/32'];
const fallbackRanges = ['13.32.0.0/15', '2600:9000::/28'];

/**
 * The operator's environment, pointed at the simulator: the same names, title and real ids, with every address,
 * endpoint and resolver on loopback, and `simulated: true`.
 */
export function pointAtSimulator(environment: Environment, world: SimulatedWorld, ports: SimulatedPorts): Environment {
  const own = world.loadBalancers.find(({ name }) => name === world.hostname);
  const { aws, slack, statuspage, pagerduty, approvals, vendors, datadog, globalping, sites, smtp } = environment;
  return environmentSchema.parse({
    ...(environment.title === undefined ? {} : { title: environment.title }),
    simulated: true,
    hostname: environment.hostname,
    'accepted-findings': environment['accepted-findings'],
    zone: environment.zone,
    routes: mapValues(environment.routes, (route) => pointRoute(route, world, ports)),
    backends: Object.fromEntries(world.signatures),
    cloudflare: {
      'zone-id': world.zone.id,
      ...(own === undefined ? {} : { 'load-balancer-id': own.id }),
    },
    aws: pointAws(aws, world),
    ...(slack === undefined ? {} : { slack: { ...slack, invite: slack.invite.map(slackUserId) } }),
    ...(approvals === undefined ? {} : { approvals }),
    ...(statuspage === undefined ? {} : { statuspage: pointStatusPage(statuspage, world.statusPage) }),
    ...(pagerduty === undefined ? {} : { pagerduty: pointPagerDuty(pagerduty, world) }),
    ...(datadog === undefined ? {} : { datadog }),
    ...(globalping === undefined ? {} : { globalping }),
    ...(smtp === undefined ? {} : { smtp: { ...smtp, user: 'resend', connect: mapValues(ports.smtp, loopback) } }),
    ...(sites === undefined ? {} : { sites: mapValues(sites, () => ({ connect: loopback(ports.edge) })) }),
    ...(vendors === undefined ? {} : { vendors }),
    dependencies: pointDependencies(environment.dependencies, ports.dependencies),
    dns: {
      resolvers: ports.resolvers.map(loopback),
      nameservers: mapValues({ ...ports.nameservers, [world.parent.server.name]: ports.parent }, loopback),
      addresses: Object.fromEntries([
        ...addressesOf(world.addresses.edge).map((address) => [address, loopback(ports.edge)]),
        ...addressesOf(world.addresses.fallback).map((address) => [address, loopback(ports.fallback)]),
      ]),
    },
    secrets: environment.secrets,
    endpoints: {
      cloudflare: `http://${loopback(ports.cloudflareApi)}/client/v4`,
      slack: `http://${loopback(ports.slackApi)}/api/`,
      aws: `http://${loopback(ports.awsApi)}`,
      statuspage: statuspageBase(statuspage?.provider ?? 'atlassian', ports.statuspageApi),
      pagerduty: `http://${loopback(ports.pagerdutyApi)}`,
      'cloudflare-status': `http://${loopback(ports.vendorStatus.cloudflare)}`,
      'aws-status': `http://${loopback(ports.vendorStatus.aws)}`,
      'pagerduty-rest': `http://${loopback(ports.pagerdutyRestApi)}`,
      datadog: `http://${loopback(ports.datadogApi)}`,
      globalping: `http://${loopback(ports.globalpingApi)}`,
    },
    ca: 'ca.pem',
  });
}

/**
 * Writes `environment.yaml`, its JSON Schema for editors, and `ca.pem` into the directory, which is made (0700) when
 * absent; the files are private (0600). Answers their paths.
 */
export async function writeEnvironment(
  directory: string,
  content: { environment: Environment; caPem: string },
): Promise<{ environmentFile: string; caFile: string }> {
  makeDirectory(directory);
  const environmentFile = join(directory, 'environment.yaml');
  const caFile = join(directory, 'ca.pem');
  const schema = z.toJSONSchema(environmentSchema, { io: 'input' });
  const text = [
    '# yaml-language-server: $schema=environment.schema.json',
    '# Written by the simulator, and good only while it runs.',
    stringify(content.environment),
  ].join('\n');
  await Promise.all([
    writeFile(environmentFile, text, { mode: 0o600 }),
    writeFile(join(directory, 'environment.schema.json'), `${JSON.stringify(schema, null, 2)}\n`, { mode: 0o600 }),
    writeFile(caFile, content.caPem, { mode: 0o600 }),
  ]);
  return { environmentFile, caFile };
}

function pointRoute(route: Route, world: SimulatedWorld, ports: SimulatedPorts): Route {
  switch (route.provider) {
    case 'cloudflare': {
      const answers = recognise(route, edgeRanges);
      const cname = `${route.hostname ?? world.hostname}.${partialSetupSuffix}`;
      const recognised = world.servedBy === 'route53' ? { ...answers, cname } : answers;
      return { ...route, connect: loopback(ports.edge), answers: recognised };
    }
    case 'cloudfront': {
      const answers = { ...recognise(route, fallbackRanges), cname: world.distribution.domain };
      return { ...route, connect: loopback(ports.fallback), answers };
    }
    case 'load-balancer':
      return { ...route, connect: mapValues(ports.backends, loopback) };
  }
}

/** The ids that the simulator knows; the zone's is left out where the hostname is served from elsewhere. */
function pointAws(aws: Environment['aws'], world: SimulatedWorld): NonNullable<Environment['aws']> {
  const { servedBy, hostedZone, distribution, functions } = world;
  const { 'hosted-zone-id': _zone, ...others } = aws ?? {};
  const [router] = functions;
  const code = router?.live?.code;
  return {
    ...(servedBy === 'route53' ? { 'hosted-zone-id': hostedZone.id } : {}),
    ...others,
    'distribution-id': distribution.id,
    ...(router === undefined ? {} : { 'function-name': router.name }),
    ...(code === undefined ? {} : { 'function-sha256': createHash('sha256').update(code).digest('hex') }),
  };
}

/** The services, by the ids that they have at the simulator. */
function pointPagerDuty(
  settings: NonNullable<Environment['pagerduty']>,
  { services }: SimulatedWorld,
): NonNullable<Environment['pagerduty']> {
  return { ...settings, services: settings.services.length === 0 ? [] : services.map(({ id }) => id) };
}

/** Where a provider's API is at the simulator: one port answers for both. */
export function statuspageBase(provider: StatusPageProvider, port: number): string {
  return `http://${loopback(port)}${provider === 'atlassian' ? '/v1' : ''}`;
}

/** The page's own ids, by the names that the environment has for them. */
function pointStatusPage(
  settings: NonNullable<Environment['statuspage']>,
  page: SimulatedStatusPage,
): NonNullable<Environment['statuspage']> {
  const ids = Object.entries(page.components).map(([id, { name }]) => [name, id]);
  return { ...settings, 'page-id': page.id, components: Object.fromEntries(ids) };
}

function addressesOf({ v4, v6 }: { v4: readonly string[]; v6: readonly string[] }): string[] {
  return [...v4, ...v6];
}

function recognise(route: Route, ranges: readonly string[]): NonNullable<Route['answers']> {
  const known = (route.answers?.addresses ?? []).filter((range) => !isPlaceholder(range));
  const addresses = [...new Set([...known, ...ranges])];
  return { ...(route.answers ?? {}), addresses };
}

/** A Slack user id as the simulator has it: the operator's own, or one in place of a placeholder. */
export function slackUserId(id: string): string {
  if (!isPlaceholder(id)) return id;
  return `U0${createHash('sha256').update(id).digest('hex').slice(0, 9).toUpperCase()}`;
}

function loopback(port: number): string {
  return `127.0.0.1:${port}`;
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
