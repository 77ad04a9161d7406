import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../src/journal/redact.ts';

/** How programs pass a secret on. */
const encoders: Record<string, (secret: string) => string> = {
  plain: (secret) => secret,
  base64: (secret) => Buffer.from(secret).toString('base64'),
  'base64 after a user name': (secret) => Buffer.from(`x:${secret}`).toString('base64'),
  'base64 one byte on': (secret) => Buffer.from(`x${secret}y`).toString('base64'),
  base64url: (secret) => Buffer.from(`abc${secret}`).toString('base64url'),
  'hex, lower case': (secret) => Buffer.from(secret).toString('hex'),
  'hex, upper case': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  'percent-encoded': (secret) => encodeURIComponent(secret),
  'percent-encoded, lower case': (secret) => encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  'percent-encoded twice': (secret) => encodeURIComponent(encodeURIComponent(secret)),
  'every byte percent-encoded': (secret) => Buffer.from(secret).toString('hex').replace(/../g, '%$&'),
  'form data': (secret) => new URLSearchParams({ secret }).toString(),
  'a URL’s query': (secret) => new URL(`https://x.test/?${new URLSearchParams({ q: secret })}`).href,
  JSON: (secret) => JSON.stringify({ secret }),
  'JSON in JSON': (secret) => JSON.stringify(JSON.stringify(secret)),
  XML: (secret) => secret.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;'),
  'a shell’s quotes': (secret) => `'${secret.replace(/'/g, `'\\''`)}'`,
  'a command line': (secret) => secret.replace(/"/g, '\\"'),
  'escaped bytes': (secret) => Buffer.from(secret).toString('hex').replace(/../g, '\\x$&'),
  reversed: (secret) => [...secret].reverse().join(''),
};

const hardSecret = `p&ss"w<o>rd'/+ =%ü\\n${'x'.repeat(6)}`;
const secrets = ['cf_0123456789abcdefABCDEF', hardSecret, 'ümläut-tökên-1'];

describe('a secret', () => {
  test.each(Object.entries(encoders))('is masked: %s', (_name, encode) => {
    const redactor = createRedactor(secrets);
    for (const secret of secrets) {
      const encoded = encode(secret);
      const masked = redactor.text(`before ${encoded} after`);
      expect(masked).toContain('***');
      expect(masked).toMatch(/^before .* after$/s);
      // What is left is what the form adds to any text, and, in base64, the few characters that depend on its neighbours.
      const left = masked.slice('before '.length, -' after'.length).replaceAll('***', '');
      expect(left.length).toBeLessThanOrEqual(encode('').length + 6);
    }
  });

  test('never comes out, whatever it is and whatever stands around it', () => {
    const secret = fc
      .string({ minLength: 6, maxLength: 40 })
      .filter((text) => text.trim().length >= 6 && !text.includes('*'));
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 4 }),
        fc.string(),
        fc.string(),
        (known, before, after) => {
          const redactor = createRedactor(known);
          for (const one of known) {
            expect(redactor.text(before + one + after)).not.toContain(one);
            const event = redactor.json({
              type: 'commented',
              text: before + one,
              [one]: { deep: [one + after, inspect(one)] },
            });
            expect(JSON.stringify(event)).not.toContain(JSON.stringify(one).slice(1, -1));
            expect(redactor.holds(`${before}${one}`)).toBe(true);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('that overlaps another leaves nothing of either', () => {
    expect(createRedactor(['abcdefgh', 'efghijkl']).text('<abcdefghijkl>')).toBe('<***>');
    expect(createRedactor(['abcabc']).text('<abcabcabc>')).toBe('<***>');
  });

  test('that is cut off is masked as far as it goes, once eight characters of it are there', () => {
    const secret = 'cf_0123456789abcdefABCDEF';
    const redactor = createRedactor([secret]);
    for (let length = 1; length < secret.length; length += 1) {
      const [head, tail] = [secret.slice(0, length), secret.slice(-length)];
      const isTold = length < 8;
      expect(redactor.text(`got ${head}`), head).toBe(isTold ? `got ${head}` : 'got ***');
      expect(redactor.text(`got ${head}… and more`), head).toBe(isTold ? `got ${head}… and more` : 'got ***… and more');
      expect(redactor.text(`${tail} came`), tail).toBe(isTold ? `${tail} came` : '*** came');
      // In the middle of a text it is not cut off, and tells nobody more than any other word.
      expect(redactor.text(`got ${head} and more`)).toBe(`got ${head} and more`);
      expect(redactor.text(`got ${tail}`)).toBe(`got ${tail}`);
    }
    expect(redactor.holds('got cf_01234')).toBe(true);
    expect(redactor.holds('got cf_0123')).toBe(false);
  });

  test('that is broken over lines is masked with the break, wherever it is', () => {
    const secret = 'cf_0123456789abcdefABCDEF';
    const redactor = createRedactor([secret]);
    for (const broken of ['\n', '=\r\n', '\n\t  ', '\\n', '=\\r\\n', '\\\\n', '\\x0a']) {
      for (let at = 1; at < secret.length; at += 1) {
        const text = `got ${secret.slice(0, at)}${broken}${secret.slice(at)} here`;
        expect(redactor.text(text), JSON.stringify(text)).toBe('got *** here');
      }
      expect(redactor.text(`got cf_012${broken}3456`)).toBe('got ***');
      expect(redactor.text(`two${broken}lines`)).toBe(`two${broken}lines`);
    }
  });

  test('that was broken over lines is masked where the breaks have become spaces', () => {
    const secret = 'cf_0123456789abcdefABCDEF';
    const redactor = createRedactor([secret, 'short_pass']);
    const wrapped = Buffer.from(secret).toString('base64').replace(/.{16}/g, '$& ');
    // Base64's own padding is no part of the secret.
    expect(redactor.text(`got ${wrapped} here`)).toBe('got ***== here');
    expect(redactor.json({ said: `got ${wrapped} here` })).toEqual({ said: 'got ***== here' });
    expect(redactor.text(`got ${wrapped.slice(0, 22)}…`)).toBe('got ***…');
    expect(redactor.text('a short _pass')).toBe('a short _pass');
  });

  test('that was laid out in lines is masked in each of them, and in lower case', () => {
    const secret = 'cf_0123456789abcdefABCDEF';
    const redactor = createRedactor([secret]);
    const lines = [`got ${secret.slice(0, 9)}`, `     ${secret.slice(9)} here`];
    expect(redactor.json({ lines })).toEqual({ lines: ['got ***', '     *** here'] });
    const percent = Buffer.from(secret).toString('hex').replace(/../g, '%$&');
    const three = [`got ${percent.slice(0, 18)}`, `  ${percent.slice(18, 45)}`, `  ${percent.slice(45)} here`];
    expect(redactor.json(three)).toEqual(['got ***', '  ***', '  *** here']);
    expect(redactor.json(['abcdefABCD'])).toEqual(['abcdefABCD']);
    expect(redactor.text(`CNAME ${secret.toLowerCase()}.example.net`)).toBe('CNAME ***.example.net');
    expect(redactor.text('  abcdef')).toBe('  abcdef');
  });

  test('that is short is masked as a whole word only', () => {
    const redactor = createRedactor(['cat', '', '   ']);
    expect(redactor.text('the cat concatenates; cat')).toBe('the *** concatenates; ***');
    expect(redactor.json({ text: 'a\ncat' })).toEqual({ text: 'a\n***' });
  });

  test('is masked where a line break, an indentation or a soft break parts it, also at its own spaces and equals signs', () => {
    const redactor = createRedactor(['cf_ab=cd ef0123456789']);
    for (const broken of [
      'cf_ab=cd\n ef0123456789',
      'cf_ab=cd\n    ef0123456789',
      'cf_ab=\ncd ef0123456789',
      'cf_ab=3Dcd=\r\n ef01234=\n56789',
    ]) {
      expect(redactor.text(`got ${broken}!`)).toBe('got ***!');
    }
    expect(redactor.text('said cf_ab=cd ef01234=\n…')).toBe('said ***=\n…');
    expect(redactor.text('one\ncf_ab = cd e\ntwo')).toBe('one\ncf_ab = cd e\ntwo');
  });

  test('of several lines is masked line by line too', () => {
    const key = 'first-line-of-the-key-0001\nsecond-line-of-the-key-0002\n';
    expect(createRedactor([key]).text('got second-line-of-the-key-0002!')).toBe('got ***!');
  });
});

describe('what looks like a secret', () => {
  const shaped: Record<string, string> = {
    'Authorization: Bearer abcdefgh12345678': 'Authorization: Bearer ***',
    '{"authorization":"Basic dXNlcjpwYXNz"}': '{"authorization":"Basic ***"}',
    'curl -H "Authorization: re-secret-value"': 'curl -H "Authorization: ***"',
    'sent Bearer eyJhbGciOiJIUzI1NiJ9.x.y now': 'sent Bearer *** now',
    'key re_AbCd1234_EfGh5678IjKl9012 refused': 'key *** refused',
    'xoxb-123456789012-abcdefABCDEF': '***',
    'xapp-1-A012345-678': '***',
    'AKIAIOSFODNN7EXAMPLE is unknown': '*** is unknown',
    'https://user:hunter22@example.com/x': 'https://***@example.com/x',
    'https://hooks.slack.com/services/T000/B000/XXXXXXXX': 'https://hooks.slack.com/services/***',
    'x?X-Amz-Signature=0123456789abcdef&y=1': 'x?X-Amz-Signature=***&y=1',
    'a -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- b': 'a *** b',
    '-----BEGIN RSA PRIVATE KEY-----\nMIIE…cut': '***',
    ghp_0123456789abcdefghijABCDEFGHIJ0123456789: '***',
  };
  test.each(Object.entries(shaped))('is masked: %s', (text, masked) => {
    const redactor = createRedactor([]);
    expect(redactor.text(text)).toBe(masked);
    expect(redactor.text(masked)).toBe(masked);
    expect(redactor.json({ note: [text] })).toEqual({ note: [masked] });
    expect(redactor.holds(text)).toBe(false);
  });

  test('is masked by the name of its field', () => {
    expect(createRedactor([]).json({ headers: { Authorization: 'x', 'X-Auth-Key': 'y', Accept: 'z' } })).toEqual({
      headers: { Authorization: '***', 'X-Auth-Key': '***', Accept: 'z' },
    });
    expect(createRedactor([]).json({ 'set-cookie': ['a=b', 'c=d', 1], vary: ['x'] })).toEqual({
      'set-cookie': ['***', '***', 1],
      vary: ['x'],
    });
  });

  test('is not what merely reads like it: ordinary text and data come through as they are', () => {
    const redactor = createRedactor(['cf_0123456789abcdefABCDEF']);
    const event = {
      type: 'step-planned',
      step: 're_read_the_whole_record',
      text: 'the basic check of https://api.example.com:8443/emails?id=1 passed; authorization was stripped',
      digest: 'ab'.repeat(32),
      before: { enabled: true, ttl: 300, tags: ['a', null, 1.5] },
    };
    expect(redactor.json(event)).toEqual(event);
    expect(redactor.text(event.text)).toBe(event.text);
  });
});

test('a shape is looked for in time that grows with the text, however the text is made', () => {
  const redactor = createRedactor([]);
  const long = (piece: string) => piece.repeat(100_000 / piece.length);
  for (const piece of [
    'a',
    'eyJ',
    'Bearer ',
    'authorization: ',
    '://',
    'a://b:',
    '-----BEGIN PRIVATE KEY',
    're_a_',
    'xox',
  ]) {
    expect(redactor.text(long(piece)).length).toBeGreaterThan(0);
  }
});

test('a whole value is masked as each text in it is, whether or not there was anything to mask', () => {
  const { text, json } = createRedactor([]);
  const part = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'Bearer abcdefgh12',
      '"xoxb-12345678',
      'https://u:p4ss@x.test',
      '-----BEGIN PRIVATE KEY-----\nx',
      're_',
    ),
  );
  const field = fc.oneof(fc.string(), fc.constantFrom('Authorization', 'cookie', 'x-api-key', 'password', 'note'));
  fc.assert(
    fc.property(field, part, part, (name, one, two) => {
      const hidden = /^(authorization|cookie|x-api-key|password)$/i.test(name) ? '***' : text(one);
      const expected = [
        ['listed', text(two)],
        ['within', Object.fromEntries([[text(name), hidden]])],
      ];
      const masked = json({ listed: two, within: Object.fromEntries([[name, one]]) });
      expect(masked).toEqual(Object.fromEntries(expected));
    }),
    { numRuns: 500 },
  );
});
