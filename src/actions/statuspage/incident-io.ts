import { z } from 'zod';
import type { Json } from '../../world/json.ts';
import { type JsonApi, refusedStatus } from '../../world/json-api.ts';
import { escapeMarkdown, pageMessage, pageTitle, unescapeMarkdown } from './page-text.ts';
import { type ComponentStatus, type PublicIncident, phases, type StatusPage } from './status-page.ts';

const perPage = 250;
const mostPages = 4;

const updateSchema = z.object({
  id: z.string().min(1),
  incident_status: z.enum(phases),
  message: z.string().nullish(),
  published_at: z.string().optional(),
});

const incidentSchema = z.object({
  id: z.string().min(1),
  name: z.string(),
  incident_status: z.enum(phases),
  component_impacts: z.array(z.object({ component_id: z.string() })).nullish(),
  updates: z.array(updateSchema).nullish(),
});

const oneSchema = z.object({ status_page_incident: incidentSchema });
const listSchema = z.object({
  status_page_incidents: z.array(incidentSchema),
  pagination_meta: z.object({ after: z.string().nullish() }).nullish(),
});

/** The statuses of incident.io's components: the worst has another name there. */
const statuses: Readonly<Record<ComponentStatus, string>> = {
  operational: 'operational',
  'degraded-performance': 'degraded_performance',
  'partial-outage': 'partial_outage',
  'major-outage': 'full_outage',
};

/**
 * A page at incident.io (docs.incident.io, API reference, Status Pages V2). Opening has an idempotency key: the same
 * key again answers the first incident. Messages have none. Impact follows from the components. A message is Markdown
 * there: it is sent so that it is shown as it was written, and read back as that. A title is plain text.
 */
export function incidentIoPage(api: JsonApi, pageId: string, signal: AbortSignal): StatusPage {
  return {
    marks: false,
    opensOnce: true,
    resolvesComponents: true,
    async open({ title, phase, message, components, run, notify }) {
      const { status_page_incident } = await api.call(
        {
          what: 'open the public notice',
          method: 'POST',
          path: '/v2/status_page_incidents',
          body: {
            idempotency_key: run,
            status_page_id: pageId,
            name: pageTitle(title),
            incident_status: phase,
            message: escapeMarkdown(pageMessage(message)),
            notify_subscribers: notify,
            component_statuses: componentList(components),
          },
          answer: oneSchema,
        },
        signal,
      );
      return incidentOf(status_page_incident);
    },
    async update(id, { phase, message, components, notify }) {
      const list = componentList(components);
      const { status_page_incident_update } = await api.call(
        {
          what: 'post on the public notice',
          method: 'POST',
          path: '/v2/status_page_incident_updates',
          body: {
            status_page_incident_id: id,
            incident_status: phase,
            message: escapeMarkdown(pageMessage(message)),
            notify_subscribers: notify,
            ...(list.length === 0 ? {} : { component_statuses: list }),
          },
          answer: z.object({ status_page_incident_update: updateSchema }),
        },
        signal,
      );
      return { id: status_page_incident_update.id };
    },
    async find(id) {
      try {
        const path = `/v2/status_page_incidents/${encodeURIComponent(id)}`;
        const call = { what: 'look at the public notice', method: 'GET', path } as const;
        const { status_page_incident } = await api.call({ ...call, answer: oneSchema }, signal);
        return incidentOf(status_page_incident);
      } catch (error) {
        if (refusedStatus(error) === 404) return undefined;
        throw error;
      }
    },
    async unresolved() {
      const incidents: PublicIncident[] = [];
      let after: string | undefined;
      for (let page = 1; page <= mostPages; page += 1) {
        const query = new URLSearchParams({ status_page_id: pageId, page_size: String(perPage) });
        if (after !== undefined) query.set('after', after);
        const call = { what: 'list the notices', method: 'GET', path: `/v2/status_page_incidents?${query}` } as const;
        const list = await api.call({ ...call, answer: listSchema }, signal);
        incidents.push(...list.status_page_incidents.map(incidentOf).filter(({ phase }) => phase !== 'resolved'));
        after = list.pagination_meta?.after ?? undefined;
        if (after === undefined || after === '') return { incidents, complete: true };
      }
      return { incidents, complete: false };
    },
  };
}

function componentList(components: Readonly<Record<string, ComponentStatus>>): Json[] {
  return Object.entries(components).map(([id, status]) => ({ component_id: id, component_status: statuses[status] }));
}

function incidentOf({
  id,
  name,
  incident_status,
  component_impacts,
  updates,
}: z.output<typeof incidentSchema>): PublicIncident {
  // Their order is not documented; the time of publication has one form, so its text sorts.
  const ordered = (updates ?? []).toSorted((left, right) =>
    (left.published_at ?? '') < (right.published_at ?? '') ? -1 : 1,
  );
  return {
    id,
    title: name,
    phase: incident_status,
    url: null,
    run: undefined,
    hostname: undefined,
    components: [...new Set((component_impacts ?? []).map(({ component_id }) => component_id))],
    updates: ordered.map((update) => ({
      id: update.id,
      phase: update.incident_status,
      message: unescapeMarkdown(update.message ?? ''),
    })),
  };
}
