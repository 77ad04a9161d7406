/** Well below Slack's own limit of 4,000 characters for a message's text (docs.slack.dev, chat.postMessage). */
const longest = 3_500;
const cut = '… (cut)';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Text as Slack's markup shows it verbatim (docs.slack.dev: escape &, <, >), bounded. An escaped character is never cut in two. */
export function slackText(text: string): string {
  const pieces: string[] = [];
  let length = 0;
  for (const character of text) {
    const piece = entities[character] ?? character;
    if (length + piece.length > longest - cut.length) {
      const rest = escaped(text.slice(0, longest));
      return rest.length <= longest && text.length <= longest ? rest : `${pieces.join('')}${cut}`;
    }
    pieces.push(piece);
    length += piece.length;
  }
  return pieces.join('');
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => entities[character] ?? character);
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
