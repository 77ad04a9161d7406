import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { failure, invalidRecord } from './cloudflare-answers.ts';
import type { ServerAnswer } from './http-server.ts';
import type { SimulatedRecord, SimulatedWorld } from './state.ts';

const recordTypes = ['A', 'AAAA', 'CNAME', 'TXT', 'HTTPS', 'NS'] as const;

const recordFields = {
  type: z.enum(recordTypes),
  name: z.string(),
  content: z.string().optional(),
  /** HTTPS records may be given in parts instead of content. */
  data: z.object({ priority: z.int(), target: z.string(), value: z.string() }).partial().optional(),
  ttl: z.number().optional(),
  proxied: z.boolean().optional(),
  comment: z.string().nullable().optional(),
  tags: z.array(z.string().regex(/^[\w-]+:.*$/)).optional(),
  settings: z.record(z.string(), z.boolean()).optional(),
  private_routing: z.boolean().optional(),
};
/** A record given whole, as POST and PUT want it. */
export const wholeRecord = z.object(recordFields);
/** Parts of a record, as PATCH takes them. */
export const recordPatch = z.object(recordFields).partial();

/** What can be set of a record. */
type RecordFields = Omit<SimulatedRecord, 'id' | 'createdOn' | 'modifiedOn'>;

/** What was asked for, with a type and a name in any case. */
export type GivenFields = z.output<typeof recordPatch> & Pick<SimulatedRecord, 'type' | 'name'>;

/** A record of what was given: names made whole, what is left out at its default. */
export function completed(world: SimulatedWorld, given: GivenFields): RecordFields {
  const { priority = 1, target = '.', value = '' } = given.data ?? {};
  const content = given.data === undefined ? (given.content ?? '') : `${priority} ${target} ${value}`.trim();
  const proxied = given.proxied ?? false;
  const isName = given.type === 'CNAME' || given.type === 'NS';
  return {
    type: given.type,
    name: fullName(world, given.name),
    content: isName ? content.toLowerCase().replace(/\.$/, '') : content,
    // Proxied records are always "automatic", whatever was asked for (Cloudflare docs, dns/proxy-status).
    ttl: proxied ? 1 : (given.ttl ?? 1),
    proxied,
    comment: given.comment === undefined || given.comment === '' ? null : given.comment,
    tags: [...(given.tags ?? [])],
    settings: { ...given.settings },
    ...(given.private_routing === true ? { privateRouting: true } : { privateRouting: false }),
  };
}

/** Names may be given relative to the zone, or as `@` for its apex. */
function fullName(world: SimulatedWorld, given: string): string {
  const name = given.toLowerCase().replace(/\.$/, '');
  if (name === '@' || name === world.zone.name) return world.zone.name;
  return name.endsWith(`.${world.zone.name}`) ? name : `${name}.${world.zone.name}`;
}

const domainName =
  /^(?=.{1,253}$)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** The refusal of a record that breaks a rule of its type. */
export function validate(record: SimulatedRecord): ServerAnswer | undefined {
  const { type, content, ttl } = record;
  if (!domainName.test(record.name)) return invalidRecord(9000, 'DNS name is invalid.');
  if (type === 'A' && !isIPv4(content)) {
    return invalidRecord(9005, 'Content for A record must be a valid IPv4 address.');
  }
  if (type === 'AAAA' && !isIPv6(content)) {
    return invalidRecord(9006, 'Content for AAAA record must be a valid IPv6 address.');
  }
  if (type === 'CNAME' && (!domainName.test(content) || isIPv4(content))) {
    return invalidRecord(9007, 'Content for CNAME record is invalid.');
  }
  if (type === 'CNAME' && content === record.name) {
    return invalidRecord(9039, 'Content for CNAME record must not be the name of the record itself.');
  }
  if (content === '') return invalidRecord(9103, `Content for ${type} record is required.`);
  if (record.proxied && type !== 'A' && type !== 'AAAA' && type !== 'CNAME') {
    return invalidRecord(9004, 'This record type cannot be proxied.');
  }
  if (!Number.isInteger(ttl) || (ttl !== 1 && (ttl < 30 || ttl > 86_400))) {
    return invalidRecord(9021, 'TTL must be between 60 and 86400 seconds, or 1 for Automatic.');
  }
  return undefined;
}

/** The refusal of a record that cannot stand beside the others of its name. */
export function conflict(world: SimulatedWorld, record: SimulatedRecord): ServerAnswer | undefined {
  const others = world.records.filter(({ id, name }) => id !== record.id && name === record.name);
  if (others.some(({ type, content }) => type === record.type && content === record.content)) {
    return failure(400, { code: 81058, message: 'An identical record already exists.' });
  }
  const hosts = others.filter(({ type }) => type === 'A' || type === 'AAAA' || type === 'CNAME');
  if (record.type === 'CNAME' && hosts.length > 0) {
    return failure(400, { code: 81053, message: 'An A, AAAA, or CNAME record with that host already exists.' });
  }
  if ((record.type === 'A' || record.type === 'AAAA') && hosts.some(({ type }) => type === 'CNAME')) {
    return failure(400, { code: 81054, message: 'A CNAME record with that host already exists.' });
  }
  return undefined;
}

/** A record as the API answers it. */
export function recordJson(record: SimulatedRecord): object {
  const { id, name, type, content, proxied, ttl, comment } = record;
  const [priority, target, ...value] = content.split(' ');
  return {
    id,
    name,
    type,
    content,
    ...(type === 'HTTPS' ? { data: { priority: Number(priority), target, value: value.join(' ') } } : {}),
    proxiable: type === 'A' || type === 'AAAA' || type === 'CNAME',
    proxied,
    ...(type === 'A' || type === 'AAAA' ? { private_routing: record.privateRouting === true } : {}),
    ttl,
    settings: record.type === 'CNAME' ? { flatten_cname: false, ...record.settings } : { ...record.settings },
    meta: {},
    comment,
    tags: record.tags ?? [],
    created_on: record.createdOn,
    modified_on: record.modifiedOn,
  };
}
