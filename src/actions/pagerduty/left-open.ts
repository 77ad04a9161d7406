import { quoteForShell } from '../../world/quote-for-shell.ts';
import type { LeftOpen } from '../afterwards.ts';

/** A page as a change has left it, and the command that closes it. */
export function pageLeftOpen(key: string, { isClosed }: { isClosed: boolean }): LeftOpen {
  return {
    id: `page ${key}`,
    to: 'whoever is on call',
    what: `page ${key}`,
    state: isClosed ? 'resolved' : 'triggered',
    isClosed,
    commands: [{ command: `close-page --key ${quoteForShell(key)}`, why: 'once nobody is needed any more' }],
  };
}
