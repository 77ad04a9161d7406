import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Environment } from '../world/environment.ts';
import { isPlaceholder } from '../world/placeholder.ts';
import { listenOnLoopback, type RunningServer } from './listen-on-loopback.ts';

type Dependencies = Environment['dependencies'];

/** Where a dependency is said to be: its own URL, or one in the place of a placeholder (RFC 2606). */
function urlOf(name: string, url: string): string {
  return isPlaceholder(url) ? `https://${name}.example.net/` : url;
}

/** The hosts that resolvers must know for the dependencies to be looked at. */
export function dependencyHostsOf(dependencies: Dependencies): string[] {
  return Object.entries(dependencies).map(([name, { url }]) => new URL(urlOf(name, url)).hostname);
}

/** The dependencies with their own names, asked at the one server that stands for all of them. */
export function pointDependencies(dependencies: Dependencies, port: number): Dependencies {
  const endpoint = `http://127.0.0.1:${port}/`;
  return Object.fromEntries(
    Object.entries(dependencies).map(([name, dependency]) => [
      name,
      { ...dependency, url: urlOf(name, dependency.url), endpoint },
    ]),
  );
}

/** Starts the server that stands for every dependency, on a free port of 127.0.0.1: it answers whoever asks, and nothing more. */
export function startDependencies(): Promise<RunningServer> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/plain', server: 'nginx' }).end('here\n');
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  return listenOnLoopback(server, sockets);
}
