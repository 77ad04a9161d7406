import { z } from 'zod';

const millisecondsSchema = z.number().nonnegative().nullable();

/** What became of one request of a suite over one route. */
export const requestResultSchema = z.strictObject({
  id: z.string(),
  critical: z.boolean(),
  outcome: z
    .enum(['passed', 'failed', 'unreachable', 'skipped'])
    .describe('unreachable: no whole answer came; skipped: never sent, a secret is missing'),
  status: z.int().nullable(),
  why: z.string().describe('in plain words'),
  answeredBy: z.string().describe('cloudflare, cloudfront, load-balancer, backend, unknown, or nobody'),
  backend: z.string().nullable().describe('the backend that the answer’s signature told'),
  via: z.string().describe('the provider whose marks the answer carries, or none'),
  misrouted: z.boolean().describe('the answer carries the marks of another provider than the route’s'),
  connected: z.boolean().describe('a TCP connection was opened'),
  problem: z.string().nullable().describe('the phase in which an unreachable request ended'),
  remoteAddress: z.string().nullable().describe('with the port, unless it is 443'),
  notes: z.array(z.string()).describe('what could not be judged'),
  timings: z
    .strictObject({
      dnsMs: millisecondsSchema,
      tcpMs: millisecondsSchema,
      tlsMs: millisecondsSchema,
      firstByteMs: millisecondsSchema,
      totalMs: z.number().nonnegative(),
    })
    .nullable()
    .describe('milliseconds from the start of the request to the end of each phase'),
});

/** See {@link requestResultSchema}. */
export type RequestResult = z.output<typeof requestResultSchema>;
