import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import {
  type Change,
  type ChangeResourceRecordSetsCommandInput,
  type ResourceRecordSet,
  Route53,
  Route53ServiceException,
} from '@aws-sdk/client-route-53';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startAwsApi } from '../../src/simulator/aws-api.ts';
import { setFault } from '../../src/simulator/faults.ts';
import { answerFromHostedZone } from '../../src/simulator/hosted-zone-answers.ts';
import type { RunningServer } from '../../src/simulator/http-server.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../src/simulator/state.ts';
import { sampleEnvironment } from './sample-environment.ts';

const key = { accessKeyId: 'AKIAEXAMPLE000000001', secretAccessKey: 'abcdEFGH/ijkl+mnop0123456789abcdEFGHijkl' };
const hostname = 'api.example.com';
const distribution = 'd111111abcdef8.cloudfront.net';
const hasBoto = spawnSync('python3', ['-c', 'import boto3']).status === 0;

describe('the simulated Route 53 API', () => {
  let world: SimulatedWorld;
  let server: RunningServer;
  let base: string;
  let now: number;
  let client: Route53;
  let zone: string;

  const connect = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } = key) =>
    new Route53({ endpoint: base, region: 'us-east-1', credentials, maxAttempts: 1 });

  beforeEach(async () => {
    world = seedWorld(sampleEnvironment(), { seed: 1, servedBy: 'route53' });
    now = Date.UTC(2026, 0, 1);
    server = await startAwsApi({ world, key, now: () => now });
    base = `http://127.0.0.1:${server.port}`;
    client = connect();
    zone = world.hostedZone.id;
  });
  afterEach(async () => {
    client.destroy();
    await server.close();
  });

  const refusal = async (call: Promise<unknown>) => {
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof Route53ServiceException)) throw new Error(`not refused: ${String(error)}`);
    const { name, message, $metadata } = error;
    return { name, message, status: $metadata.httpStatusCode, requestId: $metadata.requestId };
  };
  const cname = (value: string, more: Partial<ResourceRecordSet> = {}): ResourceRecordSet => ({
    Name: hostname,
    Type: 'CNAME',
    TTL: 60,
    ResourceRecords: [{ Value: value }],
    ...more,
  });
  const alias = (Type: 'A' | 'AAAA', DNSName = distribution): ResourceRecordSet => ({
    Name: hostname,
    Type,
    AliasTarget: { HostedZoneId: 'Z2FDTNDATAQYW2', DNSName, EvaluateTargetHealth: false },
  });
  const change = (...changes: [Change['Action'], ResourceRecordSet][]) => {
    now += 1_000;
    return client.changeResourceRecordSets({
      HostedZoneId: zone,
      ChangeBatch: {
        Comment: 'a test',
        Changes: changes.map(([Action, ResourceRecordSet]) => ({ Action, ResourceRecordSet })),
      },
    });
  };
  const present = cname(`${hostname}.cdn.cloudflare.net`);
  const at = async (name = hostname) => {
    const { ResourceRecordSets } = await client.listResourceRecordSets({ HostedZoneId: zone });
    return ResourceRecordSets?.filter(({ Name }) => Name === `${name}.`);
  };

  test('tells the zone, its servers and its record sets', async () => {
    expect(await client.getHostedZone({ Id: `/hostedzone/${zone}` })).toMatchObject({
      HostedZone: {
        Id: `/hostedzone/${zone}`,
        Name: 'example.com.',
        Config: { PrivateZone: false },
        ResourceRecordSetCount: 5,
      },
      DelegationSet: { NameServers: world.zone.nameservers.map(({ name }) => name) },
    });
    const listed = await client.listResourceRecordSets({ HostedZoneId: zone });
    expect(listed).toMatchObject({ IsTruncated: false, MaxItems: 300 });
    expect(listed.ResourceRecordSets?.map(({ Name, Type }) => `${Name} ${Type}`)).toEqual([
      'example.com. NS',
      'example.com. SOA',
      'example.com. TXT',
      'api.example.com. CNAME',
      'canary.example.com. CNAME',
    ]);
    expect(await client.listResourceRecordSetProtections({ HostedZoneId: zone })).toMatchObject({
      ResourceRecordSetProtections: [],
    });
  });

  test('a listing begins where it is told, with what follows, page by page', async () => {
    const starts = async (input: object) => {
      const { ResourceRecordSets, NextRecordName, NextRecordType, NextRecordIdentifier } =
        await client.listResourceRecordSets({ HostedZoneId: zone, ...input });
      return {
        found: ResourceRecordSets?.map(({ Name, Type, SetIdentifier }) =>
          [Name, Type, SetIdentifier].filter(Boolean).join(' '),
        ),
        next: [NextRecordName, NextRecordType, NextRecordIdentifier].filter(Boolean).join(' '),
      };
    };
    expect(await starts({ StartRecordName: 'api.example.com', StartRecordType: 'MX' })).toEqual({
      found: ['canary.example.com. CNAME'],
      next: '',
    });
    await change([
      'CREATE',
      { Name: '*.example.com', Type: 'TXT', TTL: 60, ResourceRecords: [{ Value: '"a & <b>"' }] },
    ]);
    for (const SetIdentifier of ['one', 'two']) {
      await change(['CREATE', { ...cname('x.example.net'), Name: 'w.example.com', SetIdentifier, Weight: 1 }]);
    }
    expect(await starts({ StartRecordName: 'w.example.com', MaxItems: 1 })).toEqual({
      found: ['w.example.com. CNAME one'],
      next: 'w.example.com. CNAME two',
    });
    expect(
      await starts({ StartRecordName: 'w.example.com.', StartRecordType: 'CNAME', StartRecordIdentifier: 'two' }),
    ).toEqual({ found: ['w.example.com. CNAME two'], next: '' });
    expect(await at('\\052.example.com')).toMatchObject([{ ResourceRecords: [{ Value: '"a & <b>"' }] }]);
    expect(await refusal(client.listResourceRecordSets({ HostedZoneId: zone, StartRecordType: 'A' }))).toMatchObject({
      name: 'InvalidInput',
      status: 400,
    });
  });

  test('an accepted batch is PENDING, reaches server after server, and is INSYNC when the last one has it', async () => {
    const seen = () =>
      world.hostedZone.nameservers.map((_, index) => {
        const answer = answerFromHostedZone(world, { name: hostname, type: 'A', server: index, nowMs: now });
        return answer.answers[0]?.type;
      });
    const { ChangeInfo } = await change(['DELETE', present], ['CREATE', alias('A')], ['CREATE', alias('AAAA')]);
    expect(ChangeInfo).toMatchObject({ Status: 'PENDING', Comment: 'a test', SubmittedAt: new Date(now) });
    const Id = ChangeInfo?.Id ?? '';
    expect(Id).toMatch(/^\/change\/C[A-Z0-9]+$/);
    expect(seen()).toEqual(['CNAME', 'CNAME', 'CNAME', 'CNAME']);
    now += 3_000;
    expect(seen()).toEqual(['A', 'A', 'CNAME', 'CNAME']);
    expect((await client.getChange({ Id })).ChangeInfo?.Status).toBe('PENDING');
    now += 3_000;
    expect(seen()).toEqual(['A', 'A', 'A', 'A']);
    expect((await client.getChange({ Id })).ChangeInfo?.Status).toBe('INSYNC');
    expect(await at()).toMatchObject([{ Type: 'A', AliasTarget: { DNSName: `${distribution}.` } }, { Type: 'AAAA' }]);
    expect(await refusal(client.getChange({ Id: 'CNOSUCH' }))).toMatchObject({ name: 'NoSuchChange', status: 404 });
  });

  test.each<[string, [Change['Action'], ResourceRecordSet][], RegExp]>([
    [
      'creating what is there',
      [['CREATE', present]],
      /Tried to create resource record set \[name='api\.example\.com\.', type='CNAME'\] but it already exists/,
    ],
    [
      'deleting other values',
      [['DELETE', cname('x.example.net')]],
      /Tried to delete .* but the values provided do not match the current values/,
    ],
    [
      'deleting with another TTL',
      [['DELETE', cname(`${hostname}.cdn.cloudflare.net`, { TTL: 61 })]],
      /do not match the current values/,
    ],
    ['deleting what is not there', [['DELETE', { ...alias('A') }]], /but it was not found/],
    [
      'a CNAME beside others',
      [['CREATE', { ...cname('x.example.net'), Name: 'example.com' }]],
      /not permitted at apex in zone example\.com\./,
    ],
    [
      'others beside a CNAME',
      [['CREATE', alias('A')]],
      /RRSet of type A with DNS name api\.example\.com\. is not permitted because a conflicting RRSet of type {2}CNAME/,
    ],
    [
      'the order of a batch',
      [
        ['CREATE', alias('A')],
        ['DELETE', present],
      ],
      /conflicting RRSet/,
    ],
    [
      'another zone',
      [['CREATE', { ...cname('x'), Name: 'api.example.org' }]],
      /RRSet with DNS name api\.example\.org\. is not permitted in zone example\.com\./,
    ],
    [
      'an alias to nowhere',
      [
        ['DELETE', present],
        ['CREATE', alias('A', 'd2.cloudfront.net')],
      ],
      /targets d2\.cloudfront\.net\., type A in zone Z2FDTNDATAQYW2, but that target was not found/,
    ],
    [
      'an alias outside the target’s zone',
      [
        ['DELETE', present],
        ['CREATE', alias('A', 'www.example.net')],
      ],
      /does not lie within the target zone/,
    ],
    [
      'a routed set beside a simple one',
      [['CREATE', cname('x.example.net', { SetIdentifier: 'one', Weight: 1 })]],
      /cannot be created as other RRSets exist with the same name and type/,
    ],
    [
      'no address',
      [['CREATE', { Name: 'v4.example.com', Type: 'A', TTL: 60, ResourceRecords: [{ Value: '1.2.3' }] }]],
      /ARRDATAIllegalIPv4Address/,
    ],
    [
      'the zone’s own SOA',
      [['DELETE', { Name: 'example.com', Type: 'NS', TTL: 172_800, ResourceRecords: [] }]],
      /found none/,
    ],
  ])('%s is refused, and nothing is changed', async (_what, changes, said) => {
    const before = structuredClone(world.hostedZone.recordSets);
    const refused = await refusal(change(...changes));
    expect(refused).toMatchObject({
      status: 400,
      message: expect.stringMatching(said),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(refused.name).toBe(/found none/.test(refused.message) ? 'InvalidInput' : 'InvalidChangeBatch');
    expect(world.hostedZone.recordSets).toEqual(before);
  });

  test('a batch is all or nothing, and tells every objection', async () => {
    const before = structuredClone(world.hostedZone.recordSets);
    const { message } = await refusal(
      change(
        ['UPSERT', cname('new.example.net')],
        ['DELETE', { ...cname('x'), Name: 'canary.example.com' }],
        ['DELETE', alias('AAAA')],
      ),
    );
    expect(message).toMatch(/^\[Tried to delete .*canary.*do not match.*, Tried to delete .*AAAA.*not found\]$/);
    expect(world.hostedZone.recordSets).toEqual(before);
  });

  test('whatever batches are sent, what is accepted can be undone and what is refused leaves no trace', async () => {
    const sets = fc.constantFrom<ResourceRecordSet>(
      present,
      cname('a.example.net'),
      cname('b.example.net', { TTL: 30 }),
      alias('A'),
      alias('AAAA'),
      { Name: hostname, Type: 'A', TTL: 5, ResourceRecords: [{ Value: '192.0.2.1' }, { Value: '192.0.2.2' }] },
    );
    const changes = fc.array(
      fc.tuple(fc.constantFrom<'CREATE' | 'DELETE' | 'UPSERT'>('CREATE', 'DELETE', 'UPSERT'), sets),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(changes, async (batch) => {
        const before = structuredClone(world.hostedZone.recordSets);
        const accepted = await change(...batch).then(
          () => true,
          () => false,
        );
        const here = world.hostedZone.recordSets.filter(({ name }) => name === `${hostname}.`);
        expect(here.some(({ type }) => type === 'CNAME') && here.length > 1).toBe(false);
        expect(new Set(here.map(({ type }) => type)).size).toBe(here.length);
        if (!accepted) expect(world.hostedZone.recordSets).toEqual(before);
        world.hostedZone.recordSets = before;
      }),
      { numRuns: 60 },
    );
  });

  test('protected sets are refused with the comment', async () => {
    world.hostedZone.protections = [{ name: `${hostname}.`, type: 'CNAME', comment: 'ask first' }];
    expect((await refusal(change(['UPSERT', cname('x.example.net')]))).message).toContain('ask first');
    const listed = await client.listResourceRecordSetProtections({ HostedZoneId: zone });
    expect(listed.ResourceRecordSetProtections).toEqual([
      { RecordName: `${hostname}.`, RecordType: 'CNAME', Comment: 'ask first' },
    ]);
  });

  test('an earlier request that is not complete, the rate limit, and a zone that is not there', async () => {
    await change(['UPSERT', cname('x.example.net')]);
    now -= 900;
    expect(await refusal(change(['UPSERT', cname('y.example.net')]))).toMatchObject({
      name: 'PriorRequestNotComplete',
      status: 400,
    });
    const calls = await Promise.allSettled(Array.from({ length: 60 }, () => client.getHostedZone({ Id: zone })));
    const refused = calls.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(8);
    expect(await refusal(client.getHostedZone({ Id: zone }))).toMatchObject({
      name: 'Throttling',
      status: 400,
      message: 'Rate exceeded',
    });
    now += 1_000;
    expect(await refusal(client.getHostedZone({ Id: 'Z1' }))).toMatchObject({ name: 'NoSuchHostedZone', status: 404 });
  });

  test('signatures are held against the key, in full', async () => {
    const refused = async (credentials: Parameters<typeof connect>[0]) =>
      (await refusal(connect(credentials).getHostedZone({ Id: zone }))).name;
    expect(await refused({ ...key, secretAccessKey: 'wrong' })).toBe('SignatureDoesNotMatch');
    expect(await refused({ ...key, accessKeyId: 'AKIAUNKNOWN000000001' })).toBe('InvalidClientTokenId');
    expect(await refused({ ...key, sessionToken: 'unasked' })).toBe('InvalidClientTokenId');
    const bare = await fetch(`${base}/2013-04-01/hostedzone/${zone}`);
    expect([bare.status, await bare.text()]).toEqual([
      403,
      expect.stringContaining('<Code>MissingAuthenticationToken</Code>'),
    ]);
    const odd = await fetch(`${base}/2013-04-01/hostedzone/${zone}`, {
      headers: { authorization: 'AWS4-HMAC-SHA256 x' },
    });
    expect([odd.status, await odd.text()]).toEqual([400, expect.stringContaining('<Code>IncompleteSignature</Code>')]);
    const late = new Route53({
      endpoint: base,
      region: 'us-east-1',
      credentials: key,
      maxAttempts: 1,
      systemClockOffset: -10 * 60_000,
    });
    expect((await refusal(late.getHostedZone({ Id: zone }))).message).toContain('Signature expired');
    const elsewhere = new Route53({ endpoint: base, region: 'eu-west-1', credentials: key, maxAttempts: 1 });
    expect((await refusal(elsewhere.getHostedZone({ Id: zone }))).name).toBe('SignatureDoesNotMatch');
  });

  test('faults speak as the API does', async () => {
    const said = async (status: number) => {
      setFault(world, 'aws-api', { kind: 'status', status }, now);
      return (await refusal(client.getHostedZone({ Id: zone }))).name;
    };
    expect(await said(403)).toBe('AccessDenied');
    expect(await said(400)).toBe('Throttling');
    expect(await said(500)).toBe('InternalFailure');
    expect(await said(503)).toBe('ServiceUnavailable');
    setFault(world, 'aws-api', { kind: 'write-ok-but-not-done' }, now);
    const { ChangeInfo } = await change(['UPSERT', cname('x.example.net')]);
    expect(ChangeInfo?.Status).toBe('PENDING');
    expect(world.hostedZone.changes).toEqual([]);
    expect(await at()).toMatchObject([{ ...present, Name: `${hostname}.` }]);
  });

  test('what is no request is refused, never a crash', async () => {
    const post = async (body: string): Promise<string> => {
      now += 1_000;
      const signed = connect();
      signed.middlewareStack.add(
        (next) => async (args) => {
          const request = args.request as { body: string; headers: Record<string, string> };
          request.body = body;
          request.headers['content-length'] = String(Buffer.byteLength(body));
          return next(args);
        },
        { step: 'build', name: 'other body', priority: 'high' },
      );
      const input: ChangeResourceRecordSetsCommandInput = { HostedZoneId: zone, ChangeBatch: { Changes: [] } };
      return (await refusal(signed.changeResourceRecordSets(input))).name;
    };
    for (const body of [
      '',
      '<',
      '<a/>',
      '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
      '<ChangeResourceRecordSetsRequest>',
      '<ChangeResourceRecordSetsRequest/>',
    ]) {
      expect(await post(body), body).toBe('InvalidInput');
    }
  });

  test.skipIf(!hasBoto)(
    'another SDK agrees: boto3 signs, parses, and finds every element in the service’s model',
    { timeout: 60_000 },
    async () => {
      const script = `
import sys, json, boto3, xml.etree.ElementTree as ET
from botocore.config import Config
base, zone, key, secret = sys.argv[1:5]
client = boto3.client('route53', endpoint_url=base, region_name='us-east-1', aws_access_key_id=key, aws_secret_access_key=secret, config=Config(retries={'total_max_attempts': 1}))
raw = []
client.meta.events.register('after-call.route53.*', lambda http_response, model, **_: raw.append((model, http_response)))
client.get_hosted_zone(Id=zone)
listed = client.list_resource_record_sets(HostedZoneId=zone)
old = [s for s in listed['ResourceRecordSets'] if s['Name'] == 'api.example.com.'][0]
new = {'Name': 'api.example.com', 'Type': 'A', 'AliasTarget': {'HostedZoneId': 'Z2FDTNDATAQYW2', 'DNSName': '${distribution}', 'EvaluateTargetHealth': False}}
changed = client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={'Comment': 'boto', 'Changes': [{'Action': 'DELETE', 'ResourceRecordSet': old}, {'Action': 'CREATE', 'ResourceRecordSet': new}]})
client.get_change(Id=changed['ChangeInfo']['Id'])
client.list_resource_record_sets(HostedZoneId=zone)
problems = []
def check(element, shape, path):
    if shape.type_name == 'list':
        name = shape.member.serialization.get('name', 'member')
        for child in element:
            if child.tag.split('}')[1] != name: problems.append(path + ': ' + child.tag)
            else: check(child, shape.member, path + '/' + name)
    elif shape.type_name == 'structure':
        seen = set()
        for child in element:
            tag = child.tag.split('}')[1]
            member = next((m for n, m in shape.members.items() if m.serialization.get('name', n) == tag), None)
            if member is None: problems.append(path + ': no member ' + tag)
            else: check(child, member, path + '/' + tag); seen.add(tag)
        for needed in shape.required_members:
            if shape.members[needed].serialization.get('name', needed) not in seen: problems.append(path + ': lacks ' + needed)
    elif len(element) > 0: problems.append(path + ': not empty')
for model, response in raw:
    root = ET.fromstring(response.content)
    if root.tag != '{https://route53.amazonaws.com/doc/2013-04-01/}' + model.output_shape.name: problems.append('root ' + root.tag)
    check(root, model.output_shape, model.name)
try: client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={'Changes': [{'Action': 'DELETE', 'ResourceRecordSet': old}]})
except client.exceptions.PriorRequestNotComplete as error: refused = error.response['Error']['Code']
print(json.dumps({'problems': problems, 'calls': len(raw), 'refused': refused, 'old': old['ResourceRecords']}))
`;
      const args = ['-c', script, base, zone, key.accessKeyId, key.secretAccessKey];
      const { stdout } = await promisify(execFile)('python3', args, {
        env: { ...process.env, AWS_CONFIG_FILE: '/nonexistent', AWS_SHARED_CREDENTIALS_FILE: '/nonexistent' },
      });
      expect(JSON.parse(stdout)).toEqual({
        problems: [],
        calls: 6,
        refused: 'PriorRequestNotComplete',
        old: [{ Value: `${hostname}.cdn.cloudflare.net` }],
      });
    },
  );
});
