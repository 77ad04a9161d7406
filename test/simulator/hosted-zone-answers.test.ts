import { beforeEach, describe, expect, test } from 'vitest';
import { answerFromHostedZone } from '../../src/simulator/hosted-zone-answers.ts';
import { answerFromOutside } from '../../src/simulator/outside-answers.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import type { SimulatedRecordSet, SimulatedWorld } from '../../src/simulator/state.ts';
import { sampleEnvironment } from './sample-environment.ts';

const hostname = 'api.example.com';
const partial = `${hostname}.cdn.cloudflare.net`;

describe('what a zone at Route 53 answers', () => {
  let world: SimulatedWorld;
  beforeEach(() => {
    world = seedWorld(sampleEnvironment(), { seed: 1, servedBy: 'route53' });
  });
  const ask = (name: string, type: string) => answerFromHostedZone(world, { name, type, server: 0, nowMs: 0 });
  const data = (name: string, type: string) =>
    ask(name, type).answers.map((answer) => `${answer.type} ${answer.ttl} ${answer.data}`);
  const put = (...sets: SimulatedRecordSet[]) => {
    world.hostedZone.seeded = [...world.hostedZone.seeded.filter(({ name }) => name !== sets[0]?.name), ...sets];
  };

  test('the CNAME of a partial setup, alone, for every type', () => {
    for (const type of ['A', 'AAAA', 'CNAME', 'HTTPS']) {
      expect(ask('API.example.com.', type)).toEqual({
        rcode: 'NOERROR',
        authoritative: true,
        answers: [{ name: 'API.example.com', type: 'CNAME', ttl: 60, data: partial }],
        authorities: [],
      });
    }
  });

  test('its own NS and SOA, and the SOA with what is not there', () => {
    expect(data('example.com', 'NS')).toEqual(world.hostedZone.nameservers.map((name) => `NS 172800 ${name}`));
    expect(world.zone.nameservers.map(({ name }) => name)).toEqual(world.hostedZone.nameservers);
    const [soa] = ask('example.com', 'SOA').answers;
    expect(soa).toMatchObject({
      ttl: 900,
      data: expect.stringMatching(/^ns-\d+\.awsdns-\d\d\.com awsdns-hostmaster\.amazon\.com 1 7200 900 1209600 86400$/),
    });
    expect(ask('nothing.example.com', 'A')).toMatchObject({
      rcode: 'NXDOMAIN',
      authoritative: true,
      authorities: [soa],
    });
    expect(ask('example.com', 'AAAA')).toMatchObject({ rcode: 'NOERROR', answers: [], authorities: [soa] });
    expect(ask('www.example.org', 'A')).toMatchObject({ rcode: 'REFUSED', authoritative: false });
  });

  test('an alias answers with the distribution’s addresses and TTL, and other types are NODATA', () => {
    const target = {
      hostedZoneId: 'Z2FDTNDATAQYW2',
      dnsName: `${world.distribution.domain}.`,
      evaluateTargetHealth: false,
    };
    put({ name: `${hostname}.`, type: 'A', alias: target }, { name: `${hostname}.`, type: 'AAAA', alias: target });
    expect(data(hostname, 'A')).toEqual(world.addresses.fallback.v4.map((address) => `A 60 ${address}`));
    expect(data(hostname, 'AAAA')).toEqual(world.addresses.fallback.v6.map((address) => `AAAA 60 ${address}`));
    expect(ask(hostname, 'HTTPS')).toMatchObject({ rcode: 'NOERROR', answers: [], authorities: [{ type: 'SOA' }] });
    put({
      name: 'www.example.com.',
      type: 'A',
      alias: { hostedZoneId: world.hostedZone.id, dnsName: `${hostname}.`, evaluateTargetHealth: false },
    });
    expect(data('www.example.com', 'A')).toEqual(data(hostname, 'A'));
  });

  test('of routed sets one answers: the heaviest, or the primary', () => {
    const set = (value: string, more: Partial<SimulatedRecordSet>) => ({
      name: `${hostname}.`,
      type: 'CNAME',
      ttl: 5,
      values: [value],
      setIdentifier: value,
      ...more,
    });
    put(set('light.test', { weight: 1 }), set('heavy.test', { weight: 9 }), set('off.test', { weight: 0 }));
    expect(data(hostname, 'A')).toEqual(['CNAME 5 heavy.test']);
    put(set('second.test', { failover: 'SECONDARY' }), set('first.test', { failover: 'PRIMARY' }));
    expect(data(hostname, 'A')).toEqual(['CNAME 5 first.test']);
  });

  test('a CNAME within the zone is followed', () => {
    put({ name: 'www.example.com.', type: 'CNAME', ttl: 30, values: [`${hostname}.`] });
    expect(data('www.example.com', 'A')).toEqual([`CNAME 30 ${hostname}`, `CNAME 60 ${partial}`]);
  });

  test('resolvers find the edge behind the name of a partial setup, while the name is proxied', () => {
    const outside = (type: string) =>
      answerFromOutside(world, partial, type).answers.map(({ data: found, ttl }) => [found, ttl]);
    expect(outside('A')).toEqual(world.addresses.edge.v4.map((address) => [address, 300]));
    expect(outside('AAAA').length).toBe(2);
    for (const balancer of world.loadBalancers) balancer.enabled = false;
    expect(answerFromOutside(world, partial, 'A').rcode).toBe('NXDOMAIN');
    expect(answerFromOutside(world, 'other.example.com.cdn.cloudflare.net', 'A').rcode).toBe('NXDOMAIN');
  });
});

test('where the name is served from follows the environment, unless the scenario says otherwise', () => {
  const environment = sampleEnvironment();
  expect(seedWorld(environment, { seed: 1 }).servedBy).toBe('load-balancer');
  const atRoute53 = { ...environment, aws: { 'hosted-zone-id': 'Z0123456789ABCDEFGHIJ' } };
  expect(seedWorld(atRoute53, { seed: 1 })).toMatchObject({
    servedBy: 'route53',
    hostedZone: { id: 'Z0123456789ABCDEFGHIJ' },
  });
  const byRecord = seedWorld(atRoute53, { seed: 1, servedBy: 'record' });
  expect(byRecord.loadBalancers.map(({ name }) => name)).toEqual(['canary.example.com']);
  expect(byRecord.records[0]).toMatchObject({
    type: 'CNAME',
    name: hostname,
    proxied: true,
    content: 'origin.example.com',
  });
  expect(byRecord.zone.nameservers[0]?.name).toBe('ada.ns.cloudflare.com');
});
