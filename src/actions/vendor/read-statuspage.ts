import { z } from 'zod';
import { type Severity, timeOf, type VendorReport, vendorText, worstOf } from './report.ts';

/** `summary.json` of an Atlassian Statuspage (https://www.cloudflarestatus.com/api#summary), as far as it is read. */
const summarySchema = z.object({
  page: z.object({ updated_at: z.string().optional() }),
  components: z.array(z.object({ id: z.string(), name: z.string(), status: z.string() })),
  incidents: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      impact: z.string(),
      created_at: z.string().optional(),
      components: z.array(z.object({ id: z.string() })).default([]),
    }),
  ),
});

const componentStates: ReadonlyMap<string, Severity> = new Map<string, Severity>([
  ['operational', 'none'],
  ['under_maintenance', 'none'],
  ['degraded_performance', 'minor'],
  ['partial_outage', 'major'],
  ['major_outage', 'critical'],
]);

const impacts: ReadonlyMap<string, Severity> = new Map<string, Severity>([
  ['none', 'none'],
  ['maintenance', 'none'],
  ['minor', 'minor'],
  ['major', 'major'],
  ['critical', 'critical'],
]);

/**
 * What a Statuspage says of the components with these names. The page covers a whole platform: an incident counts when it
 * names one of them, or names none at all. Answers undefined for a document of another shape.
 */
export function readStatuspage(document: unknown, names: readonly string[]): VendorReport | undefined {
  const parsed = summarySchema.safeParse(document);
  if (!parsed.success) return undefined;
  const { page, components, incidents } = parsed.data;
  const matching = components.filter(({ name }) => names.includes(name));
  const ids = new Set(matching.map(({ id }) => id));
  const open = incidents
    .filter(({ status }) => !['resolved', 'postmortem', 'completed'].includes(status))
    .filter((incident) => incident.components.length === 0 || incident.components.some(({ id }) => ids.has(id)))
    .map(({ name, impact, created_at }) => ({
      title: vendorText(name),
      impact: impacts.get(impact) ?? ('unknown' as const),
      since: timeOf(created_at),
    }));
  const states = names.map((name) => {
    const found = matching.filter((component) => component.name === name);
    const each = found.map(({ status }) => componentStates.get(status) ?? 'unknown');
    return { name, state: found.length === 0 ? ('unknown' as const) : worstOf(each) };
  });
  const absent = names.filter((name) => matching.every((component) => component.name !== name));
  return {
    says: worstOf([...states.map(({ state }) => state), ...open.map(({ impact }) => impact)]),
    asOf: timeOf(page.updated_at),
    components: states,
    incidents: open,
    notes: absent.map((name) => `the page has no component ${name}: correct its name in the environment file`),
  };
}
