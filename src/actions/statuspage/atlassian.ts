import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { JsonFields } from '../../world/json-api.ts';
import { type JsonApi, refusedStatus } from '../../world/json-api.ts';
import { pageMessage, pageTitle } from './page-text.ts';
import { type ComponentStatus, type NewIncident, type PublicIncident, phases, type StatusPage } from './status-page.ts';

const perPage = 100;
const mostPages = 5;

/** Under this name an incident's metadata holds the run and the hostname; "all top-level values in the object must also be objects" (developer.statuspage.io). */
const markName = 'resend_ops';

/** Maintenance has phases of its own, and is passed over. */
const incidentSchema = z.object({
  id: z.string().min(1),
  name: z.string(),
  status: z.string(),
  shortlink: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  components: z.array(z.object({ id: z.string() })).nullish(),
  incident_updates: z.array(z.object({ id: z.string(), status: z.string(), body: z.string().nullish() })).nullish(),
});

type Incident = z.output<typeof incidentSchema>;

const markSchema = z.object({ run: z.string(), hostname: z.string().optional() });

/**
 * A page at Atlassian Statuspage (developer.statuspage.io). There is no idempotency key: incidents are marked with the
 * run and the hostname in their metadata, which readers of the page do not see. Its reference calls titles and messages
 * text and speaks of no markup in them: nothing is escaped.
 */
export function atlassianPage(api: JsonApi, pageId: string, signal: AbortSignal): StatusPage {
  const incidents = `/pages/${encodeURIComponent(pageId)}/incidents`;
  const one = (id: string) => `${incidents}/${encodeURIComponent(id)}`;
  return {
    marks: true,
    opensOnce: false,
    resolvesComponents: false,
    async open(incident) {
      const opened = await api.call(
        {
          what: 'open the public notice',
          method: 'POST',
          path: incidents,
          body: { incident: newIncident(incident) },
          answer: incidentSchema,
        },
        signal,
      );
      return incidentOf(opened);
    },
    async update(id, { phase, message, components, notify }, known) {
      const answered = await api.call(
        {
          what: 'post on the public notice',
          method: 'PATCH',
          path: one(id),
          body: {
            incident: {
              status: phase,
              body: pageMessage(message),
              deliver_notifications: notify,
              ...componentFields(components),
            },
          },
          answer: incidentSchema,
        },
        signal,
      );
      const posted = incidentOf(answered).updates.findLast((update) => !known.includes(update.id));
      if (posted !== undefined) return { id: posted.id };
      throw new OpsError('lost-answer', 'post on the public notice: the answer does not show the message', {
        hint: 'look at the page before anything else',
      });
    },
    async find(id) {
      try {
        const call = { what: 'look at the public notice', method: 'GET', path: one(id) } as const;
        return incidentOf(await api.call({ ...call, answer: incidentSchema }, signal));
      } catch (error) {
        if (refusedStatus(error) === 404) return undefined;
        throw error;
      }
    },
    async unresolved() {
      const found: Incident[] = [];
      for (let page = 1; page <= mostPages; page += 1) {
        const path = `${incidents}/unresolved?page=${page}&per_page=${perPage}`;
        const call = { what: 'list the unresolved notices', method: 'GET', path } as const;
        const list = await api.call({ ...call, answer: z.array(incidentSchema) }, signal);
        found.push(...list);
        if (list.length < perPage) return { incidents: found.filter(isIncident).map(incidentOf), complete: true };
      }
      return { incidents: found.filter(isIncident).map(incidentOf), complete: false };
    },
  };
}

function newIncident({ title, phase, message, impact, components, run, hostname, notify }: NewIncident): JsonFields {
  return {
    name: pageTitle(title),
    status: phase,
    body: pageMessage(message),
    impact_override: impact,
    deliver_notifications: notify,
    metadata: { [markName]: { run, hostname } },
    ...componentFields(components),
  };
}

/** A component must be in both fields: the list says whom the incident concerns, the map how they do. */
function componentFields(components: Readonly<Record<string, ComponentStatus>>): JsonFields {
  const entries = Object.entries(components).map(([id, status]) => [id, status.replace('-', '_')]);
  if (entries.length === 0) return {};
  return { component_ids: Object.keys(components), components: Object.fromEntries(entries) };
}

function isIncident({ status }: Incident): boolean {
  return phases.some((phase) => phase === status);
}

function phaseOf(status: string) {
  return phases.find((phase) => phase === status) ?? 'investigating';
}

function incidentOf(incident: Incident): PublicIncident {
  const mark = markSchema.safeParse(incident.metadata?.[markName]);
  return {
    id: incident.id,
    title: incident.name,
    phase: phaseOf(incident.status),
    url: incident.shortlink ?? null,
    run: mark.success ? mark.data.run : null,
    hostname: mark.success ? (mark.data.hostname ?? null) : null,
    components: (incident.components ?? []).map(({ id }) => id),
    // The API lists the newest first.
    updates: (incident.incident_updates ?? [])
      .map(({ id, status, body }) => ({ id, phase: phaseOf(status), message: body ?? '' }))
      .reverse(),
  };
}
