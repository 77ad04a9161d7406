import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { ActionContext, Plan, Planned } from '../action.ts';
import { beforeWriting } from '../before-writing.ts';
import { headlineOf, publicNotes, saysTheSame } from './notice-text.ts';
import { isForAnother, isForHostname } from './of-hostname.ts';
import { statusPageOf, statusPageSettings } from './page-of.ts';
import {
  type ComponentStatus,
  componentStatuses,
  mostUpdates,
  type Phase,
  type PublicIncident,
  phases,
  type StatusPage,
} from './status-page.ts';

/** Which incident a message goes to. */
export const incidentSchema = z
  .string()
  .default('')
  .describe(
    'id of the incident, from statuspage.open; left out or empty: the only unresolved one for the hostname, else the only one of the page',
  );

/** An incident before a message, and the message. */
export const updateStateSchema = z.discriminatedUnion('message', [
  z.strictObject({
    message: z.literal('none'),
    incident: z.string(),
    phase: z.enum(phases),
    known: z.array(z.string()).describe('ids of the messages that are there'),
  }),
  z.strictObject({
    message: z.literal('posted'),
    incident: z.string(),
    phase: z.enum(phases),
    text: z.string(),
    components: z.record(z.string(), z.enum(componentStatuses)).describe('by id'),
    notify: z.boolean(),
  }),
]);

/** What a message was posted as. */
export const updateOutputSchema = z.strictObject({ incident: z.string(), update: z.string(), phase: z.enum(phases) });

const notedSchema = z.object({ update: z.string().min(1) });

/** An incident before a message, and the message. */
export type UpdateState = z.output<typeof updateStateSchema>;

/** What a message was posted as. */
export type UpdateOutput = z.output<typeof updateOutputSchema>;

/** A change that posts a message on an incident, whatever its input. */
type PlannedUpdate = Pick<Planned<unknown, UpdateState>, 'before' | 'after'>;

/** Plans a message. Throws `refused` where there is no such incident, where it is resolved, or where it is not clear which one. */
export async function planUpdate(
  ctx: ActionContext,
  wanted: {
    incident: string;
    phase: Phase;
    text: string;
    /** The components by id, once it is known what the incident concerns. */
    components(incident: PublicIncident, page: StatusPage): Record<string, ComponentStatus>;
    componentLines(incident: PublicIncident): string[];
  },
): Promise<Plan<UpdateState>> {
  const { notify } = statusPageSettings(ctx);
  const page = await statusPageOf(ctx);
  const { phase, text } = wanted;
  const incident = await beforeWriting(ctx, () => choose(page, wanted.incident, ctx.env.hostname));
  if (incident.phase === 'resolved') {
    throw new OpsError('refused', `the incident ${incident.id} is resolved already`, {
      hint: 'a message would open it again; open a new one with statuspage.open',
    });
  }
  if (incident.updates.length >= mostUpdates) {
    throw new OpsError('refused', `the incident ${incident.id} has ${incident.updates.length} messages, which is all`, {
      hint: 'open a new one with statuspage.open, and resolve this one at the page',
    });
  }
  const known = incident.updates.map(({ id }) => id);
  return {
    before: { message: 'none', incident: incident.id, phase: incident.phase, known },
    after: {
      message: 'posted',
      incident: incident.id,
      phase,
      text,
      components: wanted.components(incident, page),
      notify,
    },
    diff: [
      headlineOf(`on ${incident.title} (${incident.id})`),
      ...(phase === incident.phase ? [] : [`- ${incident.phase}`]),
      `+ ${phase}: ${text}`,
      ...wanted.componentLines(incident),
    ],
    notes: publicNotes(notify),
    guards: [],
  };
}

async function choose(page: StatusPage, id: string, hostname: string): Promise<PublicIncident> {
  if (id !== '') {
    const found = await page.find(id);
    if (found !== undefined) return found;
    throw new OpsError('refused', `the status page has no incident ${id}`, {
      hint: 'give the id that was told when it was opened',
    });
  }
  const { incidents, complete } = await page.unresolved();
  const ours = incidents.filter((incident) => isForHostname(incident, hostname));
  const eligible = ours.length > 0 ? ours : incidents.filter((incident) => !isForAnother(incident, hostname));
  const [only] = eligible;
  if (only !== undefined && eligible.length === 1 && complete) return only;
  const each = incidents.slice(0, 5).map((incident) => `${incident.id} (${incident.title})`);
  throw new OpsError(
    'refused',
    eligible.length > 1 || !complete
      ? 'several incidents are unresolved'
      : incidents.length === 0
        ? 'no incident is unresolved'
        : `no incident is unresolved for ${hostname}`,
    {
      hint: each.length === 0 ? 'open one with statuspage.open' : `say which one: ${each.join(', ')}`,
    },
  );
}

/** Posts the message. Throws `drift` where somebody else has moved the incident on since it was planned. */
export async function applyUpdate({ before, after }: PlannedUpdate, ctx: ActionContext): Promise<UpdateOutput> {
  if (after.message !== 'posted') throw new OpsError('invalid', 'the plan posts no message');
  const page = await statusPageOf(ctx);
  const { incident, phase, text, components, notify } = after;
  const now = await beforeWriting(ctx, () => page.find(incident));
  if (now === undefined || now.phase !== before.phase) {
    throw new OpsError('drift', `the incident ${incident} is ${now?.phase ?? 'gone'} now, no longer ${before.phase}`, {
      hint: 'somebody else has moved it on: read the page, then decide again',
    });
  }
  const known = now.updates.map(({ id }) => id);
  const posted = await page.update(incident, { phase, message: text, components, notify }, known);
  await ctx.note({ update: posted.id });
  return { incident, update: posted.id, phase };
}

/**
 * Whether the message is on the incident: by the id that was noted, or by its words among the messages that came since.
 * Another message of the same phase may be ours as the page reworded it, or somebody's: nobody can tell.
 */
export async function observeUpdate(
  { before, after }: PlannedUpdate,
  ctx: ActionContext,
): Promise<'before' | 'after' | 'other'> {
  const incident = await (await statusPageOf(ctx)).find(after.incident);
  if (incident === undefined) return 'other';
  const noted = notedSchema.safeParse(ctx.noted);
  if (noted.success) return incident.updates.some(({ id }) => id === noted.data.update) ? 'after' : 'other';
  if (sameMessage(incident, { before, after }) !== undefined) return 'after';
  return newOnes(incident, before).some(({ phase }) => phase === after.phase) ? 'other' : 'before';
}

/** The output of a message whose answer was lost. Throws `failed` where it is not there. */
export async function readUpdate(planned: PlannedUpdate, ctx: ActionContext): Promise<UpdateOutput> {
  const { incident: id, phase } = planned.after;
  const noted = notedSchema.safeParse(ctx.noted);
  if (noted.success) return { incident: id, update: noted.data.update, phase };
  const incident = await (await statusPageOf(ctx)).find(id);
  const found = incident === undefined ? undefined : sameMessage(incident, planned);
  if (found === undefined) throw new OpsError('failed', `the message is not on the incident ${id}`);
  return { incident: id, update: found.id, phase };
}

function newOnes(incident: PublicIncident, before: UpdateState): PublicIncident['updates'] {
  const known = before.message === 'none' ? before.known : [];
  return incident.updates.filter(({ id }) => !known.includes(id));
}

function sameMessage(incident: PublicIncident, { before, after }: PlannedUpdate) {
  if (after.message !== 'posted') return undefined;
  return newOnes(incident, before).find(
    ({ phase, message }) => phase === after.phase && saysTheSame(message, after.text),
  );
}
