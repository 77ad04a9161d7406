import type { PublicIncident } from './status-page.ts';

/** Whether an incident was opened for this hostname: by its mark, or, where the page keeps none, by its words. */
export function isForHostname(incident: PublicIncident, hostname: string): boolean {
  if (incident.hostname !== undefined) return incident.hostname === hostname.toLowerCase();
  return [incident.title, ...incident.updates.map(({ message }) => message)].some((text) => names(text, hostname));
}

/** Whether its mark says that it was opened for another hostname. Without a mark nobody can tell, and it does not count. */
export function isForAnother({ hostname: marked }: PublicIncident, hostname: string): boolean {
  return typeof marked === 'string' && marked !== hostname.toLowerCase();
}

/** Whether a text has this very hostname in it: not as a part of a longer name. */
export function names(text: string, hostname: string): boolean {
  const escaped = hostname.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w.-])${escaped}(?![\\w-]|\\.[\\w-])`, 'i').test(text);
}
