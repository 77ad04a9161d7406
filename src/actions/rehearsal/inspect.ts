import { z } from 'zod';
import { type ActionContext, check, type Summary } from '../action.ts';
import { type Found, findingCounts, holdFindings, renderFindings } from '../finding.ts';
import type { PastRehearsal } from '../past.ts';

const dayMs = 86_400_000;

const inputSchema = z.strictObject({
  runbook: z.string().default('failover').describe('whose rehearsals count'),
  'within-days': z.int().min(1).max(366).default(30).describe('an older last rehearsal is a finding'),
});

/** Every finding about rehearsals. */
const findingIds = ['rehearsal/missing', 'rehearsal/old', 'rehearsal/failed', 'rehearsal/unreadable'] as const;

const outputSchema = z.strictObject({
  runbook: z.string(),
  lastAt: z.string().nullable().describe('when the newest rehearsal began, ISO 8601; null without any'),
  scenario: z.string().nullable().describe('of the newest'),
  daysAgo: z.int().nullable(),
  good: z.boolean().nullable().describe('whether the newest ended as it must, within the objective'),
  ...findingCounts,
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;
type RehearsalFinding = Found<(typeof findingIds)[number]>;

/** Reads the scores that rehearsals left in the state directory: a plan that nobody has tried lately is no plan. */
export const rehearsalInspect = check<Input, Output>({
  name: 'rehearsal.inspect',
  summary: 'Tell when a runbook was last rehearsed, and how that ended',
  input: inputSchema,
  output: outputSchema,
  findings: findingIds,
  run,
  summarise,
});

async function run({ runbook, 'within-days': withinDays }: Input, ctx: ActionContext): Promise<Output> {
  const { rehearsals, unreadable } = await ctx.past.rehearsals();
  const last = rehearsals.findLast((one) => one.runbook === runbook && one.mode === 'rehearsal');
  const daysAgo = last === undefined ? null : Math.floor((ctx.clock.now() - Date.parse(last.at)) / dayMs);
  const remedy = `rehearse it: \`resend-ops rehearse ${runbook}\``;
  const findings: RehearsalFinding[] = [];
  const add = (id: RehearsalFinding['id'], breaks: string, more = remedy) =>
    findings.push({ id, severity: 'warning', where: last?.scenario ?? runbook, breaks, remedy: more });
  if (last === undefined || daysAgo === null)
    add('rehearsal/missing', `nobody has rehearsed ${runbook} on this machine`);
  else {
    if (daysAgo > withinDays)
      add('rehearsal/old', `the last rehearsal was ${daysAgo} days ago (${last.at.slice(0, 10)})`);
    if (!isGood(last)) add('rehearsal/failed', `the last rehearsal went wrong: ${whatWentWrong(last)}`);
  }
  if (unreadable > 0) {
    const what = `${unreadable} lines of rehearsals.jsonl are no scores: later rehearsals may not be seen`;
    add('rehearsal/unreadable', what, '`resend-ops rehearse --history` names them; remove them');
  }
  return {
    runbook,
    lastAt: last?.at ?? null,
    scenario: last?.scenario ?? null,
    daysAgo,
    good: last === undefined ? null : isGood(last),
    ...holdFindings(ctx, findings),
  };
}

/** As its scenario expects, where that says anything; else a success. And within the objective, where it got to "go". */
function isGood({ asExpected, exitCode, met }: PastRehearsal): boolean {
  return (asExpected ?? exitCode === 0) && met !== false;
}

function whatWentWrong({ asExpected, exitCode, met, scenario }: PastRehearsal): string {
  if (asExpected === false) return `not as ${scenario} expects (exit ${exitCode})`;
  return met === false ? 'the objective was missed' : `exit ${exitCode}`;
}

function summarise({ runbook, daysAgo, scenario, good, findings }: Output): Summary {
  const ago = daysAgo === 0 ? 'today' : daysAgo === 1 ? 'yesterday' : `${daysAgo} days ago`;
  return {
    headline:
      daysAgo === null
        ? `${runbook} was never rehearsed here`
        : `last rehearsed ${ago} (${scenario?.slice(0, 40)}), ${good ? 'and it went well' : 'and it went wrong'}`,
    detail: renderFindings(findings),
  };
}
