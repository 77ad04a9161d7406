import { makeVisible } from '../../world/visible-text.ts';

/** Well below Slack's own limit of 4,000 characters for a message's text (docs.slack.dev, chat.postMessage). */
const longest = 3_500;
const cut = '… (cut)';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * Sent with every message: `*`, `_`, `~` and backquotes stay what they are, as nothing can escape them, and no address
 * is looked up for a preview (docs.slack.dev, chat.postMessage). What `&`, `<` and `>` begin would be read all the same.
 */
export const verbatim = { mrkdwn: false, unfurl_links: false, unfurl_media: false } as const;

/** How much of one line a message of several shows, and how many of the last lines it keeps whatever is left out. */
const longestLine = 700;
const lastLines = 3;

/**
 * Text as Slack's markup shows it verbatim (docs.slack.dev: escape &, <, >), bounded, with what nobody could see made
 * visible. An escaped character is never cut in two.
 */
export function slackText(text: string): string {
  return bounded(makeVisible(text, '\n'), longest);
}

/**
 * The same for a message of several lines, each of which stays one line whatever it holds. Where they are too many, some
 * before the last three are left out and counted: a message begins with what it is about, and ends with what to do.
 */
export function slackLines(lines: readonly string[]): string {
  const all = lines.map((line) => bounded(makeVisible(line), longestLine));
  const whole = all.join('\n');
  if (whole.length <= longest) return whole;
  const [first = '', last] = [all[0], all.slice(-lastLines)];
  const middle = all.slice(1, -lastLines);
  const leftOut = (count: number) => `… (${count} lines left out: too long for Slack)`;
  let room = longest - [first, leftOut(middle.length), ...last].join('\n').length;
  const cutAt = middle.findIndex((line) => {
    room -= line.length + 1;
    return room < 0;
  });
  return [first, ...middle.slice(0, cutAt), leftOut(middle.length - cutAt), ...last].join('\n');
}

function bounded(visible: string, most: number): string {
  const pieces = Array.from(visible, (character) => entities[character] ?? character);
  const whole = pieces.join('');
  if (whole.length <= most) return whole;
  let kept = 0;
  let length = cut.length;
  for (const piece of pieces) {
    length += piece.length;
    if (length > most) break;
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
