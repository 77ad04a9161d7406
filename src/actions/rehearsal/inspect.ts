import { z } from 'zod';
import { type ActionContext, check, type Summary } from '../action.ts';
import { type Found, findingCounts, holdFindings, renderFindings } from '../finding.ts';
import { fillLine, wrapText } from '../http/text-columns.ts';
import type { PastRehearsal } from '../past.ts';

const dayMs = 86_400_000;

const inputSchema = z.strictObject({
  runbook: z.string().default('failover').describe('whose rehearsals count'),
  'within-days': z.int().min(1).max(366).default(30).describe('an older last rehearsal is a finding'),
});

/** Every finding about rehearsals. */
const findingIds = ['rehearsal/missing', 'rehearsal/old', 'rehearsal/failed', 'rehearsal/unreadable'] as const;

const milliseconds = z.number().nullable();

const outputSchema = z.strictObject({
  runbook: z.string(),
  lastAt: z.string().nullable().describe('when the newest rehearsal began, ISO 8601; null without any'),
  scenario: z.string().nullable().describe('of the newest'),
  daysAgo: z.int().nullable(),
  good: z.boolean().nullable().describe('whether the newest ended as it must, within the objective'),
  score: z
    .strictObject({
      switchedMs: milliseconds,
      recoveredMs: milliseconds,
      objective: z.strictObject({ switchedMs: milliseconds, recoveredMs: milliseconds }),
      sent: z.int().describe('requests of the simulated customers, over the whole rehearsal'),
      lost: z.int(),
      lostAfterGo: z.int().describe('of the lost ones, those from "go" on'),
    })
    .nullable()
    .describe('of the newest; its clocks from "go", null where they were not reached'),
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
    score: last === undefined ? null : scoreOf(last),
    ...holdFindings(ctx, findings),
  };
}

function scoreOf({ switchedMs, recoveredMs, objective, customers }: PastRehearsal): NonNullable<Output['score']> {
  const { before, during, after } = customers;
  const lostAfterGo = during.lost + after.lost;
  return {
    switchedMs,
    recoveredMs,
    objective: { switchedMs: objective.switchedMs, recoveredMs: objective.recoveredMs },
    sent: before.sent + during.sent + after.sent,
    lost: before.lost + lostAfterGo,
    lostAfterGo,
  };
}

/** As its scenario expects, where that says anything; else a success. And within the objective, where it got to "go". */
function isGood({ asExpected, exitCode, met }: PastRehearsal): boolean {
  return (asExpected ?? exitCode === 0) && met !== false;
}

function whatWentWrong(last: PastRehearsal): string {
  const { asExpected, exitCode, met, scenario } = last;
  if (asExpected === false) return `not as ${scenario} expects (exit ${exitCode})`;
  return met === false ? `the objective was missed (${clocksInWords(scoreOf(last))})` : `exit ${exitCode}`;
}

function clocksInWords({ switchedMs, recoveredMs, objective }: NonNullable<Output['score']>): string {
  const clock = (name: string, ms: number | null, limit: number | null) =>
    `${ms === null ? `not ${name}` : `${name} in ${seconds(ms)}`}${limit === null ? '' : ` of ${seconds(limit)}`}`;
  return [
    clock('switched', switchedMs, objective.switchedMs),
    clock('recovered', recoveredMs, objective.recoveredMs),
  ].join(', ');
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function summarise({ runbook, daysAgo, scenario, good, score, findings }: Output): Summary {
  const ago = daysAgo === 0 ? 'today' : daysAgo === 1 ? 'yesterday' : `${daysAgo} days ago`;
  if (daysAgo === null || score === null) {
    return { headline: `${runbook} was never rehearsed here`, detail: renderFindings(findings) };
  }
  const how = `rehearsed ${ago}, and it went ${good ? 'well' : 'wrong'}`;
  const clocks = `switched ${score.switchedMs === null ? 'never' : seconds(score.switchedMs)}`;
  const { sent, lost, lostAfterGo } = score;
  return {
    headline: fillLine([how, clocks, `${lost} of ${sent} requests lost`]).fitting,
    detail: [
      ...wrapText(`${scenario}: ${clocksInWords(score)}`),
      ...wrapText(`${lost} of ${sent} requests of customers lost, ${lostAfterGo} of them after “go”`),
      ...renderFindings(findings),
    ],
    evidence: renderFindings(findings),
    always: true,
  };
}
