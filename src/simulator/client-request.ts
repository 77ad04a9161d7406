import { type Agent, request } from 'node:https';

/** One request of a simulated customer. */
type ClientRequest = {
  hostname: string;
  port: number;
  agent: Agent;
  apiKey: string;
  kind: 'send' | 'read';
  idempotencyKey: string;
  signal: AbortSignal;
};

const email = JSON.stringify({
  from: 'Simulated customer <onboarding@resend.dev>',
  to: 'delivered@resend.dev',
  subject: 'Rehearsal',
  text: 'A rehearsal of the failover.',
});

/**
 * Sends `POST /emails` or `GET /domains` as a customer's client would. Resolves with undefined when the API answered
 * 200, and else with why not: the status, or the code of the failed connection. Never rejects.
 */
export function sendClientRequest(options: ClientRequest): Promise<string | undefined> {
  const { hostname, port, agent, apiKey, kind, idempotencyKey, signal } = options;
  const body = kind === 'send' ? email : '';
  const sending = {
    'content-type': 'application/json',
    'content-length': String(body.length),
    'idempotency-key': idempotencyKey,
  };
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException) => resolve(signal.aborted ? 'timeout' : (error.code ?? 'error'));
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        servername: hostname,
        agent,
        signal,
        method: kind === 'send' ? 'POST' : 'GET',
        path: kind === 'send' ? '/emails' : '/domains',
        headers: {
          host: hostname,
          'user-agent': 'simulated-customer/1.0',
          authorization: `Bearer ${apiKey}`,
          ...(kind === 'send' ? sending : {}),
        },
      },
      (response) => {
        response.resume();
        response.on('error', fail);
        response.on('end', () => resolve(response.statusCode === 200 ? undefined : String(response.statusCode)));
      },
    );
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}
