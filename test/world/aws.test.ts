import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { answeredError, asksForPause, awsError } from '../../src/actions/aws/aws-error.ts';
import { findOpsError } from '../../src/errors.ts';
import type { Access } from '../../src/world/access.ts';
import type { AwsCredentials } from '../../src/world/aws.ts';
import { createCloudFrontClient, isCloudFrontWrite } from '../../src/world/cloudfront.ts';
import { createHttpsFetch } from '../../src/world/https-fetch.ts';
import { createRoute53Client, isRoute53Write } from '../../src/world/route53.ts';
import { type Arrived, startHttpServer, type TestHttpServer } from './start-http-server.ts';

const credentials: AwsCredentials = {
  accessKeyId: 'AKIAEXAMPLE000000001',
  secretAccessKey: 'abcdEFGH/ijkl+mnop0123456789abcdEFGHijkl',
};
const readOnly: Access = { mode: 'read-only', why: 'this is a dry run' };
const writing: Access = { mode: 'write', ensure: async () => undefined };
const namespace = 'https://route53.amazonaws.com/doc/2013-04-01/';
const batch = {
  HostedZoneId: 'Z123456789',
  ChangeBatch: {
    Changes: [
      {
        Action: 'CREATE' as const,
        ResourceRecordSet: {
          Name: 'a.example.com',
          Type: 'A' as const,
          TTL: 60,
          ResourceRecords: [{ Value: '1.2.3.4' }],
        },
      },
    ],
  },
};

const servers: TestHttpServer[] = [];
const variables = { ...process.env };
afterEach(async () => {
  process.env = { ...variables };
  for (const server of servers.splice(0)) await server.close();
});

async function serve(answer: (request: Arrived, response: ServerResponse) => void): Promise<TestHttpServer> {
  const server = await startHttpServer(answer);
  servers.push(server);
  return server;
}

function xml(response: ServerResponse, status: number, body: string, type = 'text/xml'): void {
  response.writeHead(status, { 'content-type': type, 'x-amzn-requestid': 'request-1' });
  response.end(body);
}

function errorBody(code: string, message: string): string {
  return `<?xml version="1.0"?>\n<ErrorResponse xmlns="${namespace}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>request-2</RequestId></ErrorResponse>`;
}

function clientsOf(base: string, access: Access = writing, given: AwsCredentials = credentials) {
  const fetchFor = (isWrite: (method: string, url: URL) => boolean) =>
    createHttpsFetch({ origins: [base], access: () => access, isWrite, attemptTimeoutMs: 2_000, maxBodyBytes: 10_000 });
  return {
    route53: () => createRoute53Client({ credentials: given, endpoint: base, fetch: fetchFor(isRoute53Write) }),
    cloudfront: () =>
      createCloudFrontClient({ credentials: given, endpoint: base, fetch: fetchFor(isCloudFrontWrite) }),
  };
}

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error,
  );
}

test('requests are signed for us-east-1 with the given key alone, whatever the process’s variables say', async () => {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    AWS_ENDPOINT_URL_ROUTE_53: 'http://127.0.0.1:9',
    AWS_REGION: 'eu-west-1',
    AWS_PROFILE: 'nowhere',
    AWS_ACCESS_KEY_ID: 'AKIAOTHER00000000001',
    AWS_SESSION_TOKEN: 'other',
    AWS_MAX_ATTEMPTS: '9',
    AWS_USE_FIPS_ENDPOINT: 'true',
  });
  const server = await serve((_, response) =>
    xml(
      response,
      200,
      `<GetChangeResponse xmlns="${namespace}"><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></GetChangeResponse>`,
    ),
  );
  const client = await clientsOf(server.base, readOnly).route53();
  const answer = await client.getChange({ Id: '/change/C1' });
  expect(answer.ChangeInfo?.Status).toBe('PENDING');
  const [request] = server.arrived;
  expect(request?.path).toBe('/2013-04-01/change/C1');
  expect(request?.headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE000000001\/\d{8}\/us-east-1\/route53\/aws4_request, SignedHeaders=[a-z0-9;-]*host[a-z0-9;-]*, Signature=[0-9a-f]{64}$/,
  );
  expect(request?.headers['x-amz-security-token']).toBeUndefined();

  const temporary = await clientsOf(server.base, readOnly, { ...credentials, sessionToken: 'abc//token==' }).route53();
  await temporary.getChange({ Id: 'C1' });
  expect(server.arrived[1]?.headers['x-amz-security-token']).toBe('abc//token==');
});

test('a query is sent exactly as it was signed', async () => {
  const server = await serve((_, response) =>
    xml(
      response,
      200,
      `<ListResourceRecordSetsResponse xmlns="${namespace}"><ResourceRecordSets/><IsTruncated>false</IsTruncated><MaxItems>300</MaxItems></ListResourceRecordSetsResponse>`,
    ),
  );
  const client = await clientsOf(server.base, readOnly).route53();
  const answer = await client.listResourceRecordSets({
    HostedZoneId: '/hostedzone/Z123456789',
    StartRecordName: "*.ex'am(p)le!.com",
    StartRecordType: 'A',
    StartRecordIdentifier: 'one & two=3 + ü',
  });
  expect(answer.ResourceRecordSets).toEqual([]);
  expect(server.arrived[0]?.path).toBe(
    '/2013-04-01/hostedzone/Z123456789/rrset?name=%2A.ex%27am%28p%29le%21.com&type=A&identifier=one%20%26%20two%3D3%20%2B%20%C3%BC',
  );
});

test('a write is held back in the transport where only reading is allowed, and never retried', async () => {
  const server = await serve((_, response) => xml(response, 503, errorBody('ServiceUnavailable', 'busy')));
  const blocked = await thrownBy((await clientsOf(server.base, readOnly).route53()).changeResourceRecordSets(batch));
  expect(findOpsError(blocked)?.code).toBe('write-blocked');
  expect(server.arrived).toEqual([]);

  const asked: number[] = [];
  const access: Access = { mode: 'write', ensure: async (ms) => void asked.push(ms) };
  const client = await clientsOf(server.base, access).route53();
  const error = await thrownBy(client.changeResourceRecordSets(batch));
  expect(answeredError(error)).toMatchObject({ code: 'ServiceUnavailable', status: 503, requestId: 'request-1' });
  expect(awsError(error, 'change the record', 'write')).toMatchObject({ code: 'lost-answer' });
  expect([server.arrived.length, asked.length], 'asked before connecting and before sending').toEqual([1, 2]);
  expect(server.arrived[0]?.body).toContain('<Action>CREATE</Action>');
});

test('what CloudFront’s API calls a POST is a read where it changes nothing', async () => {
  const url = (path: string) => new URL(`https://cloudfront.amazonaws.com${path}`);
  expect(isCloudFrontWrite('POST', url('/2020-05-31/function/router/test'))).toBe(false);
  expect(isCloudFrontWrite('GET', url('/2020-05-31/distribution/E1'))).toBe(false);
  for (const path of [
    '/2020-05-31/function/router/publish',
    '/2020-05-31/function',
    '/2020-05-31/function/test/publish',
    '/2020-05-31/distribution',
    '/2020-05-31/function/router/test/more',
  ]) {
    expect(isCloudFrontWrite('POST', url(path)), path).toBe(true);
  }
  expect(isCloudFrontWrite('PUT', url('/2020-05-31/function/router/test'))).toBe(true);
  expect(isCloudFrontWrite('DELETE', url('/2020-05-31/function/router'))).toBe(true);

  const server = await serve((request, response) =>
    request.method === 'GET'
      ? xml(response, 200, 'function handler(event) { return event.request; }', 'application/octet-stream')
      : xml(
          response,
          200,
          '<TestResult><ComputeUtilization>21</ComputeUtilization><FunctionOutput>{}</FunctionOutput></TestResult>',
        ),
  );
  const client = await clientsOf(server.base, readOnly).cloudfront();
  const code = await client.getFunction({ Name: 'router', Stage: 'LIVE' });
  expect(new TextDecoder().decode(code.FunctionCode)).toBe('function handler(event) { return event.request; }');
  const tested = await client.testFunction({
    Name: 'router',
    IfMatch: 'E1',
    Stage: 'LIVE',
    EventObject: new TextEncoder().encode('{"version":"1.0"}'),
  });
  expect(tested.TestResult?.ComputeUtilization).toBe('21');
});

test.each([
  [400, errorBody('Throttling', 'Rate exceeded'), 'refused', 'refused', true],
  [400, errorBody('PriorRequestNotComplete', 'The request was rejected'), 'refused', 'refused', true],
  [400, errorBody('InvalidChangeBatch', '[Tried to delete resource record set]'), 'refused', 'refused', false],
  [404, errorBody('NoSuchHostedZone', 'No hosted zone found with ID: Z1'), 'refused', 'refused', false],
  [403, errorBody('AccessDenied', 'User is not authorized'), 'credentials', 'credentials', false],
  [403, errorBody('InvalidClientTokenId', 'The security token is invalid'), 'credentials', 'credentials', false],
  [400, errorBody('ExpiredToken', 'The security token expired'), 'credentials', 'credentials', false],
  [500, errorBody('InternalFailure', 'sorry'), 'failed', 'lost-answer', false],
])('HTTP %i %s means %s to a read and %s to a write', async (status, body, read, write, pause) => {
  const server = await serve((_, response) => xml(response, status, body));
  const error = await thrownBy((await clientsOf(server.base).route53()).changeResourceRecordSets(batch));
  expect(awsError(error, 'read it', 'read')).toMatchObject({
    code: read,
    message: expect.stringContaining('request-1'),
  });
  expect(awsError(error, 'write it', 'write')).toMatchObject({ code: write });
  expect(asksForPause(error)).toBe(pause);
  expect(answeredError(error)?.said).toBe(/<Message>(.*)<\/Message>/.exec(body)?.[1]);
});

test('the older form of a refused batch is read too', async () => {
  const server = await serve((_, response) =>
    xml(
      response,
      400,
      `<?xml version="1.0"?><InvalidChangeBatch xmlns="${namespace}"><Messages><Message>one &amp; only</Message><Message>two</Message></Messages><RequestId>r</RequestId></InvalidChangeBatch>`,
    ),
  );
  const error = await thrownBy((await clientsOf(server.base).route53()).changeResourceRecordSets(batch));
  expect(answeredError(error)).toMatchObject({ code: 'InvalidChangeBatch', said: '[one & only, two]', status: 400 });
});

test.each([
  [200, 'text/html', '<html><body>maintenance</body></html>'],
  [200, 'text/html', '<!DOCTYPE html>\n<HTML></HTML>'],
  [502, 'text/html', '<html><body>bad gateway</body></html>'],
  [403, 'text/html', '<html><body>blocked by a proxy</body></html>'],
  [200, 'application/json', '{"ChangeInfo":{"Status":"INSYNC"}}'],
  [500, 'text/plain', ''],
])('HTTP %i with %s %s is no answer of the API', async (status, type, body) => {
  const server = await serve((_, response) => xml(response, status, body, type));
  const client = await clientsOf(server.base).route53();
  for (const call of [() => client.changeResourceRecordSets(batch), () => client.getChange({ Id: 'C1' })]) {
    const error = awsError(await thrownBy(call()), 'do it', 'write');
    expect(error).toMatchObject({ code: 'lost-answer', message: expect.stringContaining(`HTTP ${status}`) });
    expect(error.message).toContain('request-1');
  }
});

test('a document that breaks off is a lost answer', async () => {
  const server = await serve((_, response) =>
    xml(response, 200, '<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/cha'),
  );
  const error = await thrownBy((await clientsOf(server.base).route53()).changeResourceRecordSets(batch));
  expect(awsError(error, 'do it', 'write').code).toBe('lost-answer');
});

test('a key that cannot be one is refused without being shown', async () => {
  for (const given of [
    { ...credentials, accessKeyId: '' },
    { ...credentials, secretAccessKey: '"quoted-secret"' },
    { ...credentials, sessionToken: 'two\nlines' },
  ]) {
    const error = await thrownBy(clientsOf('http://127.0.0.1:9', readOnly, given).route53());
    expect(findOpsError(error)).toMatchObject({ code: 'credentials' });
    expect(String(error)).not.toMatch(/quoted|lines/);
  }
});

test('the caller’s signal ends a call', async () => {
  const server = await serve(() => undefined);
  const client = await clientsOf(server.base).route53();
  const controller = new AbortController();
  const call = client.getChange({ Id: 'C1' }, { abortSignal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 50);
  const error = await thrownBy(call);
  expect(String(error)).toMatch(/abort/i);
  expect(server.arrived.length).toBe(1);
});
