import { OpsError } from '../../errors.ts';

/** Splits the environment's `host`, `host:port` or `[v6]:port`. Throws `invalid` for a port that cannot be. */
export function splitTarget(text: string, defaultPort: number): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (host !== undefined && port >= 1 && port <= 65_535) return { host: host.toLowerCase(), port };
  throw new OpsError('invalid', `"${text}" is not a place to ask`, {
    hint: 'write address, address:port (1 to 65535) or [v6]:port in the environment',
  });
}
