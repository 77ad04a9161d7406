import { describe, expect, test } from 'vitest';
import { encodingsOf } from '../../src/journal/secret-encodings.ts';

/** What a program makes of a secret with every kind of character that some encoding spells. */
const secret = `Pä"ß'<&>/+ =(*)!\n😀`;

const named: Record<string, string> = {
  plain: secret,
  'lower case': `pä"ß'<&>/+ =(*)!\n😀`,
  reversed: `😀\n!)*(= +/>&<'ß"äP`,
  JSON: `Pä\\"ß'<&>/+ =(*)!\\n😀`,
  'JSON in JSON': `Pä\\\\\\"ß'<&>/+ =(*)!\\\\n😀`,
  'JSON in ASCII': `P\\u00e4\\"\\u00df'<&>/+ =(*)!\\n\\ud83d\\ude00`,
  'JSON in ASCII, upper case': `P\\u00E4\\"\\u00DF'<&>/+ =(*)!\\n\\uD83D\\uDE00`,
  base64: 'UMOkIsOfJzwmPi8rID0oKikhCvCfmIA=',
  base64url: 'UMOkIsOfJzwmPi8rID0oKikhCvCfmIA',
  'base64 of UTF-16': Buffer.from(secret, 'utf16le').toString('base64'),
  'quoted-printable': `P=C3=A4"=C3=9F'<&>/+ =3D(*)!=0A=F0=9F=98=80`,
  'decimal references': `&#80;&#228;&#34;&#223;&#39;&#60;&#38;&#62;&#47;&#43;&#32;&#61;&#40;&#42;&#41;&#33;&#10;&#128512;`,
  'hexadecimal references': `&#x50;&#xe4;&#x22;&#xdf;&#x27;&#x3c;&#x26;&#x3e;&#x2f;&#x2b;&#x20;&#x3d;&#x28;&#x2a;&#x29;&#x21;&#xa;&#x1f600;`,
  hex: '50c3a422c39f273c263e2f2b203d282a29210af09f9880',
  'hex, upper case': '50C3A422C39F273C263E2F2B203D282A29210AF09F9880',
  'percent-encoded': `P%C3%A4%22%C3%9F'%3C%26%3E%2F%2B%20%3D(*)!%0A%F0%9F%98%80`,
  'percent-encoded, lower case': `P%c3%a4%22%c3%9f'%3c%26%3e%2f%2b%20%3d(*)!%0a%f0%9f%98%80`,
  'percent-encoded strictly': `P%C3%A4%22%C3%9F%27%3C%26%3E%2F%2B%20%3D%28%2A%29%21%0A%F0%9F%98%80`,
  'percent-encoded strictly, lower case': `P%c3%a4%22%c3%9f%27%3c%26%3e%2f%2b%20%3d%28%2a%29%21%0a%f0%9f%98%80`,
  'a whole URL encoded': `P%C3%A4%22%C3%9F'%3C&%3E/+%20=(*)!%0A%F0%9F%98%80`,
  'percent-encoded twice': `P%25C3%25A4%2522%25C3%259F'%253C%2526%253E%252F%252B%2520%253D(*)!%250A%25F0%259F%2598%2580`,
  'percent-encoded twice, lower case': `P%25c3%25a4%2522%25c3%259f'%253c%2526%253e%252f%252b%2520%253d(*)!%250a%25f0%259f%2598%2580`,
  'strictly, and then once more': `P%25C3%25A4%2522%25C3%259F%2527%253C%2526%253E%252F%252B%2520%253D%2528%252A%2529%2521%250A%25F0%259F%2598%2580`,
  'form data': `P%C3%A4%22%C3%9F%27%3C%26%3E%2F%2B+%3D%28*%29%21%0A%F0%9F%98%80`,
  'strictly, with plus for a space': `P%C3%A4%22%C3%9F%27%3C%26%3E%2F%2B+%3D%28%2A%29%21%0A%F0%9F%98%80`,
  'every byte percent-encoded': `%50%C3%A4%22%C3%9F%27%3C%26%3E%2F%2B%20%3D%28%2A%29%21%0A%F0%9F%98%80`,
  'every byte percent-encoded, lower case': `%50%c3%a4%22%c3%9f%27%3c%26%3e%2f%2b%20%3d%28%2a%29%21%0a%f0%9f%98%80`,
  'escaped bytes': `\\x50\\xc3\\xa4\\x22\\xc3\\x9f\\x27\\x3c\\x26\\x3e\\x2f\\x2b\\x20\\x3d\\x28\\x2a\\x29\\x21\\x0a\\xf0\\x9f\\x98\\x80`,
  XML: `Pä"ß'&lt;&amp;&gt;/+ =(*)!\n😀`,
  'XML in quotes': `Pä&quot;ß'&lt;&amp;&gt;/+ =(*)!\n😀`,
  'XML in apostrophes': `Pä&quot;ß&apos;&lt;&amp;&gt;/+ =(*)!\n😀`,
  HTML: `Pä&quot;ß&#39;&lt;&amp;&gt;/+ =(*)!\n😀`,
  'HTML, hexadecimal': `Pä&quot;ß&#x27;&lt;&amp;&gt;/+ =(*)!\n😀`,
  'a shell’s quotes': `Pä"ß'\\''<&>/+ =(*)!\n😀`,
  'quotes doubled': `Pä"ß''<&>/+ =(*)!\n😀`,
  'an apostrophe escaped': `Pä"ß\\'<&>/+ =(*)!\n😀`,
  'quotes escaped': `Pä\\"ß'<&>/+ =(*)!\n😀`,
};

describe('a secret is known', () => {
  test.each(Object.entries(named))('as it is in %s', (_name, form) => {
    expect(encodingsOf(secret)).toContain(form);
  });

  test('with a lone surrogate, as an encoder passes it on', () => {
    expect(encodingsOf('abc\ud800')).toEqual(expect.arrayContaining(['abc\ud800', 'abc%EF%BF%BD', '616263efbfbd']));
  });

  test.each([0, 1, 2, 3, 4, 5])(
    'in base64 with %i bytes before it and any after it, by all that is its own',
    (before) => {
      for (const last of ['F', 'FG', 'FGH']) {
        const token = `cf_0123456789?>abcdefABCDE${last}`;
        for (let after = 0; after < 3; after += 1) {
          const text = Buffer.from('x'.repeat(before) + token + 'y'.repeat(after));
          for (const encoding of ['base64', 'base64url'] as const) {
            // Six bits a character: those that hold a bit of another's are no part of the secret.
            const [from, to] = [Math.ceil((before * 8) / 6), Math.floor(((before + token.length) * 8) / 6)];
            expect(encodingsOf(token)).toContain(text.toString(encoding).slice(from, to));
          }
        }
      }
    },
  );
});
