import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { type ActionContext, change, type Plan, type Planned } from '../action.ts';
import { beforeWriting } from '../before-writing.ts';
import { sendAgainWhileLost } from '../send-again.ts';
import { lastWord } from './last-word.ts';
import { noticeLeftOpen } from './left-open.ts';
import {
  componentLines,
  componentsSchema,
  headlineOf,
  messageSchema,
  publicNotes,
  saysTheSame,
  titleSchema,
} from './notice-text.ts';
import { isForHostname, names } from './of-hostname.ts';
import { componentIds, statusPageOf, statusPageSettings, verifyStatusPageKey } from './page-of.ts';
import { componentStatuses, impacts, type PublicIncident, phases, type StatusPage } from './status-page.ts';
import {
  applyTakeOver,
  foundSchema,
  observeTakeOver,
  planTakeOver,
  readTakeOver,
  takenOverSchema,
  takeOverSchema,
} from './take-over.ts';

const inputSchema = z.strictObject({
  title: titleSchema.describe('what customers read first'),
  message: messageSchema.describe('the first message, plain text: Markdown in it is shown as it is written'),
  impact: z.enum(impacts).default('major').describe('for Statuspage; incident.io takes it from the components'),
  phase: z.enum(phases).exclude(['resolved']).default('investigating'),
  components: componentsSchema,
  defers: z
    .boolean()
    .default(false)
    .describe('where a notice is open already and further on (identified, monitoring), nothing is posted on it'),
  'at-end': z
    .strictObject({
      unchanged: messageSchema.optional().describe('where it ends without having changed anything'),
      undone: messageSchema.optional().describe('where all that it changed was rolled back and verified'),
    })
    .optional()
    .describe('what is posted on it when the run ends and leaves nothing changed; nothing where anything is in doubt'),
});

const openSchema = z.strictObject({
  incident: z.literal('open'),
  title: z.string(),
  message: z.string(),
  impact: z.enum(impacts),
  phase: z.enum(phases),
  components: z.record(z.string(), z.enum(componentStatuses)).describe('by id'),
  notify: z.boolean(),
});

const stateSchema = z.discriminatedUnion('incident', [
  z.strictObject({ incident: z.literal('none'), others: z.array(z.string()).describe('ids of unresolved incidents') }),
  openSchema,
  foundSchema,
  takenOverSchema,
]);

const outputSchema = z.strictObject({
  incident: z.string().describe('its id, for statuspage.update and statuspage.resolve'),
  url: z.string().nullable().describe('where customers read it, as far as the provider says'),
  'taken-over': takeOverSchema.nullable().default(null).describe('null: the run has opened it'),
});

const notedSchema = z.object({ incident: z.string().min(1), url: z.string().nullable() });

type Input = z.output<typeof inputSchema>;
type State = z.output<typeof stateSchema>;
type Output = z.output<typeof outputSchema>;

/**
 * `statuspage.open`: opens an incident on the public status page, once for a run, and one for a hostname: an unresolved
 * one for the hostname is found first (by its mark; by its words where the page keeps none, for which the message is made
 * to name the hostname) and gone on with, whoever opened it. Where the page has an idempotency key, the run is the key, so
 * that a lost answer is told by sending the same again. Nothing takes a public message back.
 */
export const open = change<Input, State, Output>({
  name: 'statuspage.open',
  summary: 'Open an incident on the public status page, or go on with the one that is open for the hostname',
  input: inputSchema,
  state: stateSchema,
  output: outputSchema,
  secrets: ['statuspage'],
  plan,
  apply,
  observe,
  async outputOf({ before, after }, ctx) {
    if (before.incident === 'found' && after.incident === 'taken-over') {
      return { incident: after.id, url: after.url, 'taken-over': await readTakeOver({ before, after }, ctx) };
    }
    const noted = notedSchema.safeParse(ctx.noted);
    if (noted.success) return outputOf({ id: noted.data.incident, url: noted.data.url });
    const { ours } = await lookFor(await statusPageOf(ctx), { before, after }, ctx);
    if (ours === undefined) throw new OpsError('failed', 'the incident is not among the unresolved ones of the page');
    return outputOf(ours);
  },
  lastWord,
  leavesOpen: (output, { phase }) => noticeLeftOpen(output?.incident ?? '', output?.['taken-over']?.phase ?? phase),
  preflight: verifyStatusPageKey,
  summarise: ({ incident, 'taken-over': taken }) => ({
    headline: headlineOf(
      taken === null ? `the public notice is open (${incident})` : `the open public notice is taken over (${incident})`,
    ),
    detail: [],
  }),
});

async function plan(input: Input, ctx: ActionContext): Promise<Plan<State>> {
  const settings = statusPageSettings(ctx);
  const { title, impact, phase, components } = input;
  const byId = componentIds(settings, components);
  const page = await statusPageOf(ctx);
  const { incidents } = await beforeWriting(ctx, () => page.unresolved());
  const message = page.marks ? input.message : namingHostname(input, ctx.env.hostname);
  const isOpen = page.marks && incidents.some(({ run }) => run === ctx.run.id);
  const open = isOpen ? undefined : incidents.find((incident) => isForHostname(incident, ctx.env.hostname));
  if (open !== undefined) {
    const planned = planTakeOver(open, input, ctx);
    return { ...planned, notes: [...planned.notes, ...othersNoted(incidents.filter(({ id }) => id !== open.id))] };
  }
  const { notify } = settings;
  const after: State = { incident: 'open', title, message, impact, phase, components: byId, notify };
  const others = incidents.filter(({ run }) => run !== ctx.run.id);
  return {
    before: isOpen ? after : { incident: 'none', others: others.map(({ id }) => id) },
    after,
    diff: isOpen
      ? []
      : [`+ public incident: ${title}`, `+ ${phase}: ${message}`, `+ impact: ${impact}`, ...componentLines(components)],
    notes: [...publicNotes(notify), ...othersNoted(others)],
    guards: [],
  };
}

function othersNoted(others: readonly PublicIncident[]): string[] {
  return others.slice(0, 3).map((other) => headlineOf(`unresolved already: ${other.title} (${other.id})`));
}

/** The message with the hostname in it, by which a later run finds the notice; as it is where no more fits. */
function namingHostname({ title, message }: Pick<Input, 'title' | 'message'>, hostname: string): string {
  if (names(title, hostname) || names(message, hostname)) return message;
  const named = messageSchema.safeParse(`${message}\n\nAffected: ${hostname}`);
  return named.success ? named.data : message;
}

async function apply(planned: Planned<Input, State>, ctx: ActionContext): Promise<Output> {
  const { before, after } = planned;
  if (before.incident === 'found' && after.incident === 'taken-over') {
    return { incident: after.id, url: after.url, 'taken-over': await applyTakeOver({ before, after }, ctx) };
  }
  if (after.incident !== 'open') throw new OpsError('invalid', 'the plan opens no incident');
  const page = await statusPageOf(ctx);
  const { ours, rival } = await beforeWriting(ctx, () => lookFor(page, planned, ctx));
  if (page.marks && ours !== undefined) return await keep(ours, ctx);
  if (ours === undefined && rival !== undefined) {
    throw new OpsError('drift', `a notice was opened meanwhile: ${rival.title} (${rival.id})`, {
      hint: 'no second one was opened; start again, and that one is gone on with',
    });
  }
  const { title, phase, message, impact, components, notify } = after;
  const incident = { title, phase, message, impact, components, notify, run: ctx.run.id, hostname: ctx.env.hostname };
  const send = () => page.open(incident);
  return await keep(page.opensOnce ? await sendAgainWhileLost(ctx, send) : await send(), ctx);
}

async function keep({ id, url }: PublicIncident, ctx: ActionContext): Promise<Output> {
  await ctx.note({ incident: id, url });
  return outputOf({ id, url });
}

async function observe(planned: Planned<Input, State>, ctx: ActionContext): Promise<'before' | 'after' | 'other'> {
  const { before, after } = planned;
  if (before.incident === 'found' && after.incident === 'taken-over') {
    return await observeTakeOver({ before, after }, ctx);
  }
  const page = await statusPageOf(ctx);
  const noted = notedSchema.safeParse(ctx.noted);
  // Resolved by now or not: it was opened.
  if (noted.success) return (await page.find(noted.data.incident)) === undefined ? 'other' : 'after';
  const { ours, complete } = await lookFor(page, planned, ctx);
  if (ours !== undefined) return 'after';
  return complete ? 'before' : 'other';
}

/**
 * The incident of this run among the unresolved ones: by its mark, or, where the page keeps none, by the words of an
 * incident that was not there when this was planned. And the rival, where another was opened for the hostname since.
 */
async function lookFor(
  page: StatusPage,
  { before, after }: Pick<Planned<Input, State>, 'before' | 'after'>,
  ctx: ActionContext,
): Promise<{ ours: PublicIncident | undefined; rival: PublicIncident | undefined; complete: boolean }> {
  const { incidents, complete } = await page.unresolved();
  const known = before.incident === 'none' ? before.others : [];
  const ours = incidents.find((incident) => {
    if (page.marks) return incident.run === ctx.run.id;
    if (known.includes(incident.id) || after.incident !== 'open') return false;
    const [first] = incident.updates;
    return saysTheSame(incident.title, after.title) && saysTheSame(first?.message ?? '', after.message);
  });
  const rival = incidents.find(
    (incident) => incident.id !== ours?.id && !known.includes(incident.id) && isForHostname(incident, ctx.env.hostname),
  );
  return { ours, rival, complete };
}

function outputOf({ id, url }: Pick<PublicIncident, 'id' | 'url'>): Output {
  return { incident: id, url, 'taken-over': null };
}
