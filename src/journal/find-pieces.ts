/** A part of a secret shorter than this, at the edge of a text, tells nobody anything. */
const piece = 8;

/** A form with fewer characters than this besides white space is not looked for across lines: it would be found everywhere. */
const shortestBroken = 6;

/** With fewer, neither is one looked for across spaces within a line, nor a part of one in a text: words of ordinary texts would be taken for them. */
const shortestSpaced = 16;

/** The forms of secrets as they are looked for: `whole` as they are, `bare` without what breaking into lines adds or takes. */
export type Forms = { whole: readonly string[]; bare: readonly string[] };

/** Prepares forms to be looked for. */
export function prepareForms(whole: readonly string[]): Forms {
  const bare = whole.map((form) => form.replace(padding, '')).filter((form) => form.length >= shortestBroken);
  return { whole, bare: [...new Set(bare)] };
}

/**
 * White space and `=`, and white space as JSON and screens spell it: wrapping drops the one or adds it as indentation, and
 * quoted-printable ends a line with the other, so that across lines neither tells a secret from what is around it.
 */
const padding = /(?:[\s=]|\\+(?:[rnt]|x0[9ad]))+/g;

/** What ends a line, as it is or spelled. */
const lineEnd = /[\r\n]|\\(?:[rn]|x0[ad])/;

/**
 * Where the forms of secrets stand in a text: whole, broken over lines (with or without the `=` of quoted-printable; also
 * where the breaks have become spaces, as in an error that is told in one line), and cut off: the beginning of one before
 * the text's end or an ellipsis, the end of one at the text's beginning, and a part that is all of the text, as where
 * a long text was laid out in lines, each a text of its own. Indentation does not count.
 */
export function findPieces(text: string, forms: Forms): [number, number][] {
  const spans = forms.whole.flatMap((form) => [...findWhole(text, form), ...findCut(text, form)]);
  if (!/\s/.test(text) && !lineEnd.test(text)) return spans;
  const bare = strip(text);
  const isBroken = ([start, end]: [number, number], { length }: string) =>
    lineEnd.test(text.slice(start, end)) || (length >= shortestSpaced && /\s/.test(text.slice(start, end)));
  const broken = forms.bare.flatMap((form) =>
    [...findWhole(bare.text, form), ...findCut(bare.text, form)]
      .map(([start, end]): [number, number] => [bare.at(start), bare.at(end - 1) + 1])
      .filter((span) => isBroken(span, form)),
  );
  return [...spans, ...broken];
}

/** A cheap look whether a text can hold any of the forms, or a piece of one that counts. */
export function mayHold(text: string, { whole }: Forms): boolean {
  // Escapes and line breaks can part what belongs together.
  if (/[\r\n\\]/.test(text)) return whole.length > 0;
  const line = text.trim();
  const isPart = (form: string) => line.length >= shortestSpaced && line.length <= form.length && form.includes(line);
  return whole.some((form) => text.includes(form.slice(0, piece)) || text.includes(form.slice(-piece)) || isPart(form));
}

/** Overlapping finds count too: what two finds share must not be left over when one of them is masked. */
function findWhole(text: string, form: string): [number, number][] {
  const spans: [number, number][] = [];
  for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) spans.push([at, at + form.length]);
  return spans;
}

function findCut(text: string, form: string): [number, number][] {
  const spans: [number, number][] = [];
  if (form.length <= piece) return spans;
  const [head, tail] = [form.slice(0, piece), form.slice(-piece)];
  for (let at = text.indexOf(head); at !== -1; at = text.indexOf(head, at + 1)) {
    let end = at + piece;
    while (end < text.length && end - at < form.length && text[end] === form[end - at]) end += 1;
    if (/^[=\s]*(…|$)/.test(text.slice(end))) spans.push([at, end]);
  }
  const begin = text.length - text.trimStart().length;
  const last = text.indexOf(tail, begin);
  const end = last + piece;
  if (last !== -1 && end - begin <= form.length && form.endsWith(text.slice(begin, end))) spans.push([begin, end]);
  const line = text.trim();
  if (line.length >= shortestSpaced && form.includes(line)) spans.push([begin, begin + line.length]);
  return spans;
}

/** The text without {@link padding}, and where each of its characters stood. */
function strip(text: string): { text: string; at(index: number): number } {
  const places: number[] = [];
  let stripped = '';
  let done = 0;
  const take = (end: number) => {
    for (let at = done; at < end; at += 1) places.push(at);
    stripped += text.slice(done, end);
  };
  for (const found of text.matchAll(padding)) {
    take(found.index);
    done = found.index + found[0].length;
  }
  take(text.length);
  return { text: stripped, at: (index) => places[index] ?? text.length };
}
