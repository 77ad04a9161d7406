import type { Suite } from '../http/suite.ts';

/** A request whose way is looked at: method, and path with query. */
export type Row = { method: string; path: string };

const methods = ['POST', 'GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const mostPaths = 60;

/**
 * The requests whose ways are compared: those of the suite, and every path that the suite or a rule's condition names,
 * with and without a query, by every method; and with the methods that conditions name, POST and GET, what routers trip
 * over: a trailing slash, capitals, a path beneath it, an encoded letter, slashes and dots that normalization removes, and
 * an encoded slash.
 */
export function truthTable(suite: Suite, conditions: readonly string[]): Row[] {
  const texts = conditions.flatMap((condition) => [...condition.matchAll(/"([!$-~]*)"/g)].map(([, text = '']) => text));
  const named = methods.filter((method) => method === 'POST' || method === 'GET' || texts.includes(method));
  const bases = [
    ...new Set([
      ...texts.filter((text) => text.startsWith('/')),
      ...suite.requests.map(({ path }) => path.split('?')[0] ?? '/'),
    ]),
  ].slice(0, mostPaths);
  const rows = (paths: readonly string[], by: readonly string[]): Row[] =>
    paths.flatMap((path) => by.map((method) => ({ method, path })));
  const all = [
    ...suite.requests.map(({ method, path }) => ({ method, path })),
    ...bases.flatMap((base) => rows([base, `${base}?dry=1`], methods)),
    ...bases.flatMap((base) => rows(variantsOf(base), named)),
  ];
  return [...new Map(all.map((row) => [`${row.method} ${row.path}`, row])).values()];
}

function variantsOf(path: string): string[] {
  const at = path.search(/[a-z]/i);
  const letter = path[at];
  if (letter === undefined) return [];
  const before = path.slice(0, at);
  const after = path.slice(at + 1);
  return [
    `${path}/`,
    `${before}${letter.toUpperCase()}${after}`,
    `${path}/batch`,
    `${path}/00000000-0000-0000-0000-000000000000`,
    `${before}%${letter.charCodeAt(0).toString(16)}${after}`,
    `/${path}`,
    `/.${path}`,
    `/x/..${path}`,
    `${path}%2F`,
  ];
}
