import { z } from 'zod';
import type { RequestResult } from './request-result.ts';
import { lineWidth, toWidth } from './text-columns.ts';

/** What a route's rounds were for one request. */
const cellSchema = z.strictObject({
  passed: z.int().nonnegative(),
  of: z.int().nonnegative().describe('rounds in which it was sent'),
  unreached: z.int().nonnegative().describe('rounds in which no TLS session came about: nobody was there to fail'),
  limited: z.int().nonnegative().describe('rounds in which it was answered 429: asked too often, it says nothing more'),
  text: z.string().describe('for people, e.g. `ok 3/3` or `FAIL 0/3 500`'),
  why: z.string().describe('of the last round that failed, or of the last'),
});

/** A row a request, critical ones first; a cell a route. */
export const matrixSchema = z.array(
  z.strictObject({ id: z.string(), critical: z.boolean(), cells: z.record(z.string(), cellSchema) }),
);

/** See {@link matrixSchema}. */
export type Matrix = z.output<typeof matrixSchema>;

/** Results of one round, by route. */
export type Round = ReadonlyMap<string, readonly RequestResult[]>;

/** Gathers rounds into the matrix. */
export function matrixOf(rounds: readonly Round[], routes: readonly string[]): Matrix {
  const requests = rounds[0]?.get(routes[0] ?? '') ?? [];
  return requests
    .map(({ id, critical }) => ({
      id,
      critical,
      cells: Object.fromEntries(
        routes.map((route) => [route, cellOf(rounds.flatMap((round) => find(round.get(route), id)))]),
      ),
    }))
    .sort((a, b) => Number(b.critical) - Number(a.critical));
}

function find(results: readonly RequestResult[] | undefined, id: string): RequestResult[] {
  return results?.filter((result) => result.id === id) ?? [];
}

function cellOf(results: readonly RequestResult[]): Matrix[number]['cells'][string] {
  const sent = results.filter(({ outcome }) => outcome !== 'skipped');
  const failed = sent.filter(({ outcome }) => outcome !== 'passed');
  const passed = sent.length - failed.length;
  const last = failed.at(-1) ?? results.at(-1);
  const score = `${passed}/${sent.length}`;
  const text = sent.length === 0 ? 'skipped' : failed.length === 0 ? `ok ${score}` : `FAIL ${score} ${mark(last)}`;
  const unreached = failed.filter(isUnreached).length;
  const limited = failed.filter(({ status }) => status === 429).length;
  return { passed, of: sent.length, unreached, limited, text, why: last?.why ?? '' };
}

/** Not to be told, from here, from a way that is closed to this machine alone. */
function isUnreached({ outcome, timings }: RequestResult): boolean {
  return outcome === 'unreachable' && timings?.tlsMs === null;
}

/** The status of a failed request, or in one word how it ended. */
function mark(result: RequestResult | undefined): string {
  if (result === undefined) return '';
  if (result.misrouted) return 'path';
  if (result.status !== null) return String(result.status);
  return result.problem === 'timeout' ? 'late' : (result.problem ?? '');
}

/** The matrix as lines of at most 64 characters, in words and symbols, never in colour. */
export function renderMatrix(matrix: Matrix, routes: readonly string[]): string[] {
  const widest = (texts: readonly string[], most: number) => Math.min(most, Math.max(...texts.map((t) => t.length)));
  const columns = routes.map((route) => ({
    route,
    width: widest([route, ...matrix.map(({ cells }) => cells[route]?.text ?? '')], 18),
  }));
  const room = lineWidth - columns.reduce((sum, { width }) => sum + width + 2, 0);
  const idWidth = widest(['request', ...matrix.map(({ id, critical }) => label(id, critical))], room);
  const line = (first: string, cellOfRoute: (route: string) => string) =>
    [toWidth(first, idWidth), ...columns.map(({ route, width }) => toWidth(cellOfRoute(route), width))]
      .join('  ')
      .trimEnd();
  return [
    line('request', (route) => route),
    ...matrix.map(({ id, critical, cells }) => line(label(id, critical), (route) => cells[route]?.text ?? '')),
  ];
}

/** A request that is not critical has no voice in the verdict, and says so. */
function label(id: string, critical: boolean): string {
  return critical ? id : `(${id})`;
}
