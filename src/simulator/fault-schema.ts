import { z } from 'zod';
import type { Component, Fault } from './state.ts';

const status = z.int().min(400).max(599);
const milliseconds = z.number().positive().max(86_400_000);

/** A fault as the control port takes it (scenarios have a form of their own). See `Fault` for what each kind does. */
export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('status'), status }),
  z.strictObject({ kind: z.literal('refuse') }),
  z.strictObject({ kind: z.literal('hang') }),
  z.strictObject({ kind: z.literal('says-all-well') }),
  z.strictObject({ kind: z.literal('slow'), ms: milliseconds }),
  z.strictObject({ kind: z.literal('edited-meanwhile') }),
  z.strictObject({ kind: z.literal('flap'), status, downMs: milliseconds, upMs: milliseconds }),
  z.strictObject({
    kind: z.literal('noise'),
    status,
    share: z.number().gt(0).lt(1),
    seed: z.int().nonnegative().default(1),
  }),
  z.strictObject({ kind: z.literal('write-lost-answer') }),
  z.strictObject({ kind: z.literal('write-lost') }),
  z.strictObject({ kind: z.literal('write-error-but-done') }),
  z.strictObject({ kind: z.literal('write-error-says-done') }),
  z.strictObject({ kind: z.literal('write-refused-but-done') }),
  z.strictObject({ kind: z.literal('write-ok-but-not-done') }),
  z.strictObject({ kind: z.literal('write-ok-then-late'), ms: milliseconds }),
  z.strictObject({ kind: z.literal('write-breaks-off'), how: z.enum(['reset', 'cut-short', 'stalled']) }),
  z.strictObject({ kind: z.literal('write-late'), ms: milliseconds }),
]) satisfies z.ZodType<Fault>;

/** What can be broken. */
export const componentSchema = z.enum([
  'edge',
  'fallback',
  'email-api',
  'resend-api',
  'cloudflare-api',
  'aws-api',
  'slack-api',
  'statuspage-api',
  'pagerduty-api',
  'cloudflare-status',
  'aws-status',
  'datadog-api',
  'globalping-api',
  'smtp',
  'dns',
]) satisfies z.ZodType<Component>;
