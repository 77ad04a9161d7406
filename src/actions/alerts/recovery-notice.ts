/** Blocks of a notification that are not shown when a monitor recovers, and are shown when it alerts or says nothing. */
const shownInTrouble = [
  '#is_alert',
  '#is_warning',
  '#is_no_data',
  '#is_unknown',
  '#is_renotify',
  '#is_alert_to_warning',
  '^is_recovery',
];

/**
 * Whether paging is told when a monitor recovers, by the text of its notification: a mention that stands only in a block
 * for alerts is not notified then (https://docs.datadoghq.com/monitors/notify/variables/), so that a person ends the
 * incident. True where it cannot be told: a text without mentions is notified by rules of its own.
 */
export function tellsOfRecovery(message: string): boolean {
  const all = mentions(message);
  const paging = all.filter((mention) => mention.startsWith('@pagerduty'));
  if (all.length === 0) return true;
  const atRecovery = mentions(withoutTrouble(message));
  return paging.length === 0 ? atRecovery.length > 0 : atRecovery.some((mention) => paging.includes(mention));
}

function withoutTrouble(message: string): string {
  return shownInTrouble.reduce((text, block) => {
    const name = block.slice(1);
    const whole = new RegExp(`\\{\\{\\${block[0]}\\s*${name}\\s*\\}\\}(.*?)\\{\\{/${name}\\}\\}`, 'gs');
    // What stands after an `else` is shown otherwise.
    return text.replace(whole, (_, within: string) =>
      within
        .split(/\{\{\s*else\s*\}\}/)
        .slice(1)
        .join(' '),
    );
  }, message);
}

/** Variables may hold an `@` too, and mention nobody. */
function mentions(message: string): string[] {
  return (
    message
      .replace(/\{\{.*?\}\}/gs, ' ')
      .toLowerCase()
      .match(/(?<![\w.])@[a-z0-9][\w.@-]*/g) ?? []
  );
}
