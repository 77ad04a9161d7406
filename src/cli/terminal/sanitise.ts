import { makeVisible } from '../../world/visible-text.ts';

/**
 * Makes text from outside (providers, files, other people's comments) safe to show on one line: nothing that a
 * terminal would act on is left, and what was there is visible as `\x1b` or `\u202e`. A tab becomes two spaces.
 */
export function sanitise(text: string): string {
  return makeVisible(text.replaceAll('\t', '  '));
}

/** The same for text that may have several lines: line feeds (also after CR) part it, the rest is made visible. */
export function sanitiseLines(text: string): string[] {
  return text.split(/\r?\n/).map(sanitise);
}
