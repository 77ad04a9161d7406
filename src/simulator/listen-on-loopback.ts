import type { AddressInfo, Server, Socket } from 'node:net';

/** A server that listens on 127.0.0.1, on a port that the system chose. */
export type RunningServer = {
  port: number;
  /** Stops listening and cuts every connection. Safe to call twice. */
  close(): Promise<void>;
};

/** Lets a server listen on a free port of 127.0.0.1. `sockets`: the connections that closing it ends. */
export async function listenOnLoopback(server: Server, sockets: ReadonlySet<Socket>): Promise<RunningServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  let closed: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closed;
    },
  };
}
