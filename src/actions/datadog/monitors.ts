import { z } from 'zod';
import { boundedText } from '../../world/bounded-text.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { fillLine, wrapText } from '../http/text-columns.ts';
import { type Monitor, monitorTags, readMonitors } from './read-monitors.ts';

const states = ['alert', 'warn', 'no-data', 'ok', 'unknown'] as const;

const inputSchema = z.strictObject({
  tags: z
    .array(z.string().min(1))
    .max(20)
    .optional()
    .describe('monitors with all of these; the environment’s unless given'),
  'region-tag': z
    .string()
    .regex(/^[a-z][a-z0-9_./-]*$/, 'the key of a tag')
    .default('region')
    .describe('the tag of a group that names its region'),
});

const outputSchema = z.strictObject({
  state: z
    .enum(['ok', 'alerting', 'unknown'])
    .describe('`alerting`: any group alerts; `unknown`: none does, and some say nothing, or there is no monitor'),
  alerting: z.int().nonnegative().describe('groups that alert'),
  silent: z.int().nonnegative().describe('groups without data or in a state of which nothing follows'),
  monitors: z.int().nonnegative(),
  regions: z.array(z.string()).describe('regions of the groups that alert'),
  groups: z.array(z.strictObject({ monitor: z.string(), group: z.string(), state: z.enum(states) })),
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;
type Group = Output['groups'][number];

/** Says which monitors alert, and in which of their groups (regions, say). One source of several: it is never a gate. */
export const datadogMonitors = check({
  name: 'datadog.monitors',
  summary: 'Read the state of Datadog’s monitors by group: which alert, and in which regions',
  input: inputSchema,
  output: outputSchema,
  run,
  summarise,
});

async function run(input: Input, ctx: ActionContext): Promise<Output> {
  const known = monitorTags(ctx);
  const monitors = await readMonitors(input.tags ?? known, ctx);
  const groups = monitors.flatMap(groupsOf);
  const alerting = groups.filter(({ state }) => state === 'alert');
  const silent = groups.filter(({ state }) => state === 'no-data' || state === 'unknown');
  return {
    state: alerting.length > 0 ? 'alerting' : silent.length > 0 || groups.length === 0 ? 'unknown' : 'ok',
    alerting: alerting.length,
    silent: silent.length,
    monitors: monitors.length,
    regions: [...new Set(alerting.flatMap(({ group }) => regionOf(group, input['region-tag']) ?? []))].sort(),
    groups,
  };
}

/** A monitor that is not grouped counts as one group, `*`, as Datadog itself calls it. */
function groupsOf({ name, overall_state, state }: Monitor): Group[] {
  const found = Object.entries(state.groups);
  const monitor = boundedText(name, 80);
  if (found.length === 0) return [{ monitor, group: '*', state: wordOf(overall_state) }];
  return found.map(([group, { status }]) => ({ monitor, group: boundedText(group, 80), state: wordOf(status) }));
}

function wordOf(state: Monitor['overall_state']): Group['state'] {
  switch (state) {
    case 'Alert':
      return 'alert';
    case 'Warn':
      return 'warn';
    case 'OK':
      return 'ok';
    case 'No Data':
      return 'no-data';
    default:
      return 'unknown';
  }
}

/** A group is its tags, parted by commas: `host:a,region:eu-west-1`. */
function regionOf(group: string, tag: string): string | undefined {
  const found = group.split(',').find((part) => part.trim().startsWith(`${tag}:`));
  return found?.trim().slice(tag.length + 1);
}

const shown = 12;

function summarise(output: Output): Summary {
  const { alerting, silent, monitors, regions, groups } = output;
  const facts = [
    monitors === 0 ? 'Datadog: no monitor has these tags' : `Datadog: ${alerting} of ${groups.length} groups alert`,
    ...(regions.length > 0 ? [regions.join(', ')] : []),
    ...(silent > 0 ? [`${silent} without data`] : []),
  ];
  const telling = groups
    .filter(({ state }) => state !== 'ok')
    .sort((a, b) => states.indexOf(a.state) - states.indexOf(b.state));
  const rows = telling
    .slice(0, shown)
    .flatMap(({ monitor, group, state }) => wrapText(`${state.padEnd(7)} ${monitor} (${group})`, '        '));
  const more = telling.length > shown ? [`and ${telling.length - shown} more`] : [];
  return { headline: fillLine(facts).fitting, detail: [...rows, ...more] };
}
