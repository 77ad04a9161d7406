import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { ActionContext, Plan } from '../action.ts';
import { beforeWriting } from '../before-writing.ts';
import { componentLines, headlineOf, publicNotes, saysTheSame } from './notice-text.ts';
import { componentIds, statusPageOf, statusPageSettings } from './page-of.ts';
import { applyUpdate, observeUpdate, readUpdate, type UpdateState } from './posted-update.ts';
import { type ComponentStatus, componentStatuses, mostUpdates, type PublicIncident, phases } from './status-page.ts';

/** An open notice of this hostname, as a run that did not open it finds it. */
export const foundSchema = z.strictObject({
  incident: z.literal('found'),
  id: z.string(),
  phase: z.enum(phases),
  known: z.array(z.string()).describe('ids of the messages that are there'),
});

/** That notice, once the run speaks on it. */
export const takenOverSchema = z.strictObject({
  incident: z.literal('taken-over'),
  id: z.string(),
  url: z.string().nullable(),
  phase: z.enum(phases),
  message: z.string().nullable().describe('what is posted on it; null where its words are left as they are'),
  components: z.record(z.string(), z.enum(componentStatuses)).describe('by id: those that it did not concern so far'),
  notify: z.boolean(),
});

/** What a run has made of a notice that it did not open. */
export const takeOverSchema = z.strictObject({
  phase: z.enum(phases).describe('how it stood when it was taken over'),
  posted: z.boolean().describe('whether the run has posted its message there, or left the words as they were'),
  last: z.string().nullable().describe('id of its newest message then'),
});

type PlannedTakeOver = { before: z.output<typeof foundSchema>; after: z.output<typeof takenOverSchema> };

/** What a run would have said on a notice of its own. */
type Wanted = {
  phase: PublicIncident['phase'];
  message: string;
  components: Readonly<Record<string, ComponentStatus>>;
  defers: boolean;
};

/**
 * Plans to go on with a notice that is open already. It goes forward only: its phase is kept where it is further on, and
 * a component that it concerns stays as others have it. Its words are left where the message stands there already, where
 * no more messages fit, and, for a run that defers, where somebody has come further than its words.
 */
export function planTakeOver(
  notice: PublicIncident,
  { phase, message, components, defers }: Wanted,
  ctx: ActionContext,
): Plan<PlannedTakeOver['before'] | PlannedTakeOver['after']> {
  const settings = statusPageSettings(ctx);
  const why = whyLeft(notice, { phase, message, defers });
  const added = Object.fromEntries(
    Object.entries(components).filter(([name]) => !notice.components.includes(settings.components[name] ?? '')),
  );
  const kept = isFurther(notice.phase, phase) ? notice.phase : phase;
  const isPosted = why === undefined;
  return {
    before: { incident: 'found', id: notice.id, phase: notice.phase, known: notice.updates.map(({ id }) => id) },
    after: {
      incident: 'taken-over',
      id: notice.id,
      url: notice.url,
      phase: isPosted ? kept : notice.phase,
      message: isPosted ? message : null,
      components: isPosted ? componentIds(settings, added) : {},
      notify: settings.notify,
    },
    diff: [
      headlineOf(`the notice that is open is taken over: ${notice.title} (${notice.id})`),
      ...(isPosted
        ? [...(kept === notice.phase ? [] : [`- ${notice.phase}`]), `+ ${kept}: ${message}`, ...componentLines(added)]
        : [`nothing is posted: ${why}`]),
    ],
    notes: ['no second notice is opened for this hostname', ...(isPosted ? publicNotes(settings.notify) : [])],
    guards: [],
  };
}

function whyLeft(
  { phase: now, updates }: PublicIncident,
  { phase, message, defers }: Pick<Wanted, 'phase' | 'message' | 'defers'>,
): string | undefined {
  if (saysTheSame(updates.at(-1)?.message ?? '', message)) return 'it says so already';
  if (updates.length >= mostUpdates) return `it has ${updates.length} messages, which is all`;
  return defers && isFurther(now, phase)
    ? `it is further on (${now}), and its words are left to whoever said so`
    : undefined;
}

function isFurther(left: PublicIncident['phase'], right: PublicIncident['phase']): boolean {
  return phases.indexOf(left) > phases.indexOf(right);
}

/** Posts the message, if there is one. Throws `drift` where the notice has moved on since it was planned. */
export async function applyTakeOver(
  planned: PlannedTakeOver,
  ctx: ActionContext,
): Promise<z.output<typeof takeOverSchema>> {
  const update = asUpdate(planned);
  if (update !== undefined) return takeOverOf(planned, (await applyUpdate(update, ctx)).update);
  const { id } = planned.after;
  const now = await beforeWriting(ctx, async () => (await statusPageOf(ctx)).find(id));
  if (now !== undefined && now.phase !== 'resolved') return takeOverOf(planned);
  throw new OpsError('drift', `the notice ${id} is ${now?.phase ?? 'gone'} now`, {
    hint: 'somebody else has closed it: read the page, then decide again',
  });
}

/** Whether the message is on it; where there is none to post, whether it is there. */
export async function observeTakeOver(
  planned: PlannedTakeOver,
  ctx: ActionContext,
): Promise<'before' | 'after' | 'other'> {
  const update = asUpdate(planned);
  if (update !== undefined) return await observeUpdate(update, ctx);
  return (await (await statusPageOf(ctx)).find(planned.after.id)) === undefined ? 'other' : 'after';
}

/** What was made of it, read from the page. Throws `failed` where the message is not there. */
export async function readTakeOver(
  planned: PlannedTakeOver,
  ctx: ActionContext,
): Promise<z.output<typeof takeOverSchema>> {
  const update = asUpdate(planned);
  return takeOverOf(planned, update && (await readUpdate(update, ctx)).update);
}

function takeOverOf({ before, after }: PlannedTakeOver, update?: string): z.output<typeof takeOverSchema> {
  return { phase: after.phase, posted: update !== undefined, last: update ?? before.known.at(-1) ?? null };
}

/** The take-over as the message that it posts. */
function asUpdate({ before, after }: PlannedTakeOver): { before: UpdateState; after: UpdateState } | undefined {
  const { id: incident, message: text, phase, components, notify } = after;
  if (text === null) return undefined;
  return {
    before: { message: 'none', incident, phase: before.phase, known: before.known },
    after: { message: 'posted', incident, phase, text, components, notify },
  };
}
