/**
 * The forms in which a secret turns up when programs pass it on: plain, in lower case, reversed, and as base64 (at each of the three
 * offsets within a longer text, in both alphabets), hex, percent-encoded (once, twice, every byte, either case), as
 * form data, as quoted-printable, as base64 of UTF-16, escaped for JSON (once, twice, ASCII only), XML, HTML, and quoted for shells and for `util.inspect`.
 */
export function encodingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  // Lone surrogates become replacement characters, as they would on their way through any encoder.
  const text = bytes.toString('utf8');
  const json = JSON.stringify(secret).slice(1, -1);
  const percent = encodeURIComponent(text);
  const strict = percent.replace(/[!'()*]/g, (char) => `%${hexOf(char)}`);
  const hex = bytes.toString('hex');
  const xml = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  const quoted = xml.replace(/"/g, '&quot;');
  return [
    secret,
    // As names of DNS are spelled, whatever stands in them.
    secret.toLowerCase(),
    [...secret].reverse().join(''),
    json,
    JSON.stringify(json).slice(1, -1),
    ascii(json, (code) => code),
    ascii(json, (code) => code.toUpperCase()),
    ...base64Forms(bytes),
    ...base64Forms(Buffer.from(text, 'utf16le')),
    quotedPrintable(bytes),
    [...text].map((char) => `&#${char.codePointAt(0)};`).join(''),
    [...text].map((char) => `&#x${char.codePointAt(0)?.toString(16)};`).join(''),
    hex,
    hex.toUpperCase(),
    ...[percent, strict, encodeURI(text), encodeURIComponent(percent), encodeURIComponent(strict)].flatMap(bothCases),
    ...bothCases(strict.replace(/%20/g, '+')),
    ...bothCases(new URLSearchParams([['', text]]).toString().slice(1)),
    ...bothCases(hex.toUpperCase().replace(/../g, '%$&')),
    hex.replace(/../g, '\\x$&'),
    xml,
    quoted,
    quoted.replace(/'/g, '&apos;'),
    quoted.replace(/'/g, '&#39;'),
    quoted.replace(/'/g, '&#x27;'),
    secret.replace(/'/g, `'\\''`),
    secret.replace(/'/g, `''`),
    secret.replace(/'/g, `\\'`),
    secret.replace(/"/g, `\\"`),
  ];
}

/** The characters that depend on the secret alone, wherever within a base64 text it begins; and the text as a whole. */
function base64Forms(bytes: Buffer): string[] {
  const forms = [bytes.toString('base64'), bytes.toString('base64url')];
  for (let offset = 0; offset < 3; offset += 1) {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
    const from = Math.ceil((offset * 8) / 6);
    const to = Math.floor((shifted.length * 8) / 6);
    forms.push(shifted.toString('base64').slice(from, to), shifted.toString('base64url').slice(from, to));
  }
  return forms;
}

/** Every byte outside printable ASCII, and the equals sign, as `=XX` (RFC 2045, 6.7). */
function quotedPrintable(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[^\x20-\x3c\x3e-\x7e]/g, (char) => `=${hexOf(char).padStart(2, '0')}`);
}

function ascii(text: string, spell: (code: string) => string): string {
  return text.replace(/[\u007f-\uffff]/g, (char) => `\\u${spell(char.charCodeAt(0).toString(16).padStart(4, '0'))}`);
}

function bothCases(text: string): [string, string] {
  return [text, text.replace(/%(25)?[0-9A-F]{2}/g, (code) => code.toLowerCase())];
}

function hexOf(char: string): string {
  return char.charCodeAt(0).toString(16).toUpperCase();
}
