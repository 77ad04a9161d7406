import type { EventValue, FunctionRequest } from '../world/function-outcome.ts';
import type { ServerRequest } from './http-server.ts';

/** A request as a viewer-request function sees it: names in lower case, no body, the query apart from the path. */
export function eventRequest({ method, path, headers }: ServerRequest): FunctionRequest {
  const [uri = '/', ...query] = path.split('?');
  const { cookie, ...others } = headers;
  return {
    method,
    uri,
    querystring: grouped(query.join('?'), '&'),
    headers: Object.fromEntries(
      Object.entries(others).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, { value: [value].flat().join(', ') }]],
      ),
    ),
    cookies: grouped(cookie ?? '', /;\s*/),
  };
}

/** Headers that a viewer-request function may read only (CloudFront docs, restrictions on edge functions). */
const readOnly = ['host', 'content-length', 'transfer-encoding', 'via'];

/** The request that a function returned, to go on with. Undefined where it changed what it may not. */
export function changedRequest(request: ServerRequest, returned: FunctionRequest): ServerRequest | undefined {
  const sent = eventRequest(request);
  if (returned.method !== sent.method || !returned.uri.startsWith('/')) return undefined;
  if (readOnly.some((name) => returned.headers[name]?.value !== sent.headers[name]?.value)) return undefined;
  const isSameQuery = JSON.stringify(returned.querystring) === JSON.stringify(sent.querystring);
  const query = isSameQuery ? request.path.split('?').slice(1).join('?') : queryOf(returned.querystring);
  const cookie = joined(returned.cookies, '; ');
  return {
    ...request,
    path: query === '' ? returned.uri : `${returned.uri}?${query}`,
    headers: {
      ...Object.fromEntries(Object.entries(returned.headers).map(([name, { value }]) => [name.toLowerCase(), value])),
      ...(cookie === '' ? {} : { cookie }),
    },
  };
}

function grouped(text: string, separator: string | RegExp): Record<string, EventValue> {
  const values: Record<string, EventValue> = {};
  for (const pair of text.split(separator).filter((part) => part !== '')) {
    const [name = '', ...rest] = pair.split('=');
    const value = rest.join('=');
    const known = values[name];
    const all = [...(known?.multiValue ?? (known === undefined ? [] : [{ value: known.value }])), { value }];
    values[name] = { value: known?.value ?? value, ...(all.length > 1 ? { multiValue: all } : {}) };
  }
  return values;
}

function queryOf(querystring: FunctionRequest['querystring']): string {
  return typeof querystring === 'string' ? querystring : joined(querystring, '&');
}

function joined(values: Readonly<Record<string, EventValue>>, separator: string): string {
  return Object.entries(values)
    .flatMap(([name, { value, multiValue }]) =>
      (multiValue ?? [{ value }]).map((one) => (one.value === '' ? name : `${name}=${one.value}`)),
    )
    .join(separator);
}
