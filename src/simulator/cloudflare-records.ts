import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { failure, invalidRecord, page, parseBody, success } from './cloudflare-answers.ts';
import {
  completed,
  conflict,
  type GivenFields,
  recordJson,
  recordPatch,
  validate,
  wholeRecord,
} from './cloudflare-record-rules.ts';
import type { ServerAnswer } from './http-server.ts';
import type { SimulatedRecord, SimulatedWorld } from './state.ts';

/** What a change of one record came to: the record as it is now (or was, deleted), or the answer that refuses it. */
export type RecordOutcome = { record: SimulatedRecord } | { refusal: ServerAnswer };

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
  return record === undefined ? noSuchRecord().refusal : success(recordJson(record));
}

/** `POST /zones/ZONE/dns_records`. */
export function createRecord(world: SimulatedWorld, body: string, now: string): ServerAnswer {
  const parsed = parseBody(body, wholeRecord);
  return 'answer' in parsed ? parsed.answer : answerOf(addRecord(world, parsed.value, now));
}

/** `PUT /zones/ZONE/dns_records/ID`: what is left out is reset (`proxied` to false, `ttl` to automatic). */
export function overwriteRecord(world: SimulatedWorld, id: string, body: string, now: string): ServerAnswer {
  const parsed = parseBody(body, wholeRecord);
  return 'answer' in parsed ? parsed.answer : answerOf(replaceRecord(world, id, parsed.value, now));
}

/** `PATCH /zones/ZONE/dns_records/ID`: what is left out stays. The type stays too (Cloudflare docs: batch changes types). */
export function patchRecord(world: SimulatedWorld, id: string, body: string, now: string): ServerAnswer {
  const parsed = parseBody(body, recordPatch);
  return 'answer' in parsed ? parsed.answer : answerOf(changeRecord(world, id, parsed.value, now));
}

/** `DELETE /zones/ZONE/dns_records/ID`. */
export function deleteRecord(world: SimulatedWorld, id: string): ServerAnswer {
  const outcome = removeRecord(world, id);
  return 'refusal' in outcome ? outcome.refusal : success({ id });
}

/** Makes a record, with an id of its own. */
export function addRecord(world: SimulatedWorld, given: z.output<typeof wholeRecord>, now: string): RecordOutcome {
  const id = randomBytes(16).toString('hex');
  return store(world, { ...completed(world, given), id, createdOn: now, modifiedOn: now });
}

/** Overwrites a record; see {@link overwriteRecord}. */
export function replaceRecord(
  world: SimulatedWorld,
  id: string,
  given: z.output<typeof wholeRecord>,
  now: string,
): RecordOutcome {
  const record = world.records.find((candidate) => candidate.id === id);
  if (record === undefined) return noSuchRecord();
  return store(world, { ...record, ...completed(world, given), modifiedOn: now });
}

/** Changes parts of a record; see {@link patchRecord}. */
export function changeRecord(
  world: SimulatedWorld,
  id: string,
  given: z.output<typeof recordPatch>,
  now: string,
): RecordOutcome {
  const record = world.records.find((candidate) => candidate.id === id);
  if (record === undefined) return noSuchRecord();
  if (given.type !== undefined && given.type !== record.type) {
    return { refusal: invalidRecord(9009, 'The type of an existing record cannot be changed.') };
  }
  const merged: GivenFields = {
    type: record.type,
    name: given.name ?? record.name,
    ttl: given.ttl ?? record.ttl,
    proxied: given.proxied ?? record.proxied,
    comment: given.comment === undefined ? record.comment : given.comment,
    content: given.content ?? record.content,
    data: given.data,
    tags: given.tags ?? [...(record.tags ?? [])],
    settings: given.settings ?? { ...record.settings },
    private_routing: given.private_routing ?? record.privateRouting === true,
  };
  return store(world, { ...record, ...completed(world, merged), modifiedOn: now });
}

/** Deletes a record, and tells what it was. */
export function removeRecord(world: SimulatedWorld, id: string): RecordOutcome {
  const record = world.records.find((candidate) => candidate.id === id);
  if (record === undefined) return noSuchRecord();
  world.records = world.records.filter((candidate) => candidate.id !== id);
  world.zone.serial += 1;
  return { record };
}

function store(world: SimulatedWorld, record: SimulatedRecord): RecordOutcome {
  const refusal = validate(record) ?? conflict(world, record);
  if (refusal !== undefined) return { refusal };
  const index = world.records.findIndex((candidate) => candidate.id === record.id);
  if (index < 0) world.records.push(record);
  else world.records[index] = record;
  world.zone.serial += 1;
  return { record };
}

function answerOf(outcome: RecordOutcome): ServerAnswer {
  return 'refusal' in outcome ? outcome.refusal : success(recordJson(outcome.record));
}

function noSuchRecord(): { refusal: ServerAnswer } {
  return { refusal: failure(404, { code: 81044, message: 'Record does not exist.' }) };
}

function filterOf(key: string, value: string): ((record: SimulatedRecord) => boolean)[] {
  const [field, how = 'exact'] = key.split('.');
  const wanted = value.toLowerCase();
  if (field === 'type') return [(record) => record.type.toLowerCase() === wanted];
  if (field === 'proxied') return [(record) => String(record.proxied) === wanted];
  if (field === 'tag') return tagFilter(how, value);
  if (field !== 'name' && field !== 'content' && field !== 'comment') return [];
  const text = (record: SimulatedRecord) => (record[field] ?? '').toLowerCase();
  if (field === 'comment' && how === 'present') return [(record) => record.comment !== null];
  if (field === 'comment' && how === 'absent') return [(record) => record.comment === null];
  if (how === 'exact') return [(record) => text(record) === wanted];
  if (how === 'contains') return [(record) => text(record).includes(wanted)];
  if (how === 'startswith') return [(record) => text(record).startsWith(wanted)];
  return how === 'endswith' ? [(record) => text(record).endsWith(wanted)] : [];
}

/** `tag.present=NAME`, `tag.absent=NAME` and `tag.exact=NAME:VALUE`. */
function tagFilter(how: string, value: string): ((record: SimulatedRecord) => boolean)[] {
  const named = (record: SimulatedRecord) => (record.tags ?? []).some((tag) => tag.startsWith(`${value}:`));
  if (how === 'present') return [named];
  if (how === 'absent') return [(record) => !named(record)];
  return how === 'exact' ? [(record) => (record.tags ?? []).includes(value)] : [];
}
