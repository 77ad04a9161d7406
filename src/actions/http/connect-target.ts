import { OpsError } from '../../errors.ts';
import type { Environment, Route } from '../../world/environment.ts';

/** Where a connection is opened. */
export type ConnectTarget = { host: string; port: number };

/** A route of the environment. Throws `invalid`, naming the routes there are. */
export function routeOf(env: Environment, name: string): Route {
  const route = Object.hasOwn(env.routes, name) ? env.routes[name] : undefined;
  if (route !== undefined) return route;
  throw new OpsError('invalid', `the environment has no route "${name}"`, {
    hint: `its routes are: ${Object.keys(env.routes).join(', ') || 'none'}`,
  });
}

/**
 * Where to dial for a request: the route's one target, or the target of the backend that must answer. Throws
 * `invalid` when the route has a target per backend and the request names none of them.
 */
export function targetFor(route: Route, routeName: string, request: { id: string; backend?: string }): ConnectTarget {
  if (typeof route.connect === 'string') return parseTarget(route.connect);
  const { backend } = request;
  const target = backend !== undefined && Object.hasOwn(route.connect, backend) ? route.connect[backend] : undefined;
  if (target !== undefined) return parseTarget(target);
  const known = Object.keys(route.connect).join(', ');
  throw new OpsError('invalid', `route "${routeName}" does not say where to dial for request "${request.id}"`, {
    hint:
      backend === undefined
        ? `it has a target per backend (${known}): give the request an expect.backend`
        : `give the route a target for backend "${backend}" (it has ${known})`,
  });
}

/** Splits `host`, `host:port` or `[v6]:port`; the port is 443, or the one said, unless given. Throws `invalid` for a port that cannot be. */
export function parseTarget(text: string, usual = 443): ConnectTarget {
  const [, bracketed, plain, digits] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? usual : Number(digits);
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  throw new OpsError('invalid', `"${text}" is not a place to connect to`, {
    hint: 'write host, host:port (1 to 65535), address:port or [v6]:port in the environment',
  });
}
