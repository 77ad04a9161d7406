import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { type CallContext, readWithRetry } from './call-cloudflare.ts';

const recordSchema = z.object({
  id: z.string().min(1),
  type: z.string(),
  name: z.string().transform((name) => name.toLowerCase()),
  content: z.string().default(''),
  proxied: z.boolean().default(false),
  ttl: z.number(),
  comment: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
  settings: z.record(z.string(), z.unknown()).nullish(),
  /** Of A and AAAA: traffic reaches the origin through a private network. */
  private_routing: z.boolean().nullish(),
  /** The parts of an HTTPS or SVCB record, which `content` only shows. */
  data: z.record(z.string(), z.unknown()).nullish(),
});

/** A DNS record of the zone. `ttl` in seconds; 1 is automatic. `comment`, `tags` and `settings` do not show in answers. */
export type ZoneRecord = z.output<typeof recordSchema>;

const perPage = 100;
/** Far beyond what one name can hold; a server that ignores `page` would go on for ever. */
const mostPages = 10;

/**
 * Every record at exactly `name`, of all types, from all pages. Pages are asked for one by one until one is empty:
 * each with its own attempts, where the SDK's iterator would begin anew. Throws `failed` when the pages do not end.
 */
export async function listRecordsAt(ctx: CallContext, zoneId: string, name: string): Promise<ZoneRecord[]> {
  const what = `list the DNS records at ${name}`;
  const found = new Map<string, ZoneRecord>();
  for (let page = 1; page <= mostPages; page += 1) {
    const answer = await readWithRetry(ctx, what, (client, options) =>
      client.dns.records.list({ zone_id: zoneId, name: { exact: name }, per_page: perPage, page }, options),
    );
    if (answer.result.length === 0) return [...found.values()];
    for (const item of answer.result) {
      const record = parseRecord(item, what);
      if (record.name === name) found.set(record.id, record);
    }
  }
  throw new OpsError('failed', `${what}: more than ${mostPages} pages, and no end`, {
    hint: 'something is wrong with the API; take the way that does not need it',
  });
}

/** A record for people: `CNAME d1.example.net, DNS only, TTL 60 s`. */
export function describeRecord(record: Pick<ZoneRecord, 'type' | 'content' | 'proxied' | 'ttl'>): string {
  const ttl = record.ttl === 1 ? 'automatic TTL (300 s)' : `TTL ${record.ttl} s`;
  return `${record.type} ${boundedText(record.content, 80)}, ${record.proxied ? 'proxied' : 'DNS only'}, ${ttl}`;
}

/** A record as the API answers it. Throws `failed` where it is none. */
export function parseRecord(item: unknown, what: string): ZoneRecord {
  const parsed = recordSchema.safeParse(item);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new OpsError(
    'failed',
    `${what}: an answer that is no DNS record (${issue?.path.join('.')}: ${issue?.message})`,
    {
      hint: 'look at the records in the dashboard',
    },
  );
}
