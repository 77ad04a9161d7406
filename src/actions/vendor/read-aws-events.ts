import { z } from 'zod';
import { type Severity, timeOf, type VendorReport, vendorText, worstOf } from './report.ts';

const code = z.union([z.string(), z.number()]).transform(String);
const seconds = z.union([z.string(), z.number()]).transform(Number);

/**
 * The feed of AWS's public health page: the events that are open or have just ended, an empty list when all is well. It
 * is not documented; these are the fields that it has been seen to have. Services are named with their region at the end
 * (`elb-us-east-1`), global ones without (`cloudfront`).
 */
const eventsSchema = z.array(
  z.object({
    service: z.string(),
    summary: z.string(),
    status: code,
    date: seconds.optional(),
    end_time: seconds.nullish(),
    event_log: z.array(z.object({ timestamp: seconds.optional() })).default([]),
    impacted_services: z.record(z.string(), z.object({ current: code })).default({}),
  }),
);

/** 0: it works again; 1: a message; 2: degraded; 3: disrupted. */
const states: ReadonlyMap<string, Severity> = new Map<string, Severity>([
  ['0', 'none'],
  ['1', 'minor'],
  ['2', 'major'],
  ['3', 'critical'],
]);

/**
 * What AWS says of the services with these names; a name counts in every region unless it ends with one. The feed has no
 * time of its own while nothing is open. Answers undefined for a document of another shape.
 */
export function readAwsEvents(document: unknown, names: readonly string[]): VendorReport | undefined {
  const parsed = eventsSchema.safeParse(document);
  if (!parsed.success) return undefined;
  const open = parsed.data.filter(({ status, end_time: ended }) => status !== '0' && !ended);
  const stateIn = (event: (typeof open)[number], name: string): Severity[] => {
    const isMeant = (service: string) => service === name || service.startsWith(`${name}-`);
    const impacted = Object.entries(event.impacted_services).filter(([service]) => isMeant(service));
    if (impacted.length > 0) return impacted.map(([, { current }]) => states.get(current) ?? 'unknown');
    return isMeant(event.service) ? [states.get(event.status) ?? 'unknown'] : [];
  };
  const components = names.map((name) => ({ name, state: worstOf(open.flatMap((event) => stateIn(event, name))) }));
  const concerning = open.filter((event) => names.some((name) => stateIn(event, name).length > 0));
  const incidents = concerning.map((event) => ({
    title: vendorText(event.summary),
    impact: worstOf(names.flatMap((name) => stateIn(event, name))),
    since: timeOf(event.date),
  }));
  const times = parsed.data.flatMap(({ date, event_log }) => [
    date ?? 0,
    ...event_log.map((entry) => entry.timestamp ?? 0),
  ]);
  const newest = Math.max(0, ...times.filter(Number.isFinite));
  return {
    says: worstOf(components.map(({ state }) => state)),
    asOf: newest === 0 ? null : timeOf(newest),
    components,
    incidents,
    notes: [],
  };
}
