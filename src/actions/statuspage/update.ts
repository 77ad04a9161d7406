import { z } from 'zod';
import { change } from '../action.ts';
import { noticeLeftOpen } from './left-open.ts';
import { componentLines, componentsSchema, headlineOf, messageSchema } from './notice-text.ts';
import { componentIds, statusPageSettings, verifyStatusPageKey } from './page-of.ts';
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
import { phases } from './status-page.ts';

const inputSchema = z.strictObject({
  incident: incidentSchema,
  phase: z.enum(phases).exclude(['resolved']),
  message: messageSchema,
  components: componentsSchema,
});

/** `statuspage.update`: posts a message on an incident of the public status page, and moves its phase. It cannot be unsent. */
export const update = change<z.output<typeof inputSchema>, UpdateState, UpdateOutput>({
  name: 'statuspage.update',
  summary: 'Post a message on an incident of the public status page',
  input: inputSchema,
  state: updateStateSchema,
  output: updateOutputSchema,
  secrets: ['statuspage'],
  async plan({ incident, phase, message, components }, ctx) {
    const byId = componentIds(statusPageSettings(ctx), components);
    return await planUpdate(ctx, {
      incident,
      phase,
      text: message,
      components: () => byId,
      componentLines: () => componentLines(components),
    });
  },
  apply: applyUpdate,
  observe: observeUpdate,
  outputOf: readUpdate,
  leavesOpen: (output) => (output === null ? undefined : noticeLeftOpen(output.incident, output.phase)),
  preflight: verifyStatusPageKey,
  summarise: ({ incident, phase }) => ({ headline: headlineOf(`told customers: ${phase} (${incident})`), detail: [] }),
});
