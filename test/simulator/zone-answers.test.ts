import { beforeEach, describe, expect, test } from 'vitest';
import { answerFromOutside } from '../../src/simulator/outside-answers.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import type { SimulatedRecord, SimulatedWorld } from '../../src/simulator/state.ts';
import { answerFromZone } from '../../src/simulator/zone-answers.ts';
import { sampleEnvironment } from './sample-environment.ts';

describe('what the zone answers', () => {
  let world: SimulatedWorld;
  const disable = () => {
    for (const balancer of world.loadBalancers) balancer.enabled = false;
  };
  const add = (record: Partial<SimulatedRecord> & Pick<SimulatedRecord, 'type' | 'name' | 'content'>) =>
    world.records.push({
      id: `${world.records.length}`,
      ttl: 1,
      proxied: false,
      comment: null,
      createdOn: '',
      modifiedOn: '',
      ...record,
    });
  const data = (name: string, type: string) => answerFromZone(world, name, type).answers.map((answer) => answer.data);

  beforeEach(() => {
    world = seedWorld(sampleEnvironment(), { seed: 1 });
  });

  test('an enabled load balancer shadows the record beneath and answers with the edge, for 300 s', () => {
    const a = answerFromZone(world, 'api.example.com', 'A');
    expect(a).toMatchObject({ rcode: 'NOERROR', authoritative: true, authorities: [] });
    expect(a.answers.map((answer) => answer.data)).toEqual(world.addresses.edge.v4);
    expect(a.answers.every((answer) => answer.ttl === 300)).toBe(true);
    expect(data('api.example.com', 'AAAA')).toEqual(world.addresses.edge.v6);
    expect(data('api.example.com', 'CNAME')).toEqual([]);
  });

  test('editing the record beneath an enabled load balancer changes nothing', () => {
    const before = answerFromZone(world, 'api.example.com', 'A');
    for (const record of world.records) record.content = 'elsewhere.example.net';
    expect(answerFromZone(world, 'api.example.com', 'A')).toEqual(before);
  });

  test('an HTTPS record is made on the fly for a proxied name', () => {
    const [https] = answerFromZone(world, 'api.example.com', 'HTTPS').answers;
    expect(https?.data).toMatch(/^1 \. alpn=h3,h2 ipv4hint=104\.\S+ ipv6hint=2606:\S+$/);
    expect(https?.ttl).toBe(300);
  });

  test.each(['A', 'AAAA', 'CNAME', 'HTTPS'])(
    'disabled: %s is the CNAME beneath and nothing after it, with its TTL',
    (type) => {
      disable();
      expect(answerFromZone(world, 'API.example.com.', type)).toEqual({
        rcode: 'NOERROR',
        authoritative: true,
        answers: [{ name: 'API.example.com', type: 'CNAME', ttl: 60, data: 'd111111abcdef8.cloudfront.net' }],
        authorities: [],
      });
    },
  );

  test('a proxied record hides its content, even beside records that are not proxied', () => {
    add({ type: 'A', name: 'www.example.com', content: '192.0.2.1', proxied: true });
    add({ type: 'A', name: 'www.example.com', content: '192.0.2.2' });
    expect(data('www.example.com', 'A')).toEqual(world.addresses.edge.v4);
  });

  test('a record without proxy answers its content; ttl 1 is 300 s', () => {
    add({ type: 'A', name: 'direct.example.com', content: '192.0.2.1' });
    expect(answerFromZone(world, 'direct.example.com', 'A').answers).toEqual([
      { name: 'direct.example.com', type: 'A', ttl: 300, data: '192.0.2.1' },
    ]);
  });

  test('a CNAME within the zone is followed, at the apex it is flattened', () => {
    disable();
    add({ type: 'CNAME', name: 'old.example.com', content: 'api.example.com' });
    expect(data('old.example.com', 'A')).toEqual(['api.example.com', 'd111111abcdef8.cloudfront.net']);
    add({ type: 'CNAME', name: 'example.com', content: 'd111111abcdef8.cloudfront.net', ttl: 60 });
    expect(data('example.com', 'A')).toEqual(world.addresses.fallback.v4);
  });

  test('a loop of CNAMEs ends', () => {
    add({ type: 'CNAME', name: 'a.example.com', content: 'b.example.com' });
    add({ type: 'CNAME', name: 'b.example.com', content: 'a.example.com' });
    expect(answerFromZone(world, 'a.example.com', 'A').rcode).toBe('NOERROR');
  });

  test('no such type is NODATA, no such name NXDOMAIN, each with the SOA and its minimum', () => {
    world.zone.soaMinimum = 900;
    const nodata = answerFromZone(world, 'api.example.com', 'TXT');
    expect(nodata).toMatchObject({ rcode: 'NOERROR', authoritative: true, answers: [] });
    expect(nodata.authorities).toMatchObject([
      { name: 'example.com', type: 'SOA', ttl: 900, data: expect.stringMatching(/ 900$/) },
    ]);
    expect(answerFromZone(world, 'nobody.example.com', 'A')).toMatchObject({
      rcode: 'NXDOMAIN',
      authorities: [{ type: 'SOA' }],
    });
    add({ type: 'A', name: 'deep.below.example.com', content: '192.0.2.1' });
    expect(answerFromZone(world, 'below.example.com', 'A').rcode).toBe('NOERROR');
    disable();
    world.records = [];
    expect(answerFromZone(world, 'api.example.com', 'A').rcode).toBe('NXDOMAIN');
  });

  test('the zone has NS and SOA, and other zones are refused', () => {
    expect(data('example.com', 'NS')).toEqual(world.zone.nameservers.map((server) => server.name));
    expect(data('example.com', 'SOA')).toEqual([
      `ada.ns.cloudflare.com dns.cloudflare.com ${world.zone.serial} 10000 2400 604800 1800`,
    ]);
    for (const name of ['example.org', 'notexample.com', 'com', '.']) {
      expect(answerFromZone(world, name, 'A')).toMatchObject({ rcode: 'REFUSED', authoritative: false, answers: [] });
    }
  });

  test('outside, the distribution and the nameservers have addresses, and nothing else exists', () => {
    const answer = answerFromOutside(world, 'D111111ABCDEF8.cloudfront.net', 'A');
    expect(answer.answers.map(({ data: address }) => address)).toEqual(world.addresses.fallback.v4);
    expect(answer.answers[0]).toMatchObject({ ttl: 60, name: 'D111111ABCDEF8.cloudfront.net' });
    expect(answerFromOutside(world, 'ada.ns.cloudflare.com', 'A').answers).toMatchObject([{ data: '173.245.58.50' }]);
    expect(answerFromOutside(world, 'ada.ns.cloudflare.com', 'AAAA')).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(answerFromOutside(world, 'd222222abcdef8.cloudfront.net', 'A').rcode).toBe('NXDOMAIN');
  });
});
