import { z } from 'zod';
import { isEdgeOwnPath } from './edge-own-path.ts';

/** A header's name (RFC 9110, section 5.1); without those that the connection itself is made of. */
const headerName = z
  .string()
  .regex(
    /^(?!(?:host|connection|content-length|transfer-encoding|keep-alive|upgrade|te|trailer|expect)$)[!#$%&'*+.^_`|~0-9A-Za-z-]+$/i,
    'the name of a header, and none that the program sets itself (host, content-length, …)',
  );

/** What may stand in a header (RFC 9110, section 5.5): no line ends, so that nothing can be put behind it. */
const headerText = z.string().regex(/^[\t\x20-\x7E]*$/, 'text in ASCII, on one line');

const headerValue = z.union([
  headerText,
  z.strictObject({
    secret: z.string().describe('name of a secret of the environment'),
    prefix: headerText.default('').describe('put before the secret, e.g. "Bearer "'),
  }),
]);

/** What a request must be answered with; every field given must hold. */
const expectationSchema = z.strictObject({
  status: z
    .union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)])
    .describe('status, or any of these'),
  json: z.record(z.string(), z.unknown()).optional().describe('fields that the JSON body must have with these values'),
  headers: z.record(z.string(), z.string()).optional().describe('headers that must have these values'),
  backend: z.string().optional().describe('the backend that must have answered'),
  'latency-under-ms': z.int().positive().optional(),
  'body-without': z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('texts that the body must not hold, such as a forged address that a backend took for true'),
});

/** One request of a suite. Must be free of side effects: bad keys, invalid bodies, test addresses. */
export const suiteRequestSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and dashes, beginning with a letter'),
  title: z.string().optional(),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']),
  path: z
    .string()
    .startsWith('/')
    .regex(/^[!"$-~]*$/, 'a path in ASCII without spaces or #: write them as %20 and %23'),
  headers: z.record(headerName, headerValue).default({}).describe('an empty text leaves out a header, e.g. User-Agent'),
  body: z
    .union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())])
    .optional()
    .describe('text, or JSON'),
  'pad-body-to-bytes': z
    .int()
    .positive()
    .max(8 * 1024 * 1024)
    .optional()
    .describe('add spaces after the body up to this size, so that limits on size show'),
  critical: z.boolean().default(false).describe('customers are down without it'),
  expect: expectationSchema,
  'known-differences': z
    .array(
      z.strictObject({
        provider: z.enum(['cloudflare', 'cloudfront']),
        status: z.int().min(400).max(599),
        because: z.string().regex(/\S/, 'text that is not blank').describe('why, and why it does no harm'),
      }),
    )
    .default([])
    .describe('what a provider is known to answer itself in the API’s place, and is let pass with a note'),
});

/** A plain URL beside the API: a dashboard, a marketing page. It is asked as a browser without a session would. */
export const suitePageSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and dashes, beginning with a letter'),
  title: z.string().optional(),
  url: z
    .url({ protocol: /^https$/ })
    .refine((text) => {
      const { username, password, hash } = new URL(text);
      return username === '' && password === '' && hash === '';
    }, 'an https URL without a user, a password or a fragment')
    .refine((text) => !isEdgeOwnPath(new URL(text).pathname), 'no page at /cdn-cgi/…: the edge answers it itself')
    .describe('its host must be under `sites` in the environment'),
  method: z.enum(['GET', 'HEAD']).default('GET'),
  critical: z.boolean().default(false).describe('a finding about it is critical; a warning unless given'),
  expect: z
    .strictObject({
      status: z
        .union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)])
        .default(200)
        .describe('status, or any of these; a redirect is not followed'),
      text: z.string().min(1).optional().describe('what the page must hold'),
    })
    .prefault({}),
});

/** A parsed page of a suite. */
export type SuitePage = z.output<typeof suitePageSchema>;

/** The critical requests of an API and what each must answer. */
export const suiteSchema = z.strictObject({
  title: z.string().regex(/\S/, 'text that is not blank'),
  'timeout-ms': z.int().min(100).max(60_000).default(5_000).describe('time box of each request'),
  requests: z
    .array(suiteRequestSchema)
    .min(1)
    .max(200)
    .refine(
      (requests) => !requests.some(({ critical, path }) => critical && isEdgeOwnPath(path)),
      'no critical request may ask for /cdn-cgi/…: the edge answers it itself, also when it fails everything else',
    )
    .refine((requests) => new Set(requests.map(({ id }) => id)).size === requests.length, 'ids must differ'),
  pages: z
    .array(suitePageSchema)
    .max(50)
    .refine((pages) => new Set(pages.map(({ id }) => id)).size === pages.length, 'ids must differ')
    .default([])
    .describe('plain URLs beside the API; `http.visit` asks them'),
});

/** A parsed suite. */
export type Suite = z.output<typeof suiteSchema>;

/** A parsed request of a suite. */
export type SuiteRequest = z.output<typeof suiteRequestSchema>;
