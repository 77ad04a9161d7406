import { makeVisible } from '../../world/visible-text.ts';

/** Well below Slack's own limit of 4,000 characters for a message's text (docs.slack.dev, chat.postMessage). */
const longest = 3_500;
const cut = '… (cut)';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * Text as Slack's markup shows it verbatim (docs.slack.dev: escape &, <, >), bounded, with what nobody could see made
 * visible. An escaped character is never cut in two.
 */
export function slackText(text: string): string {
  const pieces = Array.from(makeVisible(text, '\n'), (character) => entities[character] ?? character);
  const whole = pieces.join('');
  if (whole.length <= longest) return whole;
  let kept = 0;
  let length = cut.length;
  for (const piece of pieces) {
    length += piece.length;
    if (length > longest) break;
    kept += 1;
  }
  return `${pieces.slice(0, kept).join('')}${cut}`;
}

/** A channel's name by Slack's rules: lower-case letters, digits, dashes and underscores, at most 80, with room for a suffix. */
export function channelName(wanted: string): string {
  const name = wanted
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 76)
    .replace(/-+$/, '');
  return /[a-z0-9]/.test(name) ? name : 'incident';
}
