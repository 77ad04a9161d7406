import { z } from 'zod';
import { boundedText } from '../../world/bounded-text.ts';
import { canonicalJson } from '../../world/canonical-json.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { type Found, findingCounts, holdFindings, renderFindings } from '../finding.ts';

const watchedSchema = z.record(z.string().regex(/^[a-z][a-z0-9-]*$/, 'a name in lower case'), z.json());

const inputSchema = z.strictObject({
  watched: watchedSchema.describe('name → what it is now: outputs of earlier steps, such as a digest'),
});

const findingIds = ['drift/changed', 'drift/appeared', 'drift/disappeared'] as const;

const outputSchema = z.strictObject({
  watched: watchedSchema.describe('what the next run is compared with, if this one ends well'),
  since: z.string().nullable().describe('when the run began that it was compared with; null where there is none'),
  run: z.string().nullable(),
  ...findingCounts,
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;

/**
 * Compares values with those of the last run of the same runbook that ended well, read from the audit log. A difference
 * is told in the run that first sees it; if that ends well, it is what the next is compared with.
 */
export const driftCompare = check<Input, Output>({
  name: 'drift.compare',
  summary: 'Tell what is not as the last run that ended well saw it',
  input: inputSchema,
  output: outputSchema,
  findings: findingIds,
  run,
  summarise,
});

async function run({ watched }: Input, ctx: ActionContext): Promise<Output> {
  const last = await ctx.past.lastOutput();
  const before = z.object({ watched: watchedSchema }).safeParse(last?.output);
  if (last === undefined || !before.success) return { watched, since: null, run: null, ...holdFindings(ctx, []) };
  const remedy = `find out who changed it and why; run ${last.run} saw the other`;
  const day = last.at.slice(0, 10);
  const names = [...new Set([...Object.keys(before.data.watched), ...Object.keys(watched)])].sort();
  const findings = names.flatMap((name): Found<(typeof findingIds)[number]>[] => {
    const [was, is] = [before.data.watched[name], watched[name]];
    const found = { severity: 'warning', where: name, remedy } as const;
    if (is === undefined) return [{ ...found, id: 'drift/disappeared', breaks: `${name} is no longer looked at` }];
    if (was === undefined) return [{ ...found, severity: 'info', id: 'drift/appeared', breaks: `${name} is new` }];
    if (canonicalJson(was) === canonicalJson(is)) return [];
    return [{ ...found, id: 'drift/changed', breaks: `${name} is not as on ${day}: ${difference(was, is)}` }];
  });
  return { watched, since: last.at, run: last.run, ...holdFindings(ctx, findings) };
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
  const count = Object.keys(watched).length;
  const changed = findings.length - accepted;
  const headline =
    since === null
      ? `${count} values kept: no earlier run that ended well to compare with`
      : changed === 0
        ? `${count} values as on ${since.slice(0, 16).replace('T', ' ')} UTC`
        : `${changed} differences since ${since.slice(0, 16).replace('T', ' ')} UTC`;
  return { headline, detail: renderFindings(findings) };
}
