import { z } from 'zod';
import { parseJson } from '../world/parse-json.ts';
import type { ServerAnswer, ServerRequest } from './http-server.ts';
import type { SimulatedNotice, SimulatedStatusPage, SimulatedWorld } from './state.ts';
import { openNotice, unknownComponents, writeNotice } from './status-page-incidents.ts';

const statuses = [
  'operational',
  'degraded_performance',
  'partial_outage',
  'major_outage',
  'under_maintenance',
] as const;
const phases = ['investigating', 'identified', 'monitoring', 'resolved'] as const;

const fields = {
  status: z.enum(phases).optional(),
  body: z.string().optional(),
  component_ids: z.array(z.string()).default([]),
  components: z.record(z.string(), z.enum(statuses)).default({}),
  impact_override: z.enum(['none', 'minor', 'major', 'critical']).optional(),
  deliver_notifications: z.boolean().default(true),
  // "All top-level values in the object must also be objects" (developer.statuspage.io).
  metadata: z.record(z.string(), z.record(z.string(), z.json())).optional(),
};
const createSchema = z.object({ incident: z.object({ ...fields, name: z.string().min(1) }) });
const updateSchema = z.object({ incident: z.object({ ...fields, name: z.string().min(1).optional() }) });

type Given = z.output<typeof updateSchema>['incident'];

/** Statuspage's incident API: create, patch, read one, list all or the unresolved ones (developer.statuspage.io, incidents). */
export function answerAtlassian(world: SimulatedWorld, request: ServerRequest, at: string): ServerAnswer {
  const page = world.statusPage;
  const url = new URL(`http://127.0.0.1${request.path}`);
  const [, , pages, pageId, incidents, name] = url.pathname.split('/');
  if (pages !== 'pages' || pageId !== page.id || incidents !== 'incidents') return atlassianError(404, 'Not found');
  const notice = page.incidents.find(({ id }) => id === name);
  switch (`${request.method} ${name === undefined ? '' : name === 'unresolved' ? name : 'ID'}`) {
    case 'GET ':
      return json(
        200,
        paged(page.incidents, url).map((each) => incidentJson(page, each)),
      );
    case 'GET unresolved':
      return json(
        200,
        paged(unresolved(page), url).map((each) => incidentJson(page, each)),
      );
    case 'GET ID':
      return notice === undefined ? atlassianError(404, 'Not found') : json(200, incidentJson(page, notice));
    case 'POST ':
      return create(page, request, at);
    case 'PATCH ID':
      return notice === undefined ? atlassianError(404, 'Not found') : patch(page, notice, request, at);
    default:
      return atlassianError(404, 'Not found');
  }
}

function unresolved(page: SimulatedStatusPage): SimulatedNotice[] {
  return page.incidents.filter(({ phase }) => phase !== 'resolved');
}

/** Newest first. */
function paged(incidents: readonly SimulatedNotice[], { searchParams }: URL): SimulatedNotice[] {
  const size = Math.min(100, Number(searchParams.get('per_page') ?? searchParams.get('limit') ?? 100) || 100);
  const start = ((Number(searchParams.get('page') ?? 1) || 1) - 1) * size;
  return incidents.toReversed().slice(start, start + size);
}

function create(page: SimulatedStatusPage, request: ServerRequest, at: string): ServerAnswer {
  const given = createSchema.safeParse(parseJson(request.body));
  if (!given.success) return invalid(given.error);
  const { incident } = given.data;
  const wrong = unknownComponents(page, [...incident.component_ids, ...Object.keys(incident.components)]);
  if (wrong.length > 0) return atlassianError(422, `Component ids are unknown: ${wrong.join(', ')}`);
  const { name, impact_override = null, metadata = {} } = incident;
  const notice = openNotice(
    page,
    { ...written(incident), title: name, impact: impact_override, metadata, idempotencyKey: null },
    { at, form },
  );
  return json(201, incidentJson(page, notice));
}

function patch(page: SimulatedStatusPage, notice: SimulatedNotice, request: ServerRequest, at: string): ServerAnswer {
  const given = updateSchema.safeParse(parseJson(request.body));
  if (!given.success) return invalid(given.error);
  const { incident } = given.data;
  const wrong = unknownComponents(page, [...incident.component_ids, ...Object.keys(incident.components)]);
  if (wrong.length > 0) return atlassianError(422, `Component ids are unknown: ${wrong.join(', ')}`);
  if (incident.metadata !== undefined) notice.metadata = incident.metadata;
  if (incident.name !== undefined) notice.title = incident.name;
  writeNotice(page, notice, written(incident), { at, form });
  return json(200, incidentJson(page, notice));
}

function written({ status, body, components, deliver_notifications }: Given) {
  return {
    ...(status === undefined ? {} : { phase: status }),
    ...(body === undefined ? {} : { message: body }),
    components,
    notify: deliver_notifications,
  };
}

function form(hex: string): string {
  return hex.slice(0, 12);
}

function incidentJson(page: SimulatedStatusPage, notice: SimulatedNotice): object {
  const { id, title, phase, impact, metadata, createdAt, components, updates } = notice;
  const component = (componentId: string) => ({
    id: componentId,
    page_id: page.id,
    name: page.components[componentId]?.name,
    status: page.components[componentId]?.status,
  });
  return {
    id,
    page_id: page.id,
    name: title,
    status: phase,
    impact: impact ?? 'none',
    impact_override: impact,
    metadata,
    created_at: createdAt,
    updated_at: updates.at(-1)?.at ?? createdAt,
    resolved_at: phase === 'resolved' ? updates.at(-1)?.at : null,
    shortlink: `http://stspg.io/${id}`,
    components: Object.keys(components).map(component),
    incident_updates: updates.toReversed().map((update) => ({
      id: update.id,
      incident_id: id,
      status: update.phase,
      body: update.message,
      created_at: update.at,
      deliver_notifications: update.notify,
    })),
  };
}

function invalid(error: z.ZodError): ServerAnswer {
  return atlassianError(422, error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

/** An error of Statuspage's: `{"error": …}`; `Retry-After` in seconds with a 429. */
export function atlassianError(status: number, error: string, retryAfterSeconds?: number): ServerAnswer {
  const answer = json(status, { error });
  if (retryAfterSeconds === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterSeconds) } };
}

function json(status: number, document: object): ServerAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'x-request-id': 'simulated-statuspage' },
    body: JSON.stringify(document),
  };
}
