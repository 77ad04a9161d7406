import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { SmtpSecurity } from '../../world/smtp.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { daysUntil } from '../days-left.ts';
import { durationSchema } from '../duration.ts';
import { findingCounts, holdFindings, renderFindings } from '../finding.ts';
import { parseTarget } from '../http/connect-target.ts';
import { lineWidth, toWidth } from '../http/text-columns.ts';
import { portsDiffer } from '../input-rules.ts';
import { judgePort, smtpFindingIds } from './judge-port.ts';

/** The documented ports and how TLS begins on each (https://resend.com/docs/send-with-smtp). */
const documented = {
  25: 'starttls',
  465: 'implicit',
  587: 'starttls',
  2465: 'implicit',
  2587: 'starttls',
} as const satisfies Readonly<Record<number, SmtpSecurity>>;

const portSchema = z.literal([25, 465, 587, 2465, 2587]);

/** Looks like a key and is none: what must be refused. */
const noSuchKey = 're_00000000_thisKeyDoesNotExist00000';

const inputSchema = z.strictObject({
  ports: z
    .array(portSchema)
    .min(1)
    .default([25, 465, 587, 2465, 2587])
    .refine(portsDiffer.holds, { message: 'each port once', params: { reads: portsDiffer.reads } })
    .describe('all documented ports unless given'),
  auth: z
    .enum(['none', 'rejected', 'accepted'])
    .default('none')
    .describe('try a login that must end so: `rejected` with a key that does not exist, `accepted` with `key`'),
  key: z.string().min(1).default('resend').describe('the secret with the test key, for `auth: accepted`'),
  'certificate-days': z.int().min(0).max(365).default(14).describe('fewer days left are a problem'),
  within: durationSchema.prefault('8s').describe('time box of each port; all are asked at once'),
});

const ms = z.number().nonnegative().nullable();

const resultSchema = z.strictObject({
  port: portSchema,
  security: z.enum(['implicit', 'starttls']),
  reached: z.boolean(),
  banner: z.string().nullable(),
  tls: z.string().nullable().describe('the protocol, verified against the hostname'),
  certificateDays: z.int().nullable().describe('whole days left'),
  auth: z.enum(['accepted', 'rejected', 'unavailable', 'not-tried']),
  timings: z.strictObject({ tcpMs: ms, bannerMs: ms, tlsMs: ms, authMs: ms, totalMs: z.number().nonnegative() }),
  problems: z.int().nonnegative().describe('findings about it, accepted ones too'),
});

const outputSchema = z.strictObject({
  hostname: z.string(),
  passed: z.int().nonnegative().describe('ports without a problem'),
  total: z.int().positive(),
  ports: z.array(resultSchema),
  ...findingCounts,
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;
type PortResult = z.output<typeof resultSchema>;

/**
 * Talks to the SMTP service on every port at once, as far as a login and never as far as a message. Nothing of it writes:
 * the transport has no word for sending.
 */
export const smtpCheck = check({
  name: 'smtp.check',
  summary: 'Talk to the SMTP service on every documented port: greeting, TLS and certificate, and a login where asked',
  input: inputSchema,
  output: outputSchema,
  findings: smtpFindingIds,
  run,
  summarise,
});

async function run(input: Input, ctx: ActionContext): Promise<Output> {
  const { smtp } = ctx.env;
  if (smtp === undefined) {
    throw new OpsError('refused', 'the environment names no SMTP service', {
      hint: 'add `smtp: { hostname: … }` to the environment file',
    });
  }
  const password = keyOf(input, ctx);
  const judged = await Promise.all(
    input.ports.map(async (port) => {
      const security = documented[port];
      const target = smtp.connect[String(port)];
      const result = await ctx.smtp({
        hostname: smtp.hostname,
        connect: target === undefined ? { host: smtp.hostname, port } : parseTarget(target, port),
        security,
        ...(password === undefined ? {} : { login: { user: smtp.user, password } }),
        timeoutMs: input.within,
        signal: ctx.signal,
      });
      const expected = { port, hostname: smtp.hostname, auth: input.auth, nowMs: ctx.clock.now() };
      const { reached, banner, tls, auth, timings } = result;
      const findings = judgePort(result, { ...expected, certificateDays: input['certificate-days'] });
      const answer: PortResult = {
        ...{ port, security, reached, banner, auth, timings },
        tls: tls?.protocol ?? null,
        certificateDays: tls === null ? null : daysUntil(tls.validTo, ctx.clock.now()),
        problems: findings.length,
      };
      return { answer, findings };
    }),
  );
  ctx.signal.throwIfAborted();
  const ports = judged.map(({ answer }) => answer);
  const findings = judged.flatMap((one) => one.findings);
  return {
    hostname: smtp.hostname,
    passed: ports.filter(({ problems }) => problems === 0).length,
    total: ports.length,
    ports,
    ...holdFindings(ctx, findings),
  };
}

/** What is sent as the password, or undefined where no login is asked for. Throws `credentials` where the key is not set. */
function keyOf({ auth, key }: Input, ctx: ActionContext): string | undefined {
  if (auth === 'none') return undefined;
  if (auth === 'rejected') return noSuchKey;
  const value = ctx.secret(key);
  if (value !== undefined) return value;
  const variable = ctx.env.secrets[key];
  throw new OpsError('credentials', `the secret ${key} is not set`, {
    hint:
      variable === undefined ? `name its process variable under \`secrets\`, or use auth: rejected` : `set ${variable}`,
  });
}

function summarise(output: Output, input: Input): Summary {
  const login = input.auth === 'none' ? 'no login tried' : `a login must be ${input.auth}`;
  const found = renderFindings(output.findings);
  return {
    headline: toWidth(
      `SMTP: ${output.passed}/${output.total} ports of ${output.hostname} are well; ${login}`,
      76,
    ).trimEnd(),
    detail: [...found, ...output.ports.filter(({ problems }) => problems === 0).map(rowOf)],
    evidence: found,
  };
}

function rowOf({ port, security, tls, certificateDays, auth, timings }: PortResult): string {
  const facts = [tls ?? 'no TLS', `${certificateDays ?? '?'} days`, ...(auth === 'not-tried' ? [] : [`login ${auth}`])];
  const time = `${Math.round(timings.totalMs)} ms`.padStart(8);
  return toWidth(
    `ok   ${String(port).padEnd(5)}${security.padEnd(9)}${time}  ${facts.join(', ')}`,
    lineWidth,
  ).trimEnd();
}
