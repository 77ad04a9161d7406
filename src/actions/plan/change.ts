import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import type { Json } from '../../world/json.ts';
import { type ActionContext, check, type Plan, type Summary } from '../action.ts';
import { type Found, findingCounts, holdFindings, renderFindings } from '../finding.ts';
import { headlineWidth, toWidth, wrapText } from '../http/text-columns.ts';

const inputSchema = z.strictObject({
  change: z
    .strictObject({
      uses: z.string().describe('the change to plan, such as cloudflare.set-load-balancer'),
      with: z.record(z.string(), z.json()).default({}).describe('its input, as in the runbook that applies it'),
    })
    .describe('what would be changed; it is planned against the real provider and never applied'),
});

/** Every finding about a planned change. */
const findingIds = ['plan/impossible', 'plan/guard-raised', 'plan/nothing-to-do'] as const;

const outputSchema = z.strictObject({
  uses: z.string(),
  planned: z.boolean().describe('a plan could be made'),
  diff: z.array(z.string()).describe('what would change; empty where nothing would'),
  notes: z.array(z.string()),
  ...findingCounts,
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;
type PlanFinding = Found<(typeof findingIds)[number]>;

/** Plans a change as the run that applies it would, with nothing but reads, and tells what would stop it. */
export const planChange = check<Input, Output>({
  name: 'plan.change',
  summary: 'Plan a change on the real control plane, without applying it, and tell what would stop it',
  input: inputSchema,
  output: outputSchema,
  guard: 'switch-plan',
  findings: findingIds,
  run,
  summarise,
});

async function run({ change }: Input, ctx: ActionContext): Promise<Output> {
  const { uses } = change;
  let plan: Plan<Json>;
  try {
    plan = await ctx.planChange(uses, change.with);
  } catch (error) {
    if (ctx.signal.aborted || !(error instanceof OpsError) || !tells(error)) throw error;
    const impossible: PlanFinding = {
      id: 'plan/impossible',
      severity: 'critical',
      where: uses,
      breaks: `it cannot even be planned: ${boundedText(error.message, 500)}`,
      remedy: error.hint ?? 'put right what the message names',
    };
    return { uses, planned: false, diff: [], notes: [], ...holdFindings(ctx, [impossible]) };
  }
  const { diff, notes, guards } = plan;
  const findings = guards.map(
    ({ guard, message, hint }): PlanFinding => ({
      id: 'plan/guard-raised',
      severity: 'critical',
      where: guard,
      breaks: `the run would stop at the guard ${guard}: ${boundedText(message, 500)}`,
      remedy: hint,
    }),
  );
  if (diff.length === 0) {
    findings.push({
      id: 'plan/nothing-to-do',
      severity: 'warning',
      where: uses,
      breaks: 'there would be nothing to do: the world is already as after the change',
      remedy: 'find out whether traffic was moved and never moved back',
    });
  }
  return { uses, planned: true, diff, notes, ...holdFindings(ctx, findings) };
}

/** What a plan says of the world; a write that was blocked, or a stop, says nothing of it. */
function tells({ code }: OpsError): boolean {
  return code !== 'write-blocked' && code !== 'aborted' && code !== 'fenced' && code !== 'audit';
}

function summarise({ uses, planned, diff, notes, critical, findings }: Output): Summary {
  const state = !planned
    ? `${uses} cannot be planned`
    : critical > 0
      ? `${uses} would be stopped`
      : diff.length === 0
        ? `${uses} would have nothing to do`
        : `${uses} can be planned; nothing was written`;
  return {
    headline: toWidth(state, headlineWidth).trimEnd(),
    detail: [...[...diff, ...notes].flatMap((line) => wrapText(line)), ...renderFindings(findings)],
    evidence: renderFindings(findings),
  };
}
