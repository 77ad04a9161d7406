import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { boundedText } from './bounded-text.ts';
import { connectToFirst, createLookup, discard, type Lookup, unlessAborted } from './dial.ts';
import { addressesOf, boxOf, certificateOf, codeOf, handshake, systemError, timedOut, trustOf } from './probe-steps.ts';
import type { SmtpPhase, SmtpProbeRequest, SmtpProbeResult, SmtpProber } from './smtp.ts';
import { createReplyReader, type ReplyReader, type SmtpReply } from './smtp-replies.ts';

/** The whole vocabulary. There is no MAIL in it: what cannot be said cannot send a message. */
type Command = 'EHLO' | 'STARTTLS' | 'AUTH' | 'QUIT';

/** A literal in place of a name, for a client that has none (RFC 5321, section 4.1.4). */
const ownName = '[127.0.0.1]';
/** Everything is known by then: a server that is slow to say goodbye is not waited for. */
const goodbyeMs = 500;
const longestText = 120;

type Means = { secureContext: SecureContext; lookup: Lookup };

/** One conversation under way. */
type Conversation = {
  request: SmtpProbeRequest;
  signal: AbortSignal;
  result: SmtpProbeResult;
  phase: SmtpPhase;
  socket: Socket;
  reader: ReplyReader;
  elapsedMs(): number;
};

/**
 * Builds the SMTP prober: each conversation has a connection of its own, TLS 1.2 or newer, verified against the hostname
 * wherever the connection goes. `ca` is the PEM text of authorities to trust besides the built-in ones.
 */
export function createSmtpProber(options: { ca?: string; lookup?: Lookup } = {}): SmtpProber {
  const { ca, lookup = createLookup() } = options;
  let trust: Promise<SecureContext> | undefined;
  return async (request) => {
    trust ??= trustOf(ca);
    return converse(request, { secureContext: await trust, lookup });
  };
}

async function converse(request: SmtpProbeRequest, means: Means): Promise<SmtpProbeResult> {
  const startedAt = performance.now();
  const elapsedMs = () => Math.round((performance.now() - startedAt) * 10) / 10;
  const result: SmtpProbeResult = {
    ...{ reached: false, banner: null, tls: null, auth: 'not-tried', authReply: null, failure: null },
    timings: { tcpMs: null, bannerMs: null, tlsMs: null, authMs: null, totalMs: 0 },
  };
  const box = boxOf(request);
  let opened: Conversation | undefined;
  let before: SmtpPhase = 'dns';
  try {
    const addresses = await addressesOf(means.lookup, request.connect, box.signal);
    before = 'tcp';
    const socket = await connectToFirst(addresses, request.connect.port, box.signal);
    result.reached = true;
    result.timings.tcpMs = elapsedMs();
    const reader = createReplyReader(socket);
    opened = { request, signal: box.signal, result, phase: 'banner', socket, reader, elapsedMs };
    await talk(opened, means.secureContext);
  } catch (error) {
    result.failure = explain(error, opened?.phase ?? before, request);
  } finally {
    box.release();
    if (opened !== undefined) discard(opened.socket);
    result.timings.totalMs = elapsedMs();
  }
  return result;
}

async function talk(conversation: Conversation, secureContext: SecureContext): Promise<void> {
  const { request, result } = conversation;
  if (request.security === 'implicit') await secure(conversation, secureContext);
  conversation.phase = 'banner';
  const greeting = await nextReply(conversation);
  result.banner = textOf(greeting, request);
  result.timings.bannerMs = conversation.elapsedMs();
  mustBe(greeting, 220, request);
  let offered = await greet(conversation);
  if (request.security === 'starttls') {
    conversation.phase = 'starttls';
    if (!offered.includes('STARTTLS')) throw systemError('SMTP_NO_STARTTLS', 'the server does not offer STARTTLS');
    mustBe(await command(conversation, 'STARTTLS'), 220, request);
    // Whatever came in the clear behind the reply would be taken for an answer over TLS (CVE-2011-0411).
    if (conversation.reader.hasMore()) throw systemError('SMTP_CLEAR_TEXT', 'more came in the clear after STARTTLS');
    await secure(conversation, secureContext);
    offered = await greet(conversation);
  }
  await logIn(conversation, offered);
  conversation.phase = 'quit';
  const goodbye = command(
    { ...conversation, signal: AbortSignal.any([conversation.signal, AbortSignal.timeout(goodbyeMs)]) },
    'QUIT',
  );
  // All there is to know is known: how the server takes the end of it is no finding.
  await goodbye.catch(() => undefined);
}

async function secure(conversation: Conversation, secureContext: SecureContext): Promise<void> {
  const { request, result, signal } = conversation;
  conversation.phase = 'tls';
  conversation.reader.release();
  const tcp = conversation.socket;
  // Until TLS has taken over, an error of the connection beneath has no other listener.
  tcp.on('error', () => undefined);
  const tls = await handshake(tcp, { hostname: request.hostname, secureContext, signal }).catch((error: unknown) => {
    discard(tcp);
    throw error;
  });
  conversation.socket = tls;
  conversation.reader = createReplyReader(tls);
  result.tls = certificateOf(tls);
  result.timings.tlsMs = conversation.elapsedMs();
}

/** Says EHLO; answers the extensions that are offered, in capitals (RFC 5321, section 4.1.1.1). */
async function greet(conversation: Conversation): Promise<string[]> {
  conversation.phase = 'ehlo';
  const reply = await command(conversation, 'EHLO', ownName);
  mustBe(reply, 250, conversation.request);
  return reply.lines.slice(1).map((line) => line.trim().toUpperCase());
}

async function logIn(conversation: Conversation, offered: readonly string[]): Promise<void> {
  const { request, result } = conversation;
  if (request.login === undefined) return;
  conversation.phase = 'auth';
  if (!offered.some((line) => /^AUTH[ =](.* )?PLAIN( |$)/.test(line))) {
    throw systemError('SMTP_NO_AUTH', 'the server does not offer AUTH PLAIN');
  }
  const reply = await command(conversation, 'AUTH', `PLAIN ${credentialsOf(request.login)}`);
  result.timings.authMs = conversation.elapsedMs();
  result.authReply = textOf(reply, request);
  result.auth = reply.code === 235 ? 'accepted' : reply.code >= 500 ? 'rejected' : 'unavailable';
}

/** RFC 4616, section 2. */
function credentialsOf({ user, password }: { user: string; password: string }): string {
  return Buffer.from(`\0${user}\0${password}`, 'utf8').toString('base64');
}

/** `argument` is this file's own text, or base64: no line end can be in it. */
function command(conversation: Conversation, verb: Command, argument?: string): Promise<SmtpReply> {
  conversation.socket.write(`${argument === undefined ? verb : `${verb} ${argument}`}\r\n`);
  return nextReply(conversation);
}

function nextReply({ reader, signal }: Conversation): Promise<SmtpReply> {
  return unlessAborted(reader.next(), signal);
}

function mustBe(reply: SmtpReply, code: number, request: SmtpProbeRequest): void {
  if (reply.code !== code) throw systemError(`SMTP_${reply.code}`, textOf(reply, request));
}

/** A reply for people: code and text in one line, bounded, without what was sent as credentials. */
function textOf(reply: SmtpReply, { login }: SmtpProbeRequest): string {
  let text = `${reply.code} ${reply.lines.join(' ')}`;
  for (const secret of login === undefined ? [] : [credentialsOf(login), login.password]) {
    if (secret !== '') text = text.replaceAll(secret, '***');
  }
  return boundedText(text, longestText);
}

const unfinished: Readonly<Record<SmtpPhase, string>> = {
  dns: 'the name was not resolved',
  tcp: 'no connection',
  tls: 'the TLS handshake did not finish',
  banner: 'no greeting',
  ehlo: 'no answer to EHLO',
  starttls: 'no answer to STARTTLS',
  auth: 'no answer to the login',
  quit: 'no goodbye',
};

function explain(error: unknown, phase: SmtpPhase, request: SmtpProbeRequest): NonNullable<SmtpProbeResult['failure']> {
  if (error === timedOut) {
    return { phase, code: 'TIMEOUT', message: `${unfinished[phase]} within ${request.timeoutMs} ms` };
  }
  if (request.signal?.aborted === true) {
    return { phase, code: 'ABORTED', message: `stopped: ${unfinished[phase]} yet` };
  }
  const message = error instanceof Error && error.message !== '' ? error.message : codeOf(error);
  return { phase, code: codeOf(error), message: boundedText(message, longestText) };
}
