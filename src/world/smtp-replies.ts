import type { Socket } from 'node:net';
import { systemError } from './probe-steps.ts';

/** A server's reply: the code, and the text of each of its lines without it (RFC 5321, section 4.2.1). */
export type SmtpReply = { code: number; lines: string[] };

/** Reads the replies of one connection, in order. */
export type ReplyReader = {
  /** Rejects with `SMTP_MALFORMED` or `SMTP_TOO_LONG`, with the socket's error, or with `ECONNRESET` when it is closed. */
  next(): Promise<SmtpReply>;
  /** Whether bytes have come that no reply has taken. */
  hasMore(): boolean;
  /** Takes its listeners off the socket. */
  release(): void;
};

/** RFC 5321, section 4.5.3.1.5, has 512; some servers are more talkative. */
const longestLine = 2_048;
const longestReply = 64;
/** For a whole conversation, which is a few hundred bytes. */
const mostBytes = 64 * 1_024;

/** Begins to read replies from a socket; whoever called keeps the socket, and destroys it. */
export function createReplyReader(socket: Socket): ReplyReader {
  let buffered = '';
  let received = 0;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    wake?.();
  };
  const onData = (chunk: Buffer) => {
    received += chunk.length;
    if (received > mostBytes) return fail(systemError('SMTP_TOO_LONG', `more than ${mostBytes} bytes`));
    // Bytes as they are: a character that is cut in two by a packet must not become something else.
    buffered += chunk.toString('latin1');
    wake?.();
  };
  const onEnd = () => fail(systemError('ECONNRESET', 'the server closed the connection'));
  socket.on('data', onData);
  socket.on('error', fail);
  socket.on('end', onEnd);
  socket.on('close', onEnd);

  const nextLine = async (): Promise<string> => {
    for (;;) {
      const end = buffered.indexOf('\n');
      if (end > longestLine || (end < 0 && buffered.length > longestLine)) {
        throw systemError('SMTP_TOO_LONG', `a line of more than ${longestLine} bytes`);
      }
      if (end >= 0) {
        const line = buffered.slice(0, end).replace(/\r$/, '');
        buffered = buffered.slice(end + 1);
        return Buffer.from(line, 'latin1').toString('utf8');
      }
      if (failure !== undefined) throw failure;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    async next() {
      const lines: string[] = [];
      let code: string | undefined;
      while (lines.length < longestReply) {
        const [, digits, separator, text = ''] = /^([2-5]\d\d)(?:([ -])(.*))?$/s.exec(await nextLine()) ?? [];
        if (digits === undefined || (code !== undefined && digits !== code)) {
          throw systemError('SMTP_MALFORMED', 'the answer is none of an SMTP server');
        }
        code = digits;
        lines.push(text);
        if (separator !== '-') return { code: Number(code), lines };
      }
      throw systemError('SMTP_TOO_LONG', `a reply of more than ${longestReply} lines`);
    },
    hasMore: () => buffered !== '',
    release() {
      socket.off('data', onData);
      socket.off('error', fail);
      socket.off('end', onEnd);
      socket.off('close', onEnd);
    },
  };
}
