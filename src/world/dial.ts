import type { LookupAddress } from 'node:dns';
import type { Socket } from 'node:net';

/** More addresses than this are never tried: a name with hundreds of them must not eat the probe's time. */
const mostAddresses = 6;

/** How long one address may be silent before the next is tried beside it (RFC 8305, connection attempt delay). */
const headStartMs = 250;

/** Answers every address of a name, in the order in which to try them. Rejects with the system's error. */
export type Lookup = (host: string) => Promise<readonly LookupAddress[]>;

/**
 * The system's resolver (hosts file included). Lookups of one name that run at the same time share one call, because
 * each occupies a thread of a small pool: a resolver that hangs must not stop every other lookup and file operation.
 */
export function createLookup(): Lookup {
  const running = new Map<string, Promise<readonly LookupAddress[]>>();
  return (host) => {
    const known = running.get(host);
    if (known !== undefined) return known;
    const started = resolveBySystem(host).finally(() => running.delete(host));
    running.set(host, started);
    return started;
  };
}

async function resolveBySystem(host: string): Promise<readonly LookupAddress[]> {
  const { lookup } = await import('node:dns/promises');
  return lookup(host, { all: true, verbatim: true });
}

/** Rejects with the signal's reason as soon as it aborts; else settles as `work` does. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/**
 * Opens one TCP connection to the first of the addresses that accepts: the next is tried when one refuses, or beside
 * it when it is silent for a moment. The sockets that lost are destroyed. Rejects with the first address's error when
 * all failed, or with the signal's reason.
 */
export async function connectToFirst(addresses: readonly string[], port: number, signal: AbortSignal): Promise<Socket> {
  const { connect } = await import('node:net');
  signal.throwIfAborted();
  const candidates = addresses.slice(0, mostAddresses);
  const attempts: Socket[] = [];
  const errors: Error[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    return await unlessAborted(
      new Promise<Socket>((resolve, reject) => {
        const tryNext = () => {
          clearTimeout(timer);
          const address = candidates[attempts.length];
          if (address === undefined) return;
          const socket = connect({ host: address, port });
          attempts.push(socket);
          socket.setNoDelay(true);
          socket.once('connect', () => resolve(socket));
          socket.once('error', (error) => {
            errors.push(error);
            if (errors.length === candidates.length) reject(errors[0]);
            else if (attempts.length < candidates.length) tryNext();
          });
          if (attempts.length < candidates.length) timer = setTimeout(tryNext, headStartMs);
        };
        tryNext();
      }),
      signal,
    ).then((winner) => {
      for (const attempt of attempts) if (attempt !== winner) discard(attempt);
      return winner;
    });
  } catch (error) {
    for (const attempt of attempts) discard(attempt);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Destroys a socket whose later errors concern nobody any more. */
export function discard(socket: Socket): void {
  // A destroyed socket can still report the error that was on its way; unheard, that would end the process.
  socket.on('error', () => {});
  socket.destroy();
}
