import type { Tone } from './paint.ts';

/** A piece of a line: text with a meaning. A bare string is plain. */
export type Part = string | { text: string; tone: Tone };

type Piece = { text: string; tone: Tone };

/** Characters as a person counts them: code points, which is right for what this program shows. */
export function widthOf(text: string): number {
  return [...text].length;
}

/** Spaces and words, and words longer than the width in pieces that fit. */
function* piecesOf(parts: readonly Part[], width: number): Generator<Piece> {
  for (const part of parts) {
    const { text, tone } = typeof part === 'string' ? { text: part, tone: 'plain' as const } : part;
    for (const word of text.match(/\s+|\S+/gu) ?? []) {
      const characters = [...word];
      for (let start = 0; start < characters.length; start += width) {
        yield { text: characters.slice(start, start + width).join(''), tone };
      }
    }
  }
}

/**
 * Breaks a line at spaces so that each piece fits `width`; the pieces after the first are indented by `hanging`.
 * Spaces inside a line are kept (tables stay aligned); spaces at a break are dropped.
 */
export function wrap(parts: readonly Part[], width: number, hanging: number): Piece[][] {
  const whole = parts.map((part): Piece => (typeof part === 'string' ? { text: part, tone: 'plain' } : part));
  if (whole.reduce((sum, { text }) => sum + widthOf(text), 0) <= width) return [trimEnd(whole)];
  const lines: Piece[][] = [];
  let line: Piece[] = [];
  let used = 0;
  for (const piece of piecesOf(parts, Math.max(8, width - hanging))) {
    const size = widthOf(piece.text);
    if (used + size > width && used > hanging) {
      lines.push(line);
      line = [{ text: ' '.repeat(hanging), tone: 'plain' }];
      used = hanging;
      if (piece.text.trim() === '') continue;
    }
    line.push(piece);
    used += size;
  }
  lines.push(line);
  return lines.map(trimEnd);
}

function trimEnd(line: Piece[]): Piece[] {
  const kept = [...line];
  while (kept.length > 0 && kept.at(-1)?.text.trim() === '') kept.pop();
  const last = kept.pop();
  return last === undefined ? [] : [...kept, { ...last, text: last.text.trimEnd() }];
}

/**
 * Breaks text at spaces only: a word that is longer than the width stays whole, for it may be a path or a command to be
 * copied. `start` is how far the first line is filled already (it may stay empty); the others are indented by `hanging`.
 */
export function wrapWords(text: string, width: number, { hanging = 0, start = 0 } = {}): string[] {
  const lines: string[] = [];
  let line = '';
  let used = start;
  let isFresh = start === 0;
  for (const piece of text.match(/\s*\S+/gu) ?? []) {
    if (!isFresh && used + widthOf(piece) > width) {
      lines.push(line);
      line = ' '.repeat(hanging) + piece.trimStart();
      used = widthOf(line);
    } else {
      line += piece;
      used += widthOf(piece);
    }
    isFresh = false;
  }
  return [...lines, line];
}
