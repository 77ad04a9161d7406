import type { Summary } from '../action.ts';
import { lineWidth, toWidth, wrapText } from '../http/text-columns.ts';
import type { Look, ServerRow } from './look.ts';

const columns = { mark: 4, server: 27, ttl: 7 } as const;

/** What is wrong with an answer stands under its server. */
const noteIndent = '    ';

/** The most lines that the rows may take on a screen; the journal has all of them. */
const mostRows = 24;

/** In words: how many of the servers asked answer with the route, e.g. `3 of 4 authoritative servers answer with fallback`. */
export function countInWords(look: Look, route: string): string {
  const parts = [
    ...(look.authoritative.total > 0
      ? [`${look.authoritative.agreeing} of ${look.authoritative.total} authoritative servers`]
      : []),
    ...(look.resolvers.total > 0 ? [`${look.resolvers.agreeing} of ${look.resolvers.total} resolvers`] : []),
  ];
  return `${parts.join(', ') || 'no servers'} answer with ${route}`;
}

/** A table of servers, their answer and TTL in seconds, with what is wrong beneath; and the times that follow. */
export function describeLook(look: Look): Summary['detail'] {
  const rows = groupAlike(look.servers);
  const shown = rows.slice(0, mostRows);
  return [
    tableLine('', 'server', 'answer', 'TTL'),
    ...shown.flatMap(describeRow),
    ...(rows.length > shown.length ? [`    … and ${rows.length - shown.length} more, all in the journal`] : []),
    ...(look.maxTtlMs === null ? [] : [`TTL at the authoritative servers: ${seconds(look.maxTtlMs)}`]),
    ...(look.remainingMs === 0
      ? []
      : [`resolvers that do not agree keep their answers for up to ${seconds(look.remainingMs)}`]),
    ...(look.negativeCacheMs === null
      ? []
      : [`a missing record would be kept as missing for up to ${seconds(look.negativeCacheMs)}`]),
  ];
}

/** Milliseconds as people read waits: whole seconds. */
export function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}

type Group = ServerRow & { addresses: number };

/** Addresses of one server that answer alike share a line. */
function groupAlike(rows: readonly ServerRow[]): Group[] {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const key = JSON.stringify([row.server, row.kind, row.answered, row.agrees, row.answer, row.note]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ...row, addresses: 1 });
    else {
      group.addresses += 1;
      group.ttl = Math.max(group.ttl ?? 0, row.ttl ?? 0);
    }
  }
  return [...groups.values()];
}

function describeRow(row: Group): string[] {
  const mark = row.agrees ? 'yes' : row.answered ? 'NO' : '?';
  const count = row.addresses > 1 ? ` ×${row.addresses}` : '';
  const server = `${toWidth(row.server, columns.server - count.length).trimEnd()}${count}`;
  const line = tableLine(mark, server, row.answer, row.ttl === null ? '–' : String(row.ttl));
  if (row.note === '') return [line];
  return [line, ...wrapText(row.note, '', lineWidth - noteIndent.length).map((text) => noteIndent + text)];
}

function tableLine(mark: string, server: string, answer: string, ttl: string): string {
  const { mark: markWidth, server: serverWidth, ttl: ttlWidth } = columns;
  const answerWidth = lineWidth - markWidth - serverWidth - ttlWidth - 1;
  return `${mark.padEnd(markWidth)}${toWidth(server, serverWidth)} ${toWidth(answer, answerWidth)}${ttl.padStart(ttlWidth)}`;
}
