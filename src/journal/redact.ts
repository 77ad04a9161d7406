import type { Redactor } from '../world/redactor.ts';
import { type Forms, findPieces, mayHold, prepareForms } from './find-pieces.ts';
import { encodingsOf } from './secret-encodings.ts';
import { maskShapes, mayHoldShapes } from './secret-shapes.ts';

/** What stands in the place of a secret. */
const mask = '***';

/** Secrets shorter than this are masked as whole words only: their letters are part of too many other words. */
const shortest = 6;

/**
 * Creates a redactor that knows the given secrets; blank ones are passed over. Secrets of fewer than six characters
 * are masked as whole words only and in no encoding, since they would tear holes into ordinary text.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const known = new Set<string>();
  let forms: Forms = prepareForms([]);
  let words: readonly RegExp[] = [];

  function learn(more: readonly string[]): void {
    const before = known.size;
    for (const secret of more.flatMap(parts)) known.add(secret);
    if (known.size === before) return;
    const [long, short] = [[...known].filter(isLong), [...known].filter((secret) => !isLong(secret))];
    forms = prepareForms([...new Set(long.flatMap(encodingsOf))]);
    words = short.map((word) => new RegExp(`(?<![\\p{L}\\p{N}_])${escapeRegExp(word)}(?![\\p{L}\\p{N}_])`, 'gu'));
  }
  learn(secrets);

  function find(text: string): [number, number][] {
    const spans = findPieces(text, forms);
    for (const word of words) {
      for (const found of text.matchAll(word)) spans.push([found.index, found.index + found[0].length]);
    }
    return spans.sort((a, b) => a[0] - b[0]);
  }

  const text = (value: string) => {
    const spans = mayHold(value, forms) || words.length > 0 ? find(value) : [];
    return maskShapes(spans.length === 0 ? value : maskSpans(value, spans), mask);
  };

  return {
    learn,
    text,
    json(value) {
      const serialised = JSON.stringify(value);
      // One look at the whole decides whether each text in it must be searched: its JSON form is one of the forms.
      const clean = words.length === 0 && !mayHold(serialised, forms);
      if (clean && !mayHoldShapes(serialised) && !secretFieldWithin.test(serialised)) return JSON.parse(serialised);
      const masked = clean ? (part: string) => maskShapes(part, mask) : text;
      return JSON.parse(serialised, (key, item) => {
        if (typeof item === 'string') return secretField.test(key) ? mask : masked(item);
        if (typeof item !== 'object' || item === null) return item;
        // A header that was sent more than once is a list of texts.
        if (Array.isArray(item)) return secretField.test(key) ? item.map(maskedText) : item;
        return Object.fromEntries(Object.entries(item).map(([name, inner]) => [masked(name), inner]));
      });
    },
    holds: (value) => find(value).length > 0,
  };
}

function maskedText(item: unknown): unknown {
  return typeof item === 'string' ? mask : item;
}

function isLong(secret: string): boolean {
  return secret.length >= shortest;
}

/** Fields whose whole text is a secret, whatever it looks like. */
const secretField =
  /^(proxy-)?authorization$|^(set-)?cookie$|^x-(auth|api)-key$|^api[-_]?key$|^password$|^x-amz-security-token$/i;

/** The same, of any field in JSON text; what it finds may also be a text that only looks like a field. */
const secretFieldWithin = new RegExp(`"(?:${secretField.source.replace(/[$^]/g, '')})"`, 'i');

/** A secret as it may appear: whole, without surrounding white space, and, where it has several lines, line by line. */
function parts(secret: string): string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  const long = lines.length > 1 ? lines.filter((line) => line.length >= 16) : [];
  return [secret, secret.trim(), ...long].filter((part) => part.trim() !== '');
}

function maskSpans(text: string, spans: readonly [number, number][]): string {
  let masked = '';
  let done = 0;
  for (const [start, end] of spans) {
    if (end <= done) continue;
    if (start >= done) masked += text.slice(done, start) + mask;
    done = end;
  }
  return masked + text.slice(done);
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
