import { z } from 'zod';
import { parseJson } from '../world/parse-json.ts';
import type { ServerAnswer, ServerRequest } from './http-server.ts';
import type { SimulatedNotice, SimulatedStatusPage, SimulatedWorld } from './state.ts';
import { openNotice, unknownComponents, writeNotice } from './status-page-incidents.ts';

const statuses = ['operational', 'degraded_performance', 'partial_outage', 'full_outage', 'under_maintenance'] as const;
const phases = ['investigating', 'identified', 'monitoring', 'resolved'] as const;
const mostUpdates = 100;

const message = z.string().min(1).max(4_096);
const componentStatuses = z
  .array(z.object({ component_id: z.string(), component_status: z.enum(statuses) }))
  .optional();

const createSchema = z.object({
  idempotency_key: z.string().min(1),
  status_page_id: z.string(),
  name: z.string().min(1).max(200),
  incident_status: z.enum(phases),
  message,
  notify_subscribers: z.boolean(),
  component_statuses: componentStatuses,
});
const updateSchema = z.object({
  status_page_incident_id: z.string(),
  incident_status: z.enum(phases).optional(),
  message,
  notify_subscribers: z.boolean(),
  component_statuses: componentStatuses,
});

/** incident.io's status page API: create, list, read one, post an update (docs.incident.io, API reference, Status Pages V2). */
export function answerIncidentIo(world: SimulatedWorld, request: ServerRequest, at: string): ServerAnswer {
  const page = world.statusPage;
  const url = new URL(`http://127.0.0.1${request.path}`);
  const [, , collection, id] = url.pathname.split('/');
  switch (`${request.method} ${collection}${id === undefined ? '' : '/ID'}`) {
    case 'POST status_page_incidents':
      return create(page, request, at);
    case 'GET status_page_incidents':
      return list(page, url);
    case 'GET status_page_incidents/ID': {
      const notice = page.incidents.find((each) => each.id === id);
      if (notice === undefined) return incidentIoError(404, 'Status page incident not found');
      return json(200, { status_page_incident: incidentJson(page, notice) });
    }
    case 'POST status_page_incident_updates':
      return post(page, request, at);
    default:
      return incidentIoError(404, 'Not found');
  }
}

function create(page: SimulatedStatusPage, request: ServerRequest, at: string): ServerAnswer {
  const given = createSchema.safeParse(parseJson(request.body));
  if (!given.success) return invalid(given.error);
  const { idempotency_key, status_page_id, name, incident_status } = given.data;
  if (status_page_id !== page.id) return incidentIoError(404, 'Status page not found');
  // "If you send a request with an idempotency_key that was already used, the original response will be returned."
  const original = page.incidents.find(({ idempotencyKey }) => idempotencyKey === idempotency_key);
  if (original !== undefined) return json(201, { status_page_incident: incidentJson(page, original) });
  const components = mapOf(given.data.component_statuses);
  const wrong = unknownComponents(page, Object.keys(components));
  if (wrong.length > 0) return incidentIoError(422, `Component not found: ${wrong.join(', ')}`);
  const notice = openNotice(
    page,
    {
      title: name,
      phase: incident_status,
      message: given.data.message,
      components,
      notify: given.data.notify_subscribers,
      impact: null,
      metadata: null,
      idempotencyKey: idempotency_key,
    },
    { at, form },
  );
  return json(201, { status_page_incident: incidentJson(page, notice) });
}

function list(page: SimulatedStatusPage, { searchParams }: URL): ServerAnswer {
  if (searchParams.get('status_page_id') !== page.id) return incidentIoError(404, 'Status page not found');
  const size = Math.min(250, Number(searchParams.get('page_size') ?? 25) || 25);
  const newestFirst = page.incidents.toReversed();
  const start = newestFirst.findIndex(({ id }) => id === searchParams.get('after')) + 1;
  const found = newestFirst.slice(start, start + size);
  const isLast = start + size >= newestFirst.length;
  return json(200, {
    status_page_incidents: found.map((notice) => incidentJson(page, notice)),
    pagination_meta: { page_size: size, ...(isLast ? {} : { after: found.at(-1)?.id }) },
  });
}

function post(page: SimulatedStatusPage, request: ServerRequest, at: string): ServerAnswer {
  const given = updateSchema.safeParse(parseJson(request.body));
  if (!given.success) return invalid(given.error);
  const { status_page_incident_id, incident_status, component_statuses, notify_subscribers } = given.data;
  const notice = page.incidents.find(({ id }) => id === status_page_incident_id);
  if (notice === undefined) return incidentIoError(404, 'Status page incident not found');
  if (notice.updates.length >= mostUpdates) return incidentIoError(422, 'There is a limit of 100 updates per incident');
  if (incident_status === 'resolved' && component_statuses !== undefined) {
    return incidentIoError(422, 'component_statuses must not be set when the status is set to resolved');
  }
  const operational = Object.keys(notice.components).map((id) => [id, 'operational']);
  const components = incident_status === 'resolved' ? Object.fromEntries(operational) : mapOf(component_statuses);
  const wrong = unknownComponents(page, Object.keys(components));
  if (wrong.length > 0) return incidentIoError(422, `Component not found: ${wrong.join(', ')}`);
  const update = writeNotice(
    page,
    notice,
    {
      ...(incident_status === undefined ? {} : { phase: incident_status }),
      message: given.data.message,
      components,
      notify: notify_subscribers,
    },
    { at, form },
  );
  return json(201, { status_page_incident_update: update === undefined ? null : updateJson(notice, update) });
}

function mapOf(list: z.output<typeof componentStatuses>): Record<string, string> {
  return Object.fromEntries((list ?? []).map(({ component_id, component_status }) => [component_id, component_status]));
}

function listOf(components: Record<string, string>): object[] {
  return Object.entries(components).map(([id, status]) => ({ component_id: id, component_status: status }));
}

function form(hex: string): string {
  return `01${hex.slice(0, 24).toUpperCase()}`;
}

function incidentJson(page: SimulatedStatusPage, notice: SimulatedNotice): object {
  return {
    id: notice.id,
    name: notice.title,
    incident_status: notice.phase,
    status_page_id: page.id,
    published_at: notice.createdAt,
    component_impacts: Object.entries(notice.components).map(([id, status]) => ({
      component_id: id,
      component_status: status,
      start_at: notice.createdAt,
    })),
    updates: notice.updates.map((update) => updateJson(notice, update)),
  };
}

function updateJson(notice: SimulatedNotice, update: SimulatedNotice['updates'][number]): object {
  return {
    id: update.id,
    status_page_incident_id: notice.id,
    incident_status: update.phase,
    message: update.message,
    published_at: update.at,
    component_statuses: listOf(update.components),
  };
}

function invalid(error: z.ZodError): ServerAnswer {
  const [issue] = error.issues;
  return incidentIoError(422, issue?.message ?? 'invalid', undefined, issue?.path.join('.'));
}

const errorTypes: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'authorization_error',
  404: 'not_found',
  422: 'validation_error',
  429: 'too_many_requests',
};

/** An error of incident.io's (docs.incident.io, API reference, errors and rate limits). */
export function incidentIoError(
  status: number,
  text: string,
  retryAfterSeconds?: number,
  field?: string,
): ServerAnswer {
  const type = errorTypes[status] ?? 'internal_error';
  const limited =
    retryAfterSeconds === undefined ? {} : { rate_limit: { name: 'api_key', limit: 1_200, remaining: 0 } };
  const answer = json(status, {
    type,
    status,
    request_id: 'b839a403-7704-41c1-bf6a-39a2d68caefa',
    ...limited,
    errors: [{ code: type, message: text, ...(field === undefined ? {} : { source: { field } }) }],
  });
  if (retryAfterSeconds === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterSeconds) } };
}

function json(status: number, document: object): ServerAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document) };
}
