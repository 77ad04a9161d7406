import { createHash } from 'node:crypto';
import type { SimulatedNotice, SimulatedStatusPage } from './state.ts';

/** What a call says of an incident: what is absent stays as it is. */
export type NoticeWrite = {
  phase?: string;
  message?: string;
  /** Component id → its status, in the API's own words. */
  components: Record<string, string>;
  notify: boolean;
};

/** Makes the page's next id from digits that follow from the page, so that a seeded run repeats them. */
export type IdForm = (hex: string) => string;

/** Opens an incident with its first message. */
export function openNotice(
  page: SimulatedStatusPage,
  given: NoticeWrite & Pick<SimulatedNotice, 'title' | 'impact' | 'metadata' | 'idempotencyKey'>,
  { at, form }: { at: string; form: IdForm },
): SimulatedNotice {
  const { title, impact, metadata, idempotencyKey } = given;
  const notice: SimulatedNotice = {
    id: nextId(page, 'incident', form),
    title,
    phase: 'investigating',
    impact,
    metadata,
    idempotencyKey,
    createdAt: at,
    components: {},
    updates: [],
  };
  page.incidents.push(notice);
  writeNotice(page, notice, given, { at, form });
  return notice;
}

/** Applies a call to an incident: phase, components, and a message where one is given. Answers the message. */
export function writeNotice(
  page: SimulatedStatusPage,
  notice: SimulatedNotice,
  { phase, message, components, notify }: NoticeWrite,
  { at, form }: { at: string; form: IdForm },
): SimulatedNotice['updates'][number] | undefined {
  if (phase !== undefined) notice.phase = phase;
  for (const [id, status] of Object.entries(components)) {
    notice.components[id] = status;
    const component = page.components[id];
    if (component !== undefined) component.status = status;
  }
  if (message === undefined) return undefined;
  const update = { id: nextId(page, 'update', form), phase: notice.phase, message, at, components, notify };
  notice.updates.push(update);
  return update;
}

/** Component ids that the page does not have. */
export function unknownComponents(page: SimulatedStatusPage, ids: readonly string[]): string[] {
  return ids.filter((id) => !Object.hasOwn(page.components, id));
}

function nextId(page: SimulatedStatusPage, kind: string, form: IdForm): string {
  const count = page.incidents.length + page.incidents.flatMap(({ updates }) => updates).length;
  return form(createHash('sha256').update(`${page.id}/${kind}/${count}`).digest('hex'));
}
