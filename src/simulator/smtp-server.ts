import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { SmtpSecurity } from '../world/smtp.ts';
import { faultFor } from './faults.ts';
import type { TlsIdentity } from './http-server.ts';
import { listenOnLoopback, type RunningServer } from './listen-on-loopback.ts';
import { logRequest } from './request-log.ts';
import type { SimulatedWorld } from './state.ts';

/** What the API says of a key; `unknown` where it does not answer. */
export type KeyVerdict = 'valid' | 'invalid' | 'unknown';

type SmtpServerOptions = {
  world: SimulatedWorld;
  hostname: string;
  security: SmtpSecurity;
  tls: TlsIdentity;
  /** Milliseconds of the rehearsal's clock. */
  now(): number;
  speed?: number;
  checkKey(key: string): Promise<KeyVerdict>;
};

const longestLine = 2_048;

/** One client's state. */
type Session = { write(text: string): void; end(text: string): void; secured: boolean; loggedIn: boolean };

/**
 * Starts an SMTP server on a free port of 127.0.0.1, as far as a login: it takes no messages. Its user is `resend`, and
 * the password is a key that it has the API check, as the real one did on 18 November 2025: while the API cannot be
 * reached nobody can log in (454), though the ports are open and greet.
 */
export async function startSmtpServer(options: SmtpServerOptions): Promise<RunningServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    void admit(options, socket);
  });
  return listenOnLoopback(server, sockets);
}

/** What the fault of this moment makes of a new connection. */
async function admit(options: SmtpServerOptions, socket: Socket): Promise<void> {
  const fault = faultFor(options.world, 'smtp', options.now());
  if (fault?.kind === 'refuse') {
    socket.destroy();
    return;
  }
  if (fault?.kind === 'hang') return;
  if (fault?.kind === 'slow') {
    await new Promise<void>((resolve) => setTimeout(resolve, fault.ms / (options.speed ?? 1)).unref());
    if (socket.destroyed) return;
  }
  const greeting =
    fault?.kind === 'status'
      ? `421 ${options.hostname} Service not available, closing transmission channel`
      : `220 ${options.hostname} ESMTP`;
  if (options.security === 'implicit') socket = secure(options, socket);
  serve(options, socket, { greeting, secured: options.security === 'implicit' });
}

function secure({ tls }: SmtpServerOptions, socket: Socket): TLSSocket {
  const secureContext = createSecureContext({ key: tls.keyPem, cert: tls.certPem });
  const secured = new TLSSocket(socket, { isServer: true, secureContext });
  // A client that does not trust the certificate hangs up; that is no trouble of the server.
  secured.on('error', () => socket.destroy());
  return secured;
}

function serve(options: SmtpServerOptions, socket: Socket, begin: { greeting: string | null; secured: boolean }): void {
  const session: Session = {
    write: (text) => void (socket.writable && socket.write(`${text}\r\n`)),
    end: (text) => void (socket.writable && socket.end(`${text}\r\n`)),
    secured: begin.secured,
    loggedIn: false,
  };
  if (begin.greeting?.startsWith('421') === true) {
    session.end(begin.greeting);
    return;
  }
  if (begin.greeting !== null) session.write(begin.greeting);
  let buffered = '';
  let turn = Promise.resolve();
  const onData = (chunk: Buffer) => {
    buffered += chunk.toString('latin1');
    if (buffered.length > longestLine && !buffered.includes('\n')) return session.end('500 5.5.2 Line too long');
    for (let end = buffered.indexOf('\n'); end >= 0; end = buffered.indexOf('\n')) {
      const line = buffered.slice(0, end).replace(/\r$/, '');
      buffered = buffered.slice(end + 1);
      if (/^STARTTLS$/i.test(line) && !session.secured && options.security === 'starttls') {
        note(options, 'STARTTLS');
        socket.off('data', onData);
        session.write('220 2.0.0 Ready to start TLS');
        serve(options, secure(options, socket), { greeting: null, secured: true });
        return;
      }
      // One at a time, in order: a login waits for the API.
      turn = turn.then(() => answer(options, session, line));
    }
  };
  socket.on('data', onData);
}

async function answer(options: SmtpServerOptions, session: Session, line: string): Promise<void> {
  const [verb = '', ...words] = line.split(' ');
  note(options, verb.toUpperCase());
  switch (verb.toUpperCase()) {
    case 'EHLO':
      return session.write(
        [
          `250-${options.hostname} greets you`,
          ...(session.secured ? ['250-AUTH PLAIN LOGIN'] : options.security === 'starttls' ? ['250-STARTTLS'] : []),
          '250-8BITMIME',
          '250 ENHANCEDSTATUSCODES',
        ].join('\r\n'),
      );
    case 'HELP':
      return session.write('214 2.0.0 A simulator: it takes logins and no messages');
    case 'NOOP':
      return session.write('250 2.0.0 OK');
    case 'AUTH':
      return logIn(options, session, words);
    case 'QUIT':
      return session.end('221 2.0.0 Bye');
    default:
      return session.write(
        session.loggedIn ? '502 5.5.1 The simulator takes no messages' : '530 5.7.0 Authentication required',
      );
  }
}

async function logIn(options: SmtpServerOptions, session: Session, [mechanism, initial = '']: string[]): Promise<void> {
  if (!session.secured) return session.write('538 5.7.11 Encryption required for requested authentication mechanism');
  if (mechanism?.toUpperCase() !== 'PLAIN') return session.write('504 5.5.4 Mechanism not simulated');
  const [, user = '', key = ''] = Buffer.from(initial, 'base64').toString('utf8').split('\0');
  const verdict = user === 'resend' ? await options.checkKey(key) : 'invalid';
  if (verdict === 'unknown') return session.write('454 4.7.0 Temporary authentication failure');
  if (verdict === 'invalid') return session.write('535 5.7.8 Authentication credentials invalid');
  session.loggedIn = true;
  session.write('235 2.7.0 Authentication successful');
}

/** The command alone: what follows may be a key. */
function note({ world, now }: SmtpServerOptions, method: string): void {
  const write = ['MAIL', 'RCPT', 'DATA', 'BDAT'].includes(method);
  const at = new Date(now()).toISOString();
  logRequest(world, { at, server: 'smtp', method: method.slice(0, 12), path: '', body: '', write });
}
