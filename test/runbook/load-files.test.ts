import { describe, expect, test } from 'vitest';
import { loadEnvironment } from '../../src/runbook/load-environment.ts';
import { loadSuite } from '../../src/runbook/load-suite.ts';
import { warnOfPlaceholders } from '../../src/runbook/read-environment.ts';
import { environment, problemsOf } from './small-actions.ts';

const base = `hostname: api.example.com
zone: example.com
routes:
  edge: { provider: cloudflare, connect: api.example.com }
dns: { resolvers: [192.0.2.53] }
`;

describe('environments', () => {
  const bad: readonly [string, string, readonly string[]][] = [
    [
      'another zone',
      base.replace('zone: example.com', 'zone: example.org'),
      ['1:11: api.example.com is not in the zone example.org; correct hostname or zone'],
    ],
    [
      'a zone that only ends alike',
      base.replace('zone: example.com', 'zone: ple.com'),
      ['1:11: api.example.com is not in the zone ple.com; correct hostname or zone'],
    ],
    [
      'a URL as hostname',
      base.replace('hostname: api', 'hostname: https://api'),
      [
        '1:11: "hostname" cannot be the text "https://api.example.com"; give a hostname in lower case, without scheme, port or trailing dot (the name that customers use)',
      ],
    ],
    [
      'plain http elsewhere',
      `${base}endpoints: { cloudflare: "http://192.0.2.1:8080", slack: "http://127.0.0.1:9/x" }\n`,
      ['6:26: the endpoint uses plain http to another machine; use https; plain http is only for loopback'],
    ],
    [
      'a host that only looks like loopback',
      `${base}endpoints: { cloudflare: "http://127.0.0.1.example.com" }\n`,
      ['6:26: the endpoint uses plain http to another machine; use https; plain http is only for loopback'],
    ],
    [
      'a password in an endpoint',
      `${base}endpoints: { slack: "https://a:b@example.com" }\n`,
      ['6:21: the endpoint holds a user or a password; take it out; secrets are named under secrets'],
    ],
    [
      'a file as endpoint',
      `${base}endpoints: { slack: "file:///etc/passwd" }\n`,
      ['6:21: an endpoint cannot use file://; use https://'],
    ],
    [
      'ids of the other provider of status pages',
      `${base}statuspage: { provider: atlassian, page-id: 01FCNDV6P870EA6S7TK1DSYDG0, components: { api: 8kbf7d35c070 } }\n`,
      [
        '6:45: "01FCNDV6P870EA6S7TK1DSYDG0" is no id at Statuspage; give lower-case letters and digits, such as kctbh9vrtdwd, or correct provider',
      ],
    ],
    [
      'an id of a component of the other provider',
      `${base}statuspage: { provider: incident-io, page-id: PLACEHOLDER-page, components: { api: 8kbf7d35c070 } }\n`,
      ['6:84: "8kbf7d35c070" is no id at incident.io; give 26 capital letters and digits, or correct provider'],
    ],
    [
      'an unknown backend',
      base
        .replace('connect: api.example.com', 'connect: { email-apu: 192.0.2.1 }')
        .concat('backends: { email-api: { header: x, value: y } }\n'),
      ['4:44: there is no backend "email-apu"; did you mean "email-api"?'],
    ],
    [
      'a port that does not exist',
      base.replace('connect: api.example.com', 'connect: "api.example.com:70000"'),
      ['4:42: the port 70000 does not exist; use a port from 1 to 65535'],
    ],
    [
      'a resolver by name',
      base.replace('192.0.2.53', 'one.one.one.one'),
      ['5:20: the resolver "one.one.one.one" is not an address; write its IP address, such as 1.1.1.1'],
    ],
    [
      'a wrong range',
      base.replace(
        'connect: api.example.com',
        'connect: api.example.com, answers: { addresses: [192.0.2.0/24, 192.0.2.0/40] }',
      ),
      ['4:96: "192.0.2.0/40" is not a range of addresses; write it as 203.0.113.0/24 or 2001:db8::/32'],
    ],
    ['no route', base.replace(/routes:\n.*\n/, 'routes: {}\n'), ['3:9: there is no route; add one, such as edge']],
    ['a wrong id', `${base}cloudflare: { zone-id: 123 }\n`, ['6:24: "zone-id" is the number 123; give text']],
    [
      'an id of the wrong form',
      `${base}cloudflare: { zone-id: abc }\n`,
      ['6:24: "zone-id" cannot be the text "abc"; 32 hexadecimal digits, or PLACEHOLDER-… until it is known'],
    ],
    [
      'everything at once',
      `hostname: a.b\nzone: c\nroute: {}\ndns: { resolver: [1.1.1.1] }\n`,
      [
        '1:1: the key "routes" is missing; add it',
        '3:1: unknown key "route"; did you mean "routes"?',
        '4:6: the key "resolvers" is missing; add it: caching resolvers to ask, as address or address:port',
        '4:8: unknown key "resolver" in "dns"; did you mean "resolvers"?',
      ],
    ],
  ];
  for (const [name, text, says] of bad) {
    test(name, () => expect(problemsOf(loadEnvironment('e.yaml', text))).toEqual(says));
  }

  test('a secret written into it is refused, and never repeated', () => {
    const secrets = [
      're_c1tpEyD8_NKFusih9vKVQknRAQfmFcWCv',
      'xoxb-2345678901-AbCdEfGhIjKlMnOp',
      'v4nQ8sLw2ZrT6yHb0XcKj3MfGdEaPuR9iOtSqW5N',
      'AKIAQ4F7GZ2LXN5W8RTB',
    ];
    for (const secret of secrets) {
      const says = problemsOf(loadEnvironment('e.yaml', `${base}secrets:\n  cloudflare: ${secret}\n`)).join('\n');
      expect(says).toMatch(
        /^7:15: the (secret "cloudflare" seems to be written here itself|text looks like a real credential)/,
      );
      expect(says).not.toContain(secret.slice(4, 20));
    }
  });

  test('placeholders are warnings with their places', () => {
    const loaded = loadEnvironment('e.yaml', `${base}cloudflare:\n  zone-id: PLACEHOLDER-zone\n`);
    if ('problems' in loaded) throw new Error('refused');
    expect(problemsOf({ problems: warnOfPlaceholders(loaded.placeholders) })).toEqual([
      '7:12: cloudflare.zone-id is still a placeholder (PLACEHOLDER-zone); fill it in before a live run',
    ]);
    expect(loaded.environment.hostname).toBe('api.example.com');
  });
});

describe('suites', () => {
  const suite = (requests: string) => `title: Critical\nrequests:\n${requests}`;
  const bad: readonly [string, string, readonly string[]][] = [
    [
      'an id twice',
      suite(
        '  - { id: a, method: GET, path: /, expect: { status: 200 } }\n  - { id: a, method: GET, path: /b, expect: { status: 200 } }\n',
      ),
      ['4:11: the id "a" is given twice; give each request its own id'],
    ],
    [
      'an unknown backend',
      suite('  - { id: a, method: GET, path: /, expect: { status: 200, backend: emial-api } }\n'),
      ['3:68: the environment has no backend "emial-api"; did you mean "email-api"?'],
    ],
    [
      'an unknown secret',
      suite(
        '  - { id: a, method: GET, path: /, headers: { authorization: { secret: bad-kye } }, expect: { status: 200 } }\n',
      ),
      ['3:72: the environment names no secret "bad-kye"; did you mean "bad-key"?'],
    ],
    [
      'a real key',
      suite(
        '  - id: a\n    method: GET\n    path: /\n    headers: { authorization: Bearer re_c1tpEyD8_NKFusih9vKVQknRAQfmFcWCv }\n    expect: { status: 200 }\n',
      ),
      [
        '6:31: the text looks like a real credential; take it out, revoke it, and name a process variable under secrets instead',
      ],
    ],
    [
      'a body on GET',
      suite('  - { id: a, method: GET, path: /, body: x, expect: { status: 200 } }\n'),
      ['3:42: a GET request has a body; remove it, or use another method'],
    ],
    [
      'wrong values',
      suite('  - { id: a, method: FETCH, path: emails, expect: { status: 999, latncy: 5 } }\n'),
      [
        '3:22: "method" cannot be the text "FETCH"; use one of: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
        '3:35: "path" cannot be the text "emails"; give text that begins with "/"',
        '3:61: "status" is 999; give at most 599 (status, or any of these)'.replace(' (status, or any of these)', ''),
        '3:66: unknown key "latncy" in "expect"; use one of: json, headers, backend, latency-under-ms, body-without',
      ],
    ],
  ];
  for (const [name, text, says] of bad) {
    test(name, () => expect(problemsOf(loadSuite('s.yaml', text, environment))).toEqual(says));
  }

  test('keys that anyone sees are made up are fine', () => {
    const text = suite(
      '  - { id: a, method: GET, path: /, headers: { authorization: Bearer re_invalid_key_for_checks }, expect: { status: [401, 403] } }\n',
    );
    expect(problemsOf(loadSuite('s.yaml', text, environment))).toEqual([]);
  });
});
