import { makeVisible } from '../../world/visible-text.ts';

/** A title as it is sent: one line. */
export function pageTitle(text: string): string {
  return makeVisible(text.replace(/\s+/g, ' '));
}

/** A message as it is sent: lines of plain text, with what nobody could see made visible. */
export function pageMessage(text: string): string {
  return makeVisible(text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(/[^\S\n]/g, ' '), '\n');
}

/** What means something wherever it stands; `_` between letters does not (CommonMark 0.31, 6.2), and is a part of names. */
const anywhere = /[\\`*[\]<>~|]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|&(?=[#\p{L}\p{N}]+;)/gu;

/** What means something at the beginning of a line alone: headings, rules, lists (CommonMark 0.31, 4 and 5). */
const atLineStart = /^(\d{0,9})([#+\-=.)])/gm;

/**
 * The Markdown that is shown as this text: no link, image, HTML, heading, list, quotation or code comes of it. An address
 * that pages make a link of by themselves stays one, to where it says. Indentation, which would make code, is taken out.
 */
export function escapeMarkdown(text: string): string {
  return text.replace(anywhere, '\\$&').replace(/^ +/gm, '').replace(atLineStart, '$1\\$2');
}

/** The text that Markdown was made of by {@link escapeMarkdown}. Of other people's Markdown, what its escapes stand for. */
export function unescapeMarkdown(markdown: string): string {
  return markdown.replace(/\\([!-/:-@[-`{-~])/g, '$1');
}
