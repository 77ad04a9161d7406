import dgram from 'node:dgram';
import dns from 'node:dns';
import net from 'node:net';

/** Every door to the network of this process, shut: what tries one is noted, and gets an error. */
export function shutNetwork(): { tried(): string[]; open(): void } {
  const tries: string[] = [];
  const shut = (what: string) => () => {
    tries.push(what);
    throw new Error(`${what}: the network is shut`);
  };
  const doors: readonly (() => () => void)[] = [
    replace(net.Socket.prototype, 'connect', shut('a connection')),
    replace(net.Server.prototype, 'listen', shut('a listening socket')),
    replace(dgram.Socket.prototype, 'send', shut('a datagram')),
    replace(dgram.Socket.prototype, 'bind', shut('a bound datagram socket')),
    replace(dns, 'lookup', shut('a look-up')),
  ];
  const undo = doors.map((door) => door());
  return {
    tried: () => tries.splice(0),
    open: () => {
      for (const back of undo) back();
    },
  };
}

function replace<Key extends string>(owner: { [key in Key]: unknown }, key: Key, by: () => never): () => () => void {
  return () => {
    const real = owner[key];
    owner[key] = by;
    return () => {
      owner[key] = real;
    };
  };
}
