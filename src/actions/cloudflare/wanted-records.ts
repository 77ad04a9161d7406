import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { ActionContext } from '../action.ts';
import { routeOf } from '../http/connect-target.ts';
import { pairRecords } from './record-writes.ts';
import { namesOfRoute } from './standby-record.ts';
import { plainName, type RecordState, sameAnswer } from './zone-record-state.ts';

const ttl = z
  .union([z.literal(1), z.int().min(30).max(86_400)])
  .describe('seconds (30 to 59 on Enterprise zones only); 1 is automatic, 300 s');

/** A record that the name is to have. `proxied` has no default: what is left out would be guessed. */
const wantedRecord = z.strictObject({
  type: z.enum(['A', 'AAAA', 'CNAME']),
  content: z.string().min(1).describe('an address, or the name that a CNAME leads to'),
  proxied: z.boolean().describe('through Cloudflare’s proxy, or DNS only'),
  ttl: ttl.optional().describe('default 60 of DNS-only records; proxied ones are always automatic'),
});

/** What the action is asked for: a route, or the records themselves. */
export const wantedSchema = z.strictObject({
  route: z.string().optional().describe('lead to this route: one DNS-only CNAME to its name'),
  records: z.array(wantedRecord).min(1).max(20).optional().describe('or: exactly these records, and no other'),
  ttl: ttl.default(60).describe('of the route’s CNAME'),
});

type Wanted = z.output<typeof wantedSchema>;
type Answer = Pick<RecordState, 'type' | 'content' | 'proxied' | 'ttl'>;

/**
 * The records that the name is to have, all of those that steer clients: what is not among them goes. Throws `invalid`
 * where they cannot be one name's records, or are not given, or given twice.
 */
export function wantedRecords({ route, records, ttl: routeTtl }: Wanted, env: ActionContext['env']): Answer[] {
  if ((route === undefined) === (records === undefined)) {
    throw new OpsError('invalid', 'give the step either `route` or `records`', {
      hint: '`with: { route: fallback }` for a CNAME to the standby; `records` for anything else',
    });
  }
  if (route !== undefined) return [{ type: 'CNAME', content: routeName(env, route), proxied: false, ttl: routeTtl }];
  const wanted = (records ?? []).map(completed);
  assertOneName(wanted);
  return wanted;
}

function routeName(env: ActionContext['env'], route: string): string {
  if (routeOf(env, route).provider === 'cloudflare') {
    throw new OpsError('invalid', `the route ${route} goes through Cloudflare’s proxy, which no CNAME leads to`, {
      hint: 'give the proxied `records` themselves, with the origin’s names or addresses',
    });
  }
  const [name, ...more] = namesOfRoute(env, route);
  if (name !== undefined && more.length === 0) return name;
  throw new OpsError('invalid', `the route ${route} has several names: ${[name, ...more].join(', ')}`, {
    hint: `give routes.${route} one answers.cname in the environment file`,
  });
}

function completed({ type, content, proxied, ttl: seconds }: z.output<typeof wantedRecord>): Answer {
  if (proxied && seconds !== undefined && seconds !== 1) {
    throw new OpsError(
      'invalid',
      `a proxied record has no TTL of its own (${seconds} s asked for): it is always 300 s`,
      {
        hint: 'leave `ttl` out, or set `proxied: false`',
      },
    );
  }
  return { type, content: spelled(type, content), proxied, ttl: proxied ? 1 : (seconds ?? 60) };
}

/** Content as Cloudflare stores it, so that a comparison with what it answers holds. */
function spelled(type: Answer['type'], content: string): string {
  if (type === 'A' && isIPv4(content)) return content;
  // The URL parser writes IPv6 addresses in the one form of RFC 5952, as the API does.
  if (type === 'AAAA' && isIPv6(content) && !content.includes('%'))
    return new URL(`http://[${content}]`).hostname.slice(1, -1);
  const name = plainName(content);
  const isName = /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/.test(name);
  if (type === 'CNAME' && isName) return name;
  throw new OpsError('invalid', `"${content}" cannot be the content of ${type === 'A' ? 'an' : 'a'} ${type} record`, {
    hint: 'A needs an IPv4 address, AAAA an IPv6 one, CNAME a name with its domain',
  });
}

function assertOneName(wanted: readonly Answer[]): void {
  const problem =
    wanted.some(({ type }) => type === 'CNAME') && wanted.length > 1
      ? 'a CNAME stands alone: no other record of where the name leads can be beside it'
      : new Set(wanted.map(({ type, content }) => `${type} ${content}`)).size < wanted.length
        ? 'the same record is given twice'
        : new Set(wanted.map(({ proxied }) => proxied)).size > 1
          ? 'some records are proxied and some are not: Cloudflare would proxy them all'
          : undefined;
  if (problem === undefined) return;
  throw new OpsError('invalid', `these records cannot be one name’s: ${problem}`, { hint: 'correct `records`' });
}

/**
 * What the name has afterwards: records that already answer as wanted stay as they are, comment and all; a record that
 * is changed keeps its tags, and its settings unless it enters or leaves the proxy; what is written carries the marker in its comment.
 */
export function stateAfter(before: readonly RecordState[], wanted: readonly Answer[], marker: string): RecordState[] {
  const { paired } = pairRecords(before, wanted);
  return wanted.map((answer, index) => {
    const found = paired.get(index);
    const fresh = { comment: null, tags: [], settings: {}, privateRouting: false, data: null };
    // Settings belong to one kind of record: flattening to DNS-only ones, the choice of a family to proxied ones.
    const settings = found !== undefined && found.proxied === answer.proxied ? found.settings : {};
    const next: RecordState = { ...(found ?? fresh), settings, ...answer };
    return found !== undefined && sameAnswer(found, next)
      ? found
      : { ...next, comment: withMarker(found?.comment, marker) };
  });
}

/** Comments on free plans end at 100 characters (Cloudflare docs, dns/manage-dns-records/reference/record-attributes). */
const longestComment = 100;

/** The old words stay in front where both fit. */
function withMarker(comment: string | null | undefined, marker: string): string {
  const both = comment === null || comment === undefined ? marker : `${comment} [${marker}]`;
  return both.length <= longestComment ? both : marker;
}
