import { z } from 'zod';
import { boundedText } from '../../world/bounded-text.ts';
import { canonicalJson } from '../../world/canonical-json.ts';
import { digestOf } from '../../world/digest.ts';
import type { Json } from '../../world/json.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { acceptanceOf, type Found, findingCounts, holdFindings, isAccepted, renderFindings } from '../finding.ts';

const watchedSchema = z.record(z.string().regex(/^[a-z][a-z0-9-]*$/, 'a name in lower case'), z.json());

const inputSchema = z.strictObject({
  watched: watchedSchema.describe(
    'name → what it is now: outputs of earlier steps, such as a digest; null where it is not known this time, which is no difference',
  ),
});

const findingIds = ['drift/changed', 'drift/appeared', 'drift/disappeared'] as const;

const baselineSchema = z.record(z.string(), z.strictObject({ value: z.json(), at: z.string(), run: z.string() }));

const outputSchema = z.strictObject({
  watched: watchedSchema.describe('what it is now'),
  baseline: baselineSchema.describe(
    'what the next run is compared with, if this one ends well, and the run that saw it first: what differs stays as it was until the difference is accepted',
  ),
  since: z.string().nullable().describe('when the run began that it was compared with; null where there is none'),
  run: z.string().nullable(),
  ...findingCounts,
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;
type Baseline = z.output<typeof baselineSchema>;

/**
 * Compares values with what runs of the same runbook that ended well have seen, read from the audit log. A difference is
 * told in every run until it is undone, or accepted in the environment file: only then is the new value what the next
 * run is compared with. A difference that was told once to a log that nobody reads would be told to nobody.
 */
export const driftCompare = check<Input, Output>({
  name: 'drift.compare',
  summary: 'Tell what is not as runs that ended well have seen it, until it is undone or accepted',
  input: inputSchema,
  output: outputSchema,
  findings: findingIds,
  run,
  summarise,
});

async function run({ watched }: Input, ctx: ActionContext): Promise<Output> {
  const last = await ctx.past.lastOutput();
  const before = last === undefined ? undefined : baselineOf(last);
  const now = { at: new Date(ctx.clock.now()).toISOString(), run: ctx.run.id };
  if (last === undefined || before === undefined) {
    const known = Object.entries(watched).filter(([, value]) => value !== null);
    const baseline = Object.fromEntries(known.map(([name, value]) => [name, { value, ...now }]));
    return { watched, baseline, since: null, run: null, ...holdFindings(ctx, []) };
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(watched)])].sort();
  const judged = await Promise.all(names.map((name) => judge(name, before[name], watched[name])));
  const held = holdFindings(
    ctx,
    judged.flatMap((found) => found ?? []),
  );
  const isChanged = (name: string) =>
    held.findings.some((one) => one.id === 'drift/changed' && one.where === name && !isAccepted(one));
  const baseline = Object.entries(watched).flatMap(([name, value]): [string, Baseline[string]][] => {
    const was = before[name];
    if (was === undefined) return value === null ? [] : [[name, { value, ...now }]];
    const stays = value === null || isChanged(name) || canonicalJson(was.value) === canonicalJson(value);
    return [[name, stays ? was : { value, ...now }]];
  });
  return { watched, baseline: Object.fromEntries(baseline), since: last.at, run: last.run, ...held };
}

/** What an earlier run left; of a run that kept no baseline, what it saw itself. Undefined for what is neither. */
function baselineOf({ output, at, run }: { output: Json; at: string; run: string }): Baseline | undefined {
  const kept = z.object({ baseline: baselineSchema }).safeParse(output);
  if (kept.success) return kept.data.baseline;
  const seen = z.object({ watched: watchedSchema }).safeParse(output);
  if (!seen.success) return undefined;
  return Object.fromEntries(Object.entries(seen.data.watched).map(([name, value]) => [name, { value, at, run }]));
}

async function judge(
  name: string,
  was: Baseline[string] | undefined,
  is: Watched | undefined,
): Promise<Found<(typeof findingIds)[number]> | undefined> {
  const where = name;
  if (was === undefined) {
    if (is === undefined || is === null) return undefined;
    const remedy = 'nothing to do: from now on it is watched';
    return { id: 'drift/appeared', severity: 'info', where, breaks: `${name} is new`, remedy };
  }
  if (is === undefined) {
    const remedy = `find out who took it out of the runbook; run ${was.run} saw it`;
    return { id: 'drift/disappeared', severity: 'warning', where, breaks: `${name} is no longer looked at`, remedy };
  }
  if (is === null || canonicalJson(was.value) === canonicalJson(is)) return undefined;
  const id = 'drift/changed';
  // What was accepted is the new value: another one that comes after it is another difference.
  const seen = (await digestOf(is)).slice(0, 12);
  return {
    id,
    severity: 'warning',
    where,
    seen,
    breaks: `${name} is not as on ${was.at.slice(0, 10)}: ${difference(was.value, is)}`,
    remedy: `find out who changed it and why; run ${was.run} saw the other. Undo it, or accept it in the environment file (${acceptanceOf({ id, where, seen })}): until then every run tells it`,
  };
}

type Watched = Input['watched'][string];

/** Of lists, what is gone and what is new; of all else, both. */
function difference(was: Watched, is: Watched): string {
  if (!Array.isArray(was) || !Array.isArray(is)) return `${show(was)} then, ${show(is)} now`;
  const [before, after] = [was.map(canonicalJson), is.map(canonicalJson)];
  const gone = was.filter((_, n) => !after.includes(before[n] ?? ''));
  const added = is.filter((_, n) => !before.includes(after[n] ?? ''));
  const changes = [...gone.map((one) => `without ${item(one)}`), ...added.map((one) => `with ${item(one)}`)];
  return changes.length === 0 ? 'in another order, or more than once' : boundedText(changes.join('; '), 400);
}

function item(value: Watched): string {
  return typeof value === 'string' ? `“${value}”` : canonicalJson(value);
}

function show(value: Watched): string {
  const text = typeof value === 'string' ? value : canonicalJson(value);
  return text.length > 16 ? `${text.slice(0, 12)}…` : text;
}

function summarise({ watched, since, findings, accepted }: Output): Summary {
  const count = Object.values(watched).filter((value) => value !== null).length;
  const changed = findings.length - accepted;
  const headline =
    since === null
      ? `${count} values kept: no earlier run that ended well to compare with`
      : changed === 0
        ? `${count} values as on ${since.slice(0, 16).replace('T', ' ')} UTC`
        : `${changed} differences, last compared with ${since.slice(0, 16).replace('T', ' ')} UTC`;
  return { headline, detail: renderFindings(findings) };
}
