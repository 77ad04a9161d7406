const longest = 3_500;

/** Text as Slack's markup shows it verbatim (docs.slack.dev: escape &, <, >), bounded well below Slack's own limit. */
export function slackText(text: string): string {
  const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  const characters = [...escaped];
  return characters.length <= longest ? escaped : `${characters.slice(0, longest).join('')}… (cut)`;
}

/** A channel's name by Slack's rules: lower-case letters, digits, dashes and underscores, at most 80, with room for a suffix. */
export function channelName(wanted: string): string {
  const name = wanted
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return name.slice(0, 76) || 'incident';
}
