import { z } from 'zod';
import { dependencyKinds } from './dependency-kinds.ts';
import { placeholder } from './placeholder.ts';

/** A hostname, lower case, without a trailing dot. */
export const hostname = z
  .string()
  .regex(
    /^(?=.{1,253}$)(?!(.*\.)?\d+$)([a-z0-9_]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
    'a hostname in lower case, without scheme, port or trailing dot',
  );

/** `host`, `host:port`, `address`, `address:port` or `[v6]:port`: where to open the connection. */
export const target = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9._-]+)(:\d{1,5})?$/, 'a host or address, with an optional port');

/** The sites of Datadog (https://docs.datadoghq.com/getting_started/site/); each has an API of its own. */
const datadogSites = [
  'datadoghq.com',
  'datadoghq.eu',
  'us3.datadoghq.com',
  'us5.datadoghq.com',
  'ap1.datadoghq.com',
  'ap2.datadoghq.com',
  'uk1.datadoghq.com',
  'ddog-gov.com',
  'us2.ddog-gov.com',
] as const;

/** Something outside that an incident needs, besides the systems that the environment names elsewhere. */
export const dependencySchema = z.strictObject({
  url: z
    .string()
    .regex(
      new RegExp(`^(${placeholder}|https?://)`),
      'a URL such as https://login.example.com, or PLACEHOLDER-… until it is known',
    )
    .describe('where it answers; it is asked without credentials'),
  kind: z
    .enum(dependencyKinds)
    .optional()
    .describe(
      'what it is: the identity provider (login), the store of secrets, the repository of the runbooks, the package registry; what its name says unless given',
    ),
  'needed-for': z
    .enum(['switch', 'telling', 'checks', 'setup'])
    .default('switch')
    .describe(
      'without it there is no switch (a login, a store of secrets); nobody is told; a check is missing; or no new machine can be set up',
    ),
  endpoint: z.url().optional().describe('asked in place of the URL; only to point at a simulator'),
});

const dayOrMoment = 'a day such as 2027-01-31, or a moment such as 2027-01-31T12:00:00Z';

/** A finding that a person knows of and takes, with the reason, until a day or a moment. */
export const acceptedFindingSchema = z.strictObject({
  id: z
    .string()
    .regex(
      /^[a-z0-9-]+(\/[a-z0-9-]+)?$/,
      'the id of a finding, such as cloudfront/waf-attached, or independence-registry of doctor',
    )
    .describe('the finding’s id: of a check, or of `doctor`'),
  where: z.string().min(1).optional().describe('only where the finding says this place; everywhere unless given'),
  seen: z
    .string()
    .min(1)
    .optional()
    .describe('only this, by the fingerprint that the finding shows; a finding that shows one is accepted by no other'),
  severity: z
    .enum(['critical', 'warning', 'info'])
    .optional()
    .describe('the worst that is taken: should it become worse, it counts again; any unless given'),
  reason: z.string().regex(/\S/, 'text that is not blank').describe('why it is taken'),
  until: z
    .union([z.iso.date(dayOrMoment), z.iso.datetime({ offset: true, error: dayOrMoment })], dayOrMoment)
    .describe('the last day (to its end in UTC), or the moment from which it counts again'),
  by: z.string().min(1).optional().describe('who accepted it'),
});

/** What matters of what a vendor says of itself. */
export const vendorSchema = (example: string) =>
  z.strictObject({
    components: z
      .array(z.string().regex(/\S/, 'text that is not blank'))
      .min(1)
      .describe(`names on the vendor’s status page, such as ${example}`),
  });

/** The monitoring, and what of it matters. */
export const datadogSchema = z.strictObject({
  site: z.enum(datadogSites).default('datadoghq.com').describe('where the organisation lives'),
  'monitor-tags': z
    .array(z.string().regex(/^[^\s,]+$/, 'a tag without spaces or commas'))
    .default([])
    .describe('the monitors that matter carry all of these; all monitors unless given'),
});

/** Vantage points outside, and what they ask for. */
export const globalpingSchema = z.strictObject({
  locations: z
    .array(z.string().regex(/^[^\s,][^,]{0,99}$/, 'a place such as US, Europe or Tokyo+Japan'))
    .min(1)
    .max(20)
    .default(['North America', 'Europe', 'Asia', 'South America'])
    .describe('where the probes are: countries, continents, cities or networks, `+` between conditions'),
  probes: z
    .int()
    .min(1)
    .max(50)
    .default(8)
    .describe('probes of a measurement, spread over the locations; each counts against the hourly limit'),
});

/** The SMTP service that customers send through. */
export const smtpSchema = z.strictObject({
  hostname: hostname.describe('the name that customers send to; its certificate is checked against it'),
  user: z
    .string()
    .regex(/^[!-~]+$/, 'printable characters without spaces')
    .default('resend')
    .describe('the user of every login; the password is an API key'),
  connect: z
    .record(z.string().regex(/^\d{1,5}$/, 'a port'), target)
    .default({})
    .describe('port → where to dial for it, in place of the hostname (a simulator)'),
});
