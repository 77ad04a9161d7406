import type { LeftOpen } from '../afterwards.ts';
import type { Phase } from './status-page.ts';

/** The public notice as a change has left it, and how to go on with it. `incident`: its id, empty where it is not known. */
export function noticeLeftOpen(incident: string, phase: Phase): LeftOpen {
  const id = /^[\w-]+$/.test(incident) ? ` --incident ${incident}` : '';
  const command = (stage: string) => `announce --stage ${stage}${id} --message TEXT`;
  return {
    id: incident === '' ? '' : `notice ${incident}`,
    to: 'customers',
    what: incident === '' ? 'public notice' : `public notice ${incident}`,
    state: phase,
    isClosed: phase === 'resolved',
    commands: [
      { command: command('update'), why: 'to tell customers more' },
      { command: command('resolve'), why: 'once customers are served' },
    ],
  };
}
