/** How a secret turns up in what others say, by the name of the encoding. Made apart from the program's own list. */
export const encodings: Readonly<Record<string, (secret: string) => string>> = {
  raw: (secret) => secret,
  'lower case': (secret) => secret.toLowerCase(),
  'base64 at offset 0': (secret) => Buffer.from(secret).toString('base64'),
  'base64 at offset 1': (secret) => Buffer.from(`u${secret}`).toString('base64'),
  'base64 at offset 2': (secret) => Buffer.from(`u:${secret}`).toString('base64'),
  'base64 in lines of 16': (secret) => Buffer.from(secret).toString('base64').replace(/.{16}/g, '$&\n'),
  base64url: (secret) => Buffer.from(`abc${secret}`).toString('base64url'),
  'base64 of UTF-16LE': (secret) => Buffer.from(secret, 'utf16le').toString('base64'),
  'hex, lower case': (secret) => Buffer.from(secret).toString('hex'),
  'hex, upper case': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  percent: (secret) => encodeURIComponent(secret),
  'percent, lower case': (secret) => encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  'percent of every byte': (secret) => Buffer.from(secret).toString('hex').replace(/../g, '%$&'),
  'percent, twice': (secret) => encodeURIComponent(encodeURIComponent(secret)),
  form: (secret) => new URLSearchParams({ s: secret }).toString(),
  JSON: (secret) => JSON.stringify(secret),
  'JSON in JSON': (secret) => JSON.stringify(JSON.stringify(secret)),
  XML: (secret) => secret.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;'),
  'HTML, by numbers': (secret) => [...secret].map((char) => `&#${char.codePointAt(0)};`).join(''),
  shell: (secret) => `'${secret.replace(/'/g, `'\\''`)}'`,
  'quoted-printable': (secret) => secret.replaceAll('=', '=3D').replace(/.{20}/g, '$&=\n'),
  reversed: (secret) => [...secret].reverse().join(''),
  'over two lines': (secret) => `${secret.slice(0, secret.length / 2)}\n${secret.slice(secret.length / 2)}`,
  'a URL’s userinfo': (secret) => `https://user:${encodeURIComponent(secret)}@example.com/`,
  'a header': (secret) => `Authorization: Bearer ${secret}`,
};

/**
 * The encodings of the secret in whose form a text holds it: the whole, or more than `most` characters of the plain
 * one in a row. Line breaks, what wrapping puts after them, and the spaces that line breaks become, do not hide it.
 */
export function hits(text: string, secret: string, most = 12): string[] {
  const joined = text.replace(/=?\n[ \t]*/g, '');
  const spaced = text.replace(/=?\s+/g, '');
  const found = Object.entries(encodings)
    .filter(([, encode]) => {
      const form = encode(secret).replace(/=?\n/g, '');
      return (
        text.includes(form) || joined.includes(form) || spaced.includes(form.replace(/\s/g, '').replace(/=+$/, ''))
      );
    })
    .map(([name]) => name);
  for (let at = 0; at + most < secret.length; at += 1) {
    const part = secret.slice(at, at + most + 1);
    if (joined.includes(part) || spaced.includes(part)) return [...found, `a part of ${part.length} characters`];
  }
  return found;
}
