import { randomBytes } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { failure, invalidRecord, page, parseBody, success } from './cloudflare-answers.ts';
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
};
const wholeRecord = z.object(recordFields);
const recordPatch = z.object(recordFields).partial();

type RecordFields = Omit<SimulatedRecord, 'id' | 'createdOn' | 'modifiedOn'>;

/** `GET /zones/ZONE/dns_records`: filters `name`, `content`, `comment` (`.exact`, `.contains`, …), `type`, `proxied`, `match`, `order`; pages. */
export function listRecords(world: SimulatedWorld, query: URLSearchParams): ServerAnswer {
  const filters = [...query].flatMap(([key, value]) => filterOf(key, value));
  const any = query.get('match') === 'any' && filters.length > 0;
  const found = world.records.filter((record) =>
    any ? filters.some((matches) => matches(record)) : filters.every((matches) => matches(record)),
  );
  const order = query.get('order');
  if (order === 'name' || order === 'type' || order === 'content' || order === 'ttl' || order === 'proxied') {
    const sign = query.get('direction') === 'desc' ? -1 : 1;
    found.sort(
      (left, right) => sign * String(left[order]).localeCompare(String(right[order]), 'en', { numeric: true }),
    );
  }
  return page(found.map(recordJson), query, 100);
}

/** `GET /zones/ZONE/dns_records/ID`. */
export function getRecord(world: SimulatedWorld, id: string): ServerAnswer {
  const record = world.records.find((candidate) => candidate.id === id);
  return record === undefined ? noSuchRecord() : success(recordJson(record));
}

/** `POST /zones/ZONE/dns_records`. */
export function createRecord(world: SimulatedWorld, body: string, now: string): ServerAnswer {
  const parsed = parseBody(body, wholeRecord);
  if ('answer' in parsed) return parsed.answer;
  const id = randomBytes(16).toString('hex');
  return store(world, { ...completed(world, parsed.value), id, createdOn: now, modifiedOn: now });
}

/** `PUT /zones/ZONE/dns_records/ID`: what is left out is reset (`proxied` to false, `ttl` to automatic). */
export function overwriteRecord(world: SimulatedWorld, id: string, body: string, now: string): ServerAnswer {
  const record = world.records.find((candidate) => candidate.id === id);
  if (record === undefined) return noSuchRecord();
  const parsed = parseBody(body, wholeRecord);
  if ('answer' in parsed) return parsed.answer;
  return store(world, { ...record, ...completed(world, parsed.value), modifiedOn: now });
}

/** `PATCH /zones/ZONE/dns_records/ID`: what is left out stays. The type stays too (Cloudflare docs: batch changes types). */
export function patchRecord(world: SimulatedWorld, id: string, body: string, now: string): ServerAnswer {
  const record = world.records.find((candidate) => candidate.id === id);
  if (record === undefined) return noSuchRecord();
  const parsed = parseBody(body, recordPatch);
  if ('answer' in parsed) return parsed.answer;
  const given = parsed.value;
  if (given.type !== undefined && given.type !== record.type) {
    return invalidRecord(9009, 'The type of an existing record cannot be changed.');
  }
  const merged: GivenFields = {
    type: record.type,
    name: given.name ?? record.name,
    ttl: given.ttl ?? record.ttl,
    proxied: given.proxied ?? record.proxied,
    comment: given.comment === undefined ? record.comment : given.comment,
    content: given.content ?? record.content,
    data: given.data,
  };
  return store(world, { ...record, ...completed(world, merged), modifiedOn: now });
}

/** `DELETE /zones/ZONE/dns_records/ID`. */
export function deleteRecord(world: SimulatedWorld, id: string): ServerAnswer {
  const index = world.records.findIndex((candidate) => candidate.id === id);
  if (index < 0) return noSuchRecord();
  world.records.splice(index, 1);
  world.zone.serial += 1;
  return success({ id });
}

function store(world: SimulatedWorld, record: SimulatedRecord): ServerAnswer {
  const refusal = validate(record) ?? conflict(world, record);
  if (refusal !== undefined) return refusal;
  const index = world.records.findIndex((candidate) => candidate.id === record.id);
  if (index < 0) world.records.push(record);
  else world.records[index] = record;
  world.zone.serial += 1;
  return success(recordJson(record));
}

type GivenFields = z.output<typeof recordPatch> & Pick<SimulatedRecord, 'type' | 'name'>;

function completed(world: SimulatedWorld, given: GivenFields): RecordFields {
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
    comment: given.comment ?? null,
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

function validate(record: SimulatedRecord): ServerAnswer | undefined {
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

function conflict(world: SimulatedWorld, record: SimulatedRecord): ServerAnswer | undefined {
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

function noSuchRecord(): ServerAnswer {
  return failure(404, { code: 81044, message: 'Record does not exist.' });
}

function filterOf(key: string, value: string): ((record: SimulatedRecord) => boolean)[] {
  const [field, how = 'exact'] = key.split('.');
  const wanted = value.toLowerCase();
  if (field === 'type') return [(record) => record.type.toLowerCase() === wanted];
  if (field === 'proxied') return [(record) => String(record.proxied) === wanted];
  if (field !== 'name' && field !== 'content' && field !== 'comment') return [];
  const text = (record: SimulatedRecord) => (record[field] ?? '').toLowerCase();
  if (field === 'comment' && how === 'present') return [(record) => record.comment !== null];
  if (field === 'comment' && how === 'absent') return [(record) => record.comment === null];
  if (how === 'exact') return [(record) => text(record) === wanted];
  if (how === 'contains') return [(record) => text(record).includes(wanted)];
  if (how === 'startswith') return [(record) => text(record).startsWith(wanted)];
  return how === 'endswith' ? [(record) => text(record).endsWith(wanted)] : [];
}

function recordJson(record: SimulatedRecord): object {
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
    ttl,
    settings: {},
    meta: {},
    comment,
    tags: [],
    created_on: record.createdOn,
    modified_on: record.modifiedOn,
  };
}
