import type { ActionContext } from '../action.ts';
import { decide } from '../triage/decide.ts';
import type { Elsewhere } from '../triage/doubt.ts';
import type { Answers } from '../triage/evidence.ts';
import { judgeRounds } from './judge-rounds.ts';
import type { Round } from './matrix.ts';
import type { RequestResult } from './request-result.ts';
import type { Sent } from './send-rounds.ts';

/** A look of minutes: its routes, when its rounds begin (in milliseconds from the first), and the cycle to reckon with. */
export type WideLook = {
  routes: readonly string[];
  fallback: string;
  times: readonly number[];
  overMs: number;
  cycleMs: number;
};

/** Why a wide look may end, as words that follow "those that remain". */
export type Settled = 'could not change what to do' | 'are more than the whole cycle that was met';

/**
 * Whether a wide look at a primary that is steady may end before its last round; what comes and goes is looked at to the
 * end. Either the rounds that remain cannot change what is recommended, whatever becomes of them: each route may fail or
 * serve in all of them (the primary in each way that is weighed), or they may not count at all. Or everything was met over
 * every route for a whole cycle, which is what is waited for. A prefix is judged by the time that it spans, so both must
 * come to the same. Pure.
 */
export function settledBy(sent: Sent, look: WideLook, ctx: Pick<ActionContext, 'env'>): Settled | undefined {
  const { times, overMs, cycleMs } = look;
  const done = sent.rounds.length;
  const left = times.length - done;
  const spanMs = times[done - 1] ?? 0;
  if (left <= 0 || done * 2 < times.length || !isSteady(sent, look)) return undefined;
  const judge = (some: Sent, windowMs: number, beside: Beside) =>
    decide({ paths: judgeRounds(some, look, ctx), windowMs, cycleMs, ...beside }).recommendation;
  const isMet = sent.rounds.every((round) => [...round.values()].flat().every(isGood));
  if (spanMs >= cycleMs && isMet && judge(sent, spanMs, unseen) === 'nothing')
    return 'are more than the whole cycle that was met';
  const completions = [sent, ...completionsOf(sent, look.routes, left)];
  const isSure = besides(look).every((beside) => {
    const now = judge(sent, spanMs, beside);
    return now !== 'hold' && completions.every((whole) => judge(whole, overMs, beside) === now);
  });
  return isSure ? 'could not change what to do' : undefined;
}

/** The same in nine of ten rounds, and in the last. */
function isSteady({ rounds }: Sent, { routes: [primary = ''] }: WideLook): boolean {
  const met = rounds.map((round) => (round.get(primary) ?? []).every(isGood));
  const others = met.filter((good) => good !== met.at(-1)).length;
  return others * 10 <= rounds.length;
}

function isGood({ critical, outcome }: RequestResult): boolean {
  return !critical || outcome === 'passed' || outcome === 'skipped';
}

type Beside = { answers: Answers | undefined; elsewhere: Elsewhere };

const unseen: Beside = { answers: undefined, elsewhere: {} };

/** What other sources may have said meanwhile, at its strongest: nothing, against an outage, for one, and that DNS has moved. */
function besides({ routes: [route = ''], fallback }: WideLook): Beside[] {
  const probes = Array.from({ length: 8 }, () => ({ country: '', saw: 'served', route }));
  const vantage = { verdict: 'served', missing: '', total: 8, served: 8, failed: 0, probes } as const;
  const monitors = { state: 'alerting', alerting: 1, groups: [] } as const;
  const server = { server: '', kind: 'authoritative', answered: true, leadsTo: fallback };
  const counts = { total: 1, agreeing: 0 };
  const moved = { route, authoritative: counts, servers: [server], predictedDrainMs: null };
  return [
    unseen,
    { answers: undefined, elsewhere: { vantage } },
    { answers: undefined, elsewhere: { monitors: { ...monitors, groups: [] } } },
    { answers: moved, elsewhere: {} },
  ];
}

const fates = {
  met: { outcome: 'passed', connected: true, misrouted: false, status: 200 },
  failed: { outcome: 'failed', connected: true, misrouted: false, status: 500 },
  limited: { outcome: 'failed', connected: true, misrouted: false, status: 429 },
  unreached: { outcome: 'unreachable', connected: false, misrouted: false, status: null },
} as const satisfies Record<string, Partial<RequestResult>>;

const untimed = { dnsMs: null, tcpMs: null, tlsMs: null, firstByteMs: null, totalMs: 0 };

/** A result that became of the same request otherwise. */
function become(result: RequestResult, fate: keyof typeof fates): RequestResult {
  if (result.outcome === 'skipped') return result;
  const timings = fate === 'unreached' ? untimed : { ...untimed, tlsMs: 0 };
  return { ...result, ...fates[fate], timings };
}

/** The rounds with all that remain alike: each way for each route, and for the primary where DNS leads. */
function completionsOf(sent: Sent, [primary = '', ...others]: readonly string[], left: number): Sent[] {
  const last = sent.rounds.at(-1) ?? new Map<string, readonly RequestResult[]>();
  const there = sent.atAnswered.at(-1) ?? [];
  const worlds = others.reduce<Record<string, keyof typeof fates>[]>(
    (all, route) => all.flatMap((world) => (['met', 'failed'] as const).map((fate) => ({ ...world, [route]: fate }))),
    (['met', 'failed', 'limited', 'unreached'] as const).map((fate) => ({ [primary]: fate })),
  );
  return worlds.flatMap((world) => {
    const round: Round = new Map(
      [...last].map(([route, results]) => [route, results.map((result) => become(result, world[route] ?? 'met'))]),
    );
    return (['met', 'failed'] as const).map((fate) => ({
      ...sent,
      rounds: [...sent.rounds, ...Array.from({ length: left }, () => round)],
      atAnswered: [
        ...sent.atAnswered,
        ...Array.from({ length: left }, () => there.map((result) => become(result, fate))),
      ],
    }));
  });
}
