import { z } from 'zod';
import { change } from '../action.ts';
import { noticeLeftOpen } from './left-open.ts';
import { componentLines, headlineOf, messageSchema } from './notice-text.ts';
import { statusPageSettings, verifyStatusPageKey } from './page-of.ts';
import {
  applyUpdate,
  incidentSchema,
  observeUpdate,
  planUpdate,
  readUpdate,
  type UpdateOutput,
  type UpdateState,
  updateOutputSchema,
  updateStateSchema,
} from './posted-update.ts';
import type { ComponentStatus } from './status-page.ts';

const inputSchema = z.strictObject({ incident: incidentSchema, message: messageSchema });

/**
 * `statuspage.resolve`: resolves an incident of the public status page with a last message; every component that it
 * concerns becomes operational (Statuspage is told so, incident.io does it by itself). It cannot be unsent.
 */
export const resolve = change<z.output<typeof inputSchema>, UpdateState, UpdateOutput>({
  name: 'statuspage.resolve',
  summary: 'Resolve an incident of the public status page, with a last message',
  input: inputSchema,
  state: updateStateSchema,
  output: updateOutputSchema,
  secrets: ['statuspage'],
  async plan({ incident, message }, ctx) {
    const names = new Map(Object.entries(statusPageSettings(ctx).components).map(([name, id]) => [id, name]));
    const operational = (ids: readonly string[]): Record<string, ComponentStatus> =>
      Object.fromEntries(ids.map((id) => [id, 'operational' as const]));
    return await planUpdate(ctx, {
      incident,
      phase: 'resolved',
      text: message,
      components: ({ components }, { resolvesComponents }) => (resolvesComponents ? {} : operational(components)),
      componentLines: ({ components }) => componentLines(operational(components.map((id) => names.get(id) ?? id))),
    });
  },
  apply: applyUpdate,
  observe: observeUpdate,
  outputOf: readUpdate,
  leavesOpen: (output) => (output === null ? undefined : noticeLeftOpen(output.incident, output.phase)),
  preflight: verifyStatusPageKey,
  summarise: ({ incident }) => ({ headline: headlineOf(`the public notice is resolved (${incident})`), detail: [] }),
});
