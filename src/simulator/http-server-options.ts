import type { IncomingHttpHeaders } from 'node:http';
import type { Region } from './regions.ts';
import type { Component, LoggedRequest, SimulatedWorld } from './state.ts';

/** A request as a simulated server sees it, its body read to the end. */
export type ServerRequest = {
  method: string;
  /** Path with query, as sent. */
  path: string;
  /** Lower-case names, as Node gives them. */
  headers: IncomingHttpHeaders;
  /** UTF-8. */
  body: string;
  /** The name in the TLS handshake; undefined over plain http, or when the client sent none. */
  servername: string | undefined;
};

/** What a simulated server answers. `content-length` and `date` are added; nothing else is. */
export type ServerAnswer = {
  status: number;
  headers?: Readonly<Record<string, string | string[]>>;
  body?: string;
  /** Of the body, with a byte order mark; UTF-8 unless given. */
  encoding?: 'utf-16be';
};

/** A certificate and its key, as a certificate authority issues them. */
export type TlsIdentity = { keyPem: string; certPem: string };

/** How a simulated server is made. */
export type HttpServerOptions = {
  world: SimulatedWorld;
  /** Whose faults apply. */
  component: Component;
  /** Where it stands; the operator's region unless given. */
  region?: Region;
  /** What the request log calls it. */
  server: LoggedRequest['server'];
  /** Plain http without it. `certificateFor` chooses by SNI; where it gives nothing, the identity itself is used. */
  tls?: TlsIdentity & { certificateFor?(servername: string): TlsIdentity | undefined };
  /** Milliseconds of the rehearsal's clock. */
  now(): number;
  /** How many clock seconds pass in one real second (1 unless given): shortens `write-late`. */
  speed?: number;
  handle(request: ServerRequest): ServerAnswer | Promise<ServerAnswer>;
  /** Requests that a `status` fault spares, because the provider answers them apart from the traffic. */
  spares?(request: ServerRequest): boolean;
  /** The provider's own page for a status that a fault asks for. */
  errorPage(status: number, request: ServerRequest): Omit<ServerAnswer, 'status'>;
  /** What somebody else does after a read has been answered, under the fault `edited-meanwhile`. */
  editAfter?(request: ServerRequest): void;
  /** Servers whose requests can change the world; only they feel the `write-…` faults. */
  writes?: {
    isWrite(request: ServerRequest): boolean;
    /** Remembers the state, and returns what brings it back (for "answered as if done"). */
    capture(): () => void;
  };
};
