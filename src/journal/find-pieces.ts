/** A part of a secret shorter than this, at the edge of a text, tells nobody anything. */
const piece = 8;

/**
 * Where the forms of secrets stand in a text: whole, broken over lines (with or without the `=` of quoted-printable),
 * and cut off: the beginning of one before the text's end or an ellipsis, the end of one at the text's beginning.
 */
export function findPieces(text: string, forms: readonly string[]): [number, number][] {
  const spans: [number, number][] = [];
  const lines = text.includes('\n') ? joinLines(text) : undefined;
  for (const form of forms) {
    // Overlapping finds count too: what two finds share must not be left over when one of them is masked.
    for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) spans.push([at, at + form.length]);
    if (lines !== undefined) {
      const place = ([start, end]: [number, number]) => spans.push([lines.at(start), lines.at(end - 1) + 1]);
      for (let at = lines.text.indexOf(form); at !== -1; at = lines.text.indexOf(form, at + 1)) {
        place([at, at + form.length]);
      }
      for (const cut of findCut(lines.text, form)) place(cut);
    }
    spans.push(...findCut(text, form));
  }
  return spans;
}

/** A cheap look whether a text can hold any of the forms, or a piece of one that counts. */
export function mayHold(text: string, forms: readonly string[]): boolean {
  // Escapes and line breaks can part what belongs together.
  if (text.includes('\n') || text.includes('\\')) return forms.length > 0;
  return forms.some((form) => text.includes(form.slice(0, piece)) || text.includes(form.slice(-piece)));
}

function findCut(text: string, form: string): [number, number][] {
  const spans: [number, number][] = [];
  if (form.length <= piece) return spans;
  const [head, tail] = [form.slice(0, piece), form.slice(-piece)];
  for (let at = text.indexOf(head); at !== -1; at = text.indexOf(head, at + 1)) {
    let end = at + piece;
    while (end < text.length && end - at < form.length && text[end] === form[end - at]) end += 1;
    if (/^=?(…|$)/.test(text.slice(end, end + 2))) spans.push([at, end]);
  }
  const last = text.indexOf(tail);
  const kept = last === -1 ? 0 : last + piece;
  if (kept > 0 && kept <= form.length && form.endsWith(text.slice(0, kept))) spans.push([0, kept]);
  return spans;
}

/** The text with its line breaks taken out, and where each of its characters stood. */
function joinLines(text: string): { text: string; at(index: number): number } {
  const places: number[] = [];
  let joined = '';
  let done = 0;
  const take = (end: number) => {
    for (let at = done; at < end; at += 1) places.push(at);
    joined += text.slice(done, end);
  };
  for (const found of text.matchAll(/=?\r?\n[ \t]*/g)) {
    take(found.index);
    done = found.index + found[0].length;
  }
  take(text.length);
  return { text: joined, at: (index) => places[index] ?? text.length };
}
