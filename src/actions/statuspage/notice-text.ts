import { z } from 'zod';
import { boundedText } from '../../world/bounded-text.ts';
import { makeVisible } from '../../world/visible-text.ts';
import { componentStatuses } from './status-page.ts';

/** A title that every page takes (200 characters at incident.io, docs.incident.io). */
export const titleSchema = z.string().regex(/\S/, 'text that is not blank').max(200);

/** A message that every page takes (4,096 characters at incident.io, docs.incident.io). */
export const messageSchema = z.string().regex(/\S/, 'text that is not blank').max(4_096);

/** Components by the environment's names for them. */
export const componentsSchema = z
  .record(z.string(), z.enum(componentStatuses))
  .default({})
  .describe('the environment’s name of a component → how it does from now on');

/** Whether two texts say the same: pages trim and wrap what they keep, and what is unseen was sent made visible. */
export function saysTheSame(left: string, right: string): boolean {
  const words = (text: string) => makeVisible(text.replace(/\s+/g, ' ')).trim();
  return words(left) === words(right);
}

/** `+ component NAME: STATUS` for each, for the plan. */
export function componentLines(components: Readonly<Record<string, string>>): string[] {
  return Object.entries(components).map(([name, status]) => `+ component ${name}: ${status.replaceAll('-', ' ')}`);
}

/** What cannot be taken back, and who reads it. */
export function publicNotes(notify: boolean): string[] {
  return [`public, and cannot be unsent; subscribers are ${notify ? '' : 'not '}told`];
}

/** One line of at most 76 characters, for a headline. */
export function headlineOf(text: string): string {
  return boundedText(text, 76);
}
