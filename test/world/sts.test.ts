import { afterEach, expect, test } from 'vitest';
import { signAwsGet } from '../../src/world/aws-signature.ts';
import { createHttpsFetch } from '../../src/world/https-fetch.ts';
import { createStsClient } from '../../src/world/sts.ts';
import { startHttpServer, type TestHttpServer } from './start-http-server.ts';

/** The example key of AWS's published test suite for Signature Version 4. */
const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

const servers: TestHttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

test('signs as AWS’s published test suite does (get-vanilla)', () => {
  const url = new URL('https://example.amazonaws.com/');
  const nowMs = Date.UTC(2015, 7, 30, 12, 36, 0);
  expect(signAwsGet(url, { service: 'service', credentials, nowMs })).toEqual({
    host: 'example.amazonaws.com',
    'x-amz-date': '20150830T123600Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, ' +
      'Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  });
});

async function askOf(status: number, body: string): Promise<unknown> {
  const server = await startHttpServer((_request, response) => response.writeHead(status).end(body));
  servers.push(server);
  const client = createStsClient({
    credentials,
    endpoint: server.base,
    now: () => Date.now(),
    fetch: createHttpsFetch({
      origins: [server.base],
      access: () => ({ mode: 'read-only', why: 'a test' }),
      isWrite: (method) => method !== 'GET',
      attemptTimeoutMs: 3_000,
      maxBodyBytes: 65_536,
    }),
  });
  return client.getCallerIdentity(new AbortController().signal).catch((error: unknown) => error);
}

const answer =
  '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
  '<Arn>arn:aws:iam::123456789012:user/Alice</Arn><UserId>AIDACKCEVSQ6C2EXAMPLE</UserId><Account>123456789012</Account>' +
  '</GetCallerIdentityResult></GetCallerIdentityResponse>';
const refusal = (code: string) =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`;

test.each([
  [200, answer, { account: '123456789012', arn: 'arn:aws:iam::123456789012:user/Alice' }],
  [
    403,
    refusal('InvalidClientTokenId'),
    { code: 'credentials', message: expect.stringContaining('InvalidClientTokenId') },
  ],
  [403, refusal('ExpiredToken'), { code: 'credentials' }],
  [503, refusal('ServiceUnavailable'), { code: 'failed' }],
  [200, '<html>welcome</html>', { code: 'lost-answer' }],
  [502, '<html>bad gateway</html>', { code: 'lost-answer' }],
])('HTTP %s with %s', async (status, body, expected) => {
  expect(await askOf(status, body)).toMatchObject(expected);
});
