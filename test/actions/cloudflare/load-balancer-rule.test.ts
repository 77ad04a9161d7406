import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRuleCondition } from '../../../src/actions/cloudflare/load-balancer-rule.ts';
import { ruleRequest } from '../../../src/actions/cloudflare/rule-request.ts';
import { OpsError } from '../../../src/errors.ts';
import { chooseBackend } from '../../../src/simulator/choose-backend.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import { sampleEnvironment } from '../../simulator/sample-environment.ts';

const holds = (condition: string, method: string, path: string) =>
  readRuleCondition(condition)(ruleRequest(method, path, 'api.example.com'));

describe('the conditions of load balancer rules', () => {
  const sending = 'http.request.method eq "POST" and http.request.uri.path eq "/emails"';

  test.each([
    ['POST', '/emails', true],
    ['POST', '/emails?dry=1', true],
    ['GET', '/emails', false],
    ['POST', '/emails/', false],
    ['POST', '/emails/batch', false],
    ['POST', '/Emails', false],
    ['post', '/emails', false],
    // As URL normalization has it unless a zone turns it off.
    ['POST', '//emails', true],
    ['POST', '/%65mail%73', true],
    ['POST', '/./domains/../emails', true],
    ['POST', '\\emails', true],
    ['POST', '/emails%2F', false],
    ['POST', '/emails/.', false],
  ])('%s %s is sent to the Email API: %s', (method, path, expected) => {
    expect(holds(sending, method, path)).toBe(expected);
    expect(holds(sending.replaceAll('eq', '==').replace('and', '&&').replaceAll('r==u', 'requ'), method, path)).toBe(
      expected,
    );
  });

  test.each([
    ['', true],
    ['not http.request.method in {"GET" "HEAD"}', true],
    ['!(http.request.method == "POST")', false],
    ['starts_with(http.request.uri.path, "/emails")', true],
    ['ends_with(http.request.uri.path, "/emails")', false],
    ['lower(http.request.uri.path) contains "batch" or http.request.method eq "GET"', true],
    ['http.request.uri eq "/emails/batch?x=\\"1\\""', true],
    ['http.request.uri.query ne ""', true],
    ['http.host eq "api.example.com" xor http.request.method eq "POST"', false],
    // `and` binds tighter than `xor`, and `xor` tighter than `or`.
    [
      'http.request.method eq "POST" or http.request.method eq "POST" xor http.request.method eq "POST" and false',
      true,
    ],
    ['(true or true) and false', false],
    ['not false and false', false],
    ['raw.http.request.uri.path eq "/emails//batch"', false],
    ['raw.http.request.uri eq "/emails/batch?x=\\"1\\""', true],
  ])('%s', (condition, expected) => {
    expect(holds(condition, 'POST', '/emails/batch?x="1"')).toBe(expected);
  });

  test.each([
    ['http.request.uri.path matches "^/emails"', '"matches" at character 23'],
    ['ip.src eq "1.2.3.4"', '"ip.src" at character 1'],
    ['http.request.method eq "POST" http.host eq "x"', '"http.host" at character 31'],
    ['(http.request.method eq "POST"', 'the end'],
    ["http.request.method eq 'POST'", 'at character 24'],
    ['http.request.method in {"GET" POST}', '"POST" at character 31'],
    ['and', '"and" at character 1'],
  ])('%s cannot be read, and the error names the place', (condition, place) => {
    expect(() => readRuleCondition(condition)).toThrow(OpsError);
    expect(() => readRuleCondition(condition)).toThrow(place);
  });

  test('whatever text is a condition or a clear error', () => {
    const word = fc.constantFrom(
      'http.request.method',
      'eq',
      '"GET"',
      'and',
      'or',
      'not',
      '(',
      ')',
      'in',
      '{',
      '}',
      'lower',
      'true',
      ',',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (condition) => {
        try {
          expect(typeof holds(condition, 'GET', '/')).toBe('boolean');
        } catch (error) {
          expect(error).toBeInstanceOf(OpsError);
        }
      }),
    );
  });
});

describe('the pool that a load balancer chooses', () => {
  test('rules by priority, without those disabled, until one terminates; else the default, else the fallback pool', () => {
    const world = seedWorld(sampleEnvironment(), { seed: 1 });
    const [balancer] = world.loadBalancers;
    const [rule] = balancer?.rules ?? [];
    if (balancer === undefined || rule === undefined) throw new Error('the seed has a load balancer with a rule');
    const choose = (method: string, path: string) =>
      chooseBackend(world, balancer, ruleRequest(method, path, world.hostname));
    const [emailPool = ''] = rule.overrides.default_pools;
    const [resendPool = ''] = balancer.defaultPools;
    expect(choose('POST', '/emails')).toBe('email-api');
    expect(choose('GET', '/emails')).toBe('resend-api');

    const later = { ...rule, condition: '', priority: 5, overrides: { default_pools: [resendPool] } };
    balancer.rules = [later, { ...rule, terminates: false }];
    expect(choose('POST', '/emails')).toBe('resend-api');
    balancer.rules = [later, rule];
    expect(choose('POST', '/emails')).toBe('email-api');
    balancer.rules = [{ ...rule, disabled: true }];
    expect(choose('POST', '/emails')).toBe('resend-api');
    balancer.defaultPools = [];
    balancer.fallbackPool = emailPool;
    expect(choose('GET', '/')).toBe('email-api');
    balancer.fallbackPool = 'gone';
    expect(choose('GET', '/')).toBeUndefined();
  });
});
