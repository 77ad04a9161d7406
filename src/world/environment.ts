import { z } from 'zod';
import { accountsDiffer } from './accounts-differ.ts';
import {
  acceptedFindingSchema,
  datadogSchema,
  dependencySchema,
  globalpingSchema,
  hostname,
  smtpSchema,
  target,
  vendorSchema,
} from './environment-parts.ts';
import { isPlaceholder, placeholder } from './placeholder.ts';

/** An identifier given by a provider, or a marked placeholder that lint reports and live runs refuse. */
const identifier = (pattern: RegExp, what: string) =>
  z
    .string()
    .refine((value) => pattern.test(value) || isPlaceholder(value), `${what}, or PLACEHOLDER-… until it is known`)
    .meta({ pattern: `^${placeholder}|${pattern.source}` });

/** How the answers of a backend are told apart: by a header's value. */
const backendSchema = z.strictObject({
  header: z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of a header')
    .describe('name of the response header that tells this backend'),
  value: z.string().regex(/\S/, 'text that is not blank').describe('what the header must equal'),
});

/** A way to reach the hostname. SNI, Host and the certificate check always use `hostname` (the environment's, unless given). */
export const routeSchema = z.strictObject({
  provider: z.enum(['cloudflare', 'cloudfront', 'load-balancer']).describe('whose path this is'),
  hostname: hostname.optional().describe('ask for this name instead of the environment’s hostname (a canary)'),
  connect: z
    .union([target, z.record(z.string(), target)])
    .describe('where to dial; or one target per backend, chosen by the backend a request expects'),
  answers: z
    .strictObject({
      cname: hostname.optional().describe('DNS points at this route when the name is a CNAME to this'),
      addresses: z.array(z.string()).optional().describe('… or when its addresses are in one of these CIDR ranges'),
    })
    .optional()
    .describe('how DNS answers that point at this route are recognised'),
});

/** The world a runbook acts on. Holds names and ids, never a secret. */
export const environmentSchema = z.strictObject({
  title: z.string().optional(),
  simulated: z.literal(true).optional().describe('written by the simulator: every screen says REHEARSAL'),
  hostname: hostname.describe('the name that customers use'),
  zone: hostname.describe('the DNS zone the hostname is in'),
  routes: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), routeSchema),
  backends: z.record(z.string(), backendSchema).default({}).describe('how each backend’s answers are recognised'),
  cloudflare: z
    .strictObject({
      'zone-id': identifier(/^[0-9a-f]{32}$/, '32 hexadecimal digits'),
      'load-balancer-id': identifier(/^[0-9a-f]{32}$/, '32 hexadecimal digits').optional(),
    })
    .optional(),
  aws: z
    .strictObject({
      'hosted-zone-id': identifier(/^[A-Z0-9]{5,32}$/, 'a hosted zone id such as Z1D633PJN98FT9')
        .optional()
        .describe('the Route 53 zone that serves the hostname (a partial setup at Cloudflare)'),
      'distribution-id': identifier(/^E[A-Z0-9]{6,31}$/, 'a distribution id such as EDFDVBD632BHDS5').optional(),
      'function-name': identifier(/^[A-Za-z0-9-_]{1,64}$/, 'the name of a CloudFront function')
        .optional()
        .describe('the function that chooses the backend at viewer-request'),
      'function-sha256': z
        .string()
        .regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits in lower case')
        .optional()
        .describe('SHA-256 of the function’s reviewed code: what LIVE must be'),
    })
    .optional()
    .describe(
      'ids at AWS; the credentials are the secrets aws-access-key-id, aws-secret-access-key, aws-session-token',
    ),
  slack: z
    .strictObject({
      invite: z.array(identifier(/^[UW][A-Z0-9]{6,}$/, 'a Slack user id such as U024BE7LH')).default([]),
      private: z.boolean().default(false),
    })
    .optional(),
  approvals: z
    .strictObject({
      people: z
        .record(
          z.string().regex(/^[\w.@+-]{1,64}$/, 'a user name as the log has it'),
          z.strictObject({
            slack: identifier(/^[UW][A-Z0-9]{6,}$/, 'a Slack user id such as U024BE7LH')
              .optional()
              .describe('whose reaction counts as this person’s approval'),
          }),
        )
        .describe('who may approve a change that another person runs, by user name'),
      reaction: z
        .string()
        .regex(/^[a-z0-9_+'-]{1,100}$/, 'the name of an emoji, without colons')
        .default('white_check_mark')
        .describe('the reaction, in the war room, that approves'),
    })
    .refine(accountsDiffer, 'two people have one Slack user id: nobody may count twice')
    .optional()
    .describe('who may approve; runbooks say where an approval is needed'),
  statuspage: z
    .strictObject({
      provider: z
        .enum(['atlassian', 'incident-io'])
        .describe('who runs the page: Atlassian Statuspage, or incident.io'),
      'page-id': identifier(/^[A-Za-z0-9]{8,40}$/, 'the page’s id, such as kctbh9vrtdwd'),
      components: z
        .record(
          z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens'),
          identifier(/^[A-Za-z0-9]{8,40}$/, 'the component’s id, such as 8kbf7d35c070'),
        )
        .default({})
        .describe('what runbooks call a component → its id on the page'),
      notify: z.boolean().default(true).describe('subscribers of the page are told of each message'),
    })
    .optional()
    .describe('the public status page; the API key is the secret statuspage'),
  pagerduty: z
    .strictObject({
      'service-region': z.enum(['us', 'eu']).default('us').describe('where the account lives'),
      services: z
        .array(identifier(/^[A-Z0-9]{7,14}$/, 'the id of a service, such as PIJ90N7'))
        .default([])
        .describe('services whose alerting is inspected; all that the key can read unless given'),
      source: z.string().min(1).optional().describe('what pages name as their source; the hostname unless given'),
    })
    .optional()
    .describe('paging; the integration’s routing key is the secret pagerduty, a read-only REST key pagerduty-rest'),
  dependencies: z
    .record(z.string().regex(/^[a-z][a-z0-9-]{0,29}$/, 'lower-case letters, digits and hyphens'), dependencySchema)
    .default({})
    .describe(
      'what else an incident needs: identity provider, store of secrets, package registry, repository of runbooks; ' +
        '`doctor` asks whether they are behind the provider that fails',
    ),
  vendors: z
    .strictObject({
      cloudflare: vendorSchema('CDN/Cache').optional(),
      aws: vendorSchema('cloudfront, or elb-us-east-1').optional(),
    })
    .optional()
    .describe('what matters of what the vendors say of themselves in public'),
  datadog: datadogSchema
    .optional()
    .describe('monitoring; its keys are the secrets datadog-api-key and datadog-application-key'),
  globalping: globalpingSchema
    .optional()
    .describe(
      'vantage points outside, by Globalping: what they ask for can be read by anyone; the secret globalping is a token, and is not needed',
    ),
  sites: z
    .record(
      hostname,
      z.strictObject({ connect: target.optional().describe('where to dial, in place of the hostname') }),
    )
    .optional()
    .describe('hosts beside the API whose plain URLs a suite may ask for, such as that of the dashboard'),
  smtp: smtpSchema.optional().describe('the SMTP service'),
  dns: z
    .strictObject({
      resolvers: z.array(target).min(1).describe('caching resolvers to ask, as address or address:port'),
      nameservers: z
        .record(hostname, target)
        .default({})
        .describe('addresses of authoritative servers that are not on port 53 of their own name (a simulator)'),
      addresses: z
        .record(z.string(), target)
        .default({})
        .describe('an address that DNS answers → where to dial for it, in place of its port 443 (a simulator)'),
    })
    .describe('authoritative servers are found from the zone; resolvers are listed'),
  secrets: z
    .record(z.string(), z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'the name of a process variable'))
    .default({})
    .describe('secret name → the process variable that holds it'),
  'accepted-findings': z
    .array(acceptedFindingSchema)
    .default([])
    .describe('findings that are known and taken for a time; each counts again when its time is over'),
  endpoints: z
    .strictObject({
      cloudflare: z.url().optional(),
      slack: z.url().optional(),
      aws: z.url().optional(),
      statuspage: z.url().optional(),
      pagerduty: z.url().optional(),
      'cloudflare-status': z.url().optional(),
      'aws-status': z.url().optional(),
      'pagerduty-rest': z.url().optional(),
      datadog: z.url().optional(),
      globalping: z.url().optional(),
    })
    .default({})
    .describe('only to point at a simulator or emulator; plain http only on loopback'),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of a certificate authority to trust besides the built-in ones, relative to this file'),
});

/** A parsed environment: see {@link environmentSchema} for every field. */
export type Environment = z.output<typeof environmentSchema>;

/** A parsed route of an environment. */
export type Route = z.output<typeof routeSchema>;
