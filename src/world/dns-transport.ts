import { setMaxListeners } from 'node:events';
import type { DnsAnswer, DnsQuestion, DnsTransport } from './dns.ts';
import type { Reply } from './dns-message.ts';

type Failure = { code: Exclude<DnsAnswer, { answered: true }>['code']; message: string };
type Outcome = { reply: Extract<Reply, { kind: 'answer' }>; overTcp: boolean } | Failure;

/** One question under way: its bytes, and the signal that ends it, by time or by the caller. */
type Exchange = {
  question: DnsQuestion;
  query: Buffer;
  /** Reads a message as the reply to this query. */
  read(message: Buffer): Reply;
  signal: AbortSignal;
};

/**
 * Asks over UDP with a random id from a random port, sends once more at half of the time box, and asks the same server
 * over TCP when the answer is truncated. Datagrams from elsewhere or about something else are ignored until the time
 * is over. Contacts the given server and nothing else. Every failure is a value; only a bug throws.
 */
export function createDnsTransport(): DnsTransport {
  return async (question) => {
    const started = performance.now();
    const rtt = () => Math.round(performance.now() - started);
    const outcome = await ask(question);
    if ('code' in outcome) return { answered: false, ...outcome, rttMs: rtt() };
    const { rcode, authoritative, answers, authorities, additionals } = outcome.reply;
    const { overTcp } = outcome;
    return { answered: true, rcode, authoritative, overTcp, answers, authorities, additionals, rttMs: rtt() };
  };
}

async function ask(question: DnsQuestion): Promise<Outcome> {
  const [{ default: codec }, { encodeQuery, readReply }, { isIP }, { randomInt }] = await Promise.all([
    import('dns-packet'),
    import('./dns-message.ts'),
    import('node:net'),
    import('node:crypto'),
  ]);
  const { address, port } = question.server;
  if (isIP(address) === 0 || port < 1 || port > 65_535) {
    return { code: 'network', message: `${address} port ${port} is no address to ask: name an IP address and a port` };
  }
  const id = randomInt(0x10000);
  const query = encodeQuery(codec, id, question);
  if (query === undefined) return { code: 'malformed', message: `${question.name} cannot be asked: it is no DNS name` };

  if (question.signal?.aborted === true) return aborted;
  const controller = new AbortController();
  const stop = () => controller.abort(aborted);
  if (question.signal !== undefined) {
    // A look asks dozens of questions at once under one signal: that is no leak to warn an operator of.
    setMaxListeners(0, question.signal);
    question.signal.addEventListener('abort', stop, { once: true });
  }
  const timer = setTimeout(() => {
    controller.abort({ code: 'timeout', message: `no answer within ${question.timeoutMs} ms` });
  }, question.timeoutMs);
  try {
    const read = (message: Buffer) => readReply(codec, message, id, question);
    const exchange = { question, query, read, signal: controller.signal };
    const first = await askOverUdp(exchange);
    if (first !== 'truncated') return first;
    const second = await askOverTcp(exchange);
    return 'code' in second ? { ...second, message: `truncated over UDP; over TCP: ${second.message}` } : second;
  } finally {
    clearTimeout(timer);
    question.signal?.removeEventListener('abort', stop);
  }
}

const aborted: Failure = { code: 'aborted', message: 'stopped before an answer came' };

async function askOverUdp({ question, query, read, signal }: Exchange): Promise<Outcome | 'truncated'> {
  const { createSocket } = await import('node:dgram');
  const { address, port } = question.server;
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  let retry: NodeJS.Timeout | undefined;
  let ignored = 0;
  let stop = () => {};
  const outcome = await new Promise<Outcome | 'truncated'>((resolve) => {
    stop = () => resolve(endOf(signal, ignored));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    socket.on('error', (error) => resolve(networkFailure(error)));
    socket.on('message', (message) => {
      const reply = read(message);
      if (reply.kind === 'other') ignored += 1;
      else if (reply.kind === 'malformed') resolve(reply.truncated ? 'truncated' : malformed(reply.message));
      else resolve(reply.truncated ? 'truncated' : { reply, overTcp: false });
    });
    // Connected, so that the kernel picks a random port, drops datagrams from any other address or port, and reports
    // a closed port at once.
    socket.once('connect', () => {
      socket.send(query);
      retry = setTimeout(() => socket.send(query), question.timeoutMs / 2);
    });
    socket.connect(port, address);
  });
  clearTimeout(retry);
  signal.removeEventListener('abort', stop);
  socket.close();
  return outcome;
}

async function askOverTcp({ question, query, read, signal }: Exchange): Promise<Outcome> {
  const { connect } = await import('node:net');
  const socket = connect({ host: question.server.address, port: question.server.port });
  let received = Buffer.alloc(0);
  let stop = () => {};
  const outcome = await new Promise<Outcome>((resolve) => {
    stop = () => resolve(endOf(signal, 0));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    socket.on('error', (error) => resolve(networkFailure(error)));
    socket.on('end', () => resolve({ code: 'network', message: 'the server closed the connection in mid-answer' }));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2) return;
      const end = 2 + received.readUInt16BE(0);
      if (received.length < end) return;
      const reply = read(received.subarray(2, end));
      if (reply.kind === 'answer') resolve({ reply, overTcp: true });
      else if (reply.kind === 'malformed') resolve(malformed(reply.message));
      else resolve({ code: 'mismatch', message: 'the server answered another question' });
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
  signal.removeEventListener('abort', stop);
  socket.destroy();
  return outcome;
}

/** Why the time was over: the signal's reason is always a failure that `ask` put there. */
function endOf(signal: AbortSignal, ignored: number): Failure {
  const failure: Failure = signal.reason;
  if (failure.code !== 'timeout' || ignored === 0) return failure;
  return { code: 'mismatch', message: `${failure.message}; ${ignored} datagram(s) answered another question` };
}

function malformed(message: string): Failure {
  return { code: 'malformed', message: `the answer cannot be read: ${message}` };
}

function networkFailure(error: NodeJS.ErrnoException): Failure {
  return { code: error.code === 'ECONNREFUSED' ? 'refused' : 'network', message: error.message };
}
