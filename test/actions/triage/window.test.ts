import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { decideVerdict } from '../../../src/actions/http/decide-verdict.ts';
import type { Cell } from '../../../src/actions/http/route-evidence.ts';
import { recommend } from '../../../src/actions/triage/recommend.ts';
import { runCheck, testContext } from '../action-context.ts';

type Step = { id?: string; uses?: string; with?: Record<string, unknown>; parallel?: Step[]; expect?: string };

/** The steps of a shipped runbook that rest on rounds, or judge them. */
function stepsOf(runbook: string) {
  const { steps }: { steps: Step[] } = parse(
    readFileSync(new URL(`../../../runbooks/${runbook}.yaml`, import.meta.url), 'utf8'),
  );
  const all = steps.flatMap((step) => step.parallel ?? [step]);
  const find = (uses: string) => {
    const found = all.find((step) => step.uses === uses);
    if (found === undefined) throw new Error(`${runbook} does not use ${uses}`);
    return found;
  };
  return { compare: find('http.compare'), judge: find('triage.recommend') };
}

/** The verdict of a runbook's own step on rounds in which the edge did so (`+` met, `-` missed), and the fallback always met. */
async function verdict(runbook: string, edge: string) {
  const { judge } = stepsOf(runbook);
  const cells = (rounds: string) => ({ send: [...rounds].map((mark): Cell => (mark === '+' ? 'good' : 'bad')) });
  const good = '+'.repeat(edge.length);
  const {
    verdict: found,
    reasons,
    states,
  } = decideVerdict({
    primary: { name: 'edge', cells: cells(edge) },
    fallback: { name: 'fallback', cells: cells(good) },
    origin: { name: 'origin', cells: cells(good) },
  });
  const route = (role: keyof typeof states, rounds: string) => ({
    role,
    provider: 'cloudflare',
    state: states[role],
    rounds: [...rounds].map((mark) => mark === '+'),
  });
  const passed = (rounds: string) => ({
    ...{ passed: rounds.replaceAll('-', '').length, of: rounds.length, unreached: 0, limited: 0 },
  });
  const paths = {
    verdict: found,
    reasons,
    routes: { edge: route('primary', edge), fallback: route('fallback', good), origin: route('origin', good) },
    endedEarly: null,
    answered: { state: 'unknown', addresses: [], rounds: [], passed: 0, of: 0 },
    matrix: [{ id: 'send', critical: true, cells: { edge: passed(edge), fallback: passed(good) } }],
  };
  const window = judge.with?.window === undefined ? {} : { window: judge.with.window };
  const { output, summary } = await runCheck(
    recommend,
    { paths: [paths], over: '5s', ...window } as never,
    testContext(),
  );
  return { output: output as { recommendation: string; counted: object }, headline: summary.headline };
}

test('failover and triage rest on the same check with the same window', () => {
  const [failover, triage] = [stepsOf('failover'), stepsOf('triage')];
  expect([failover.judge.with?.window, triage.judge.with?.window]).toEqual([undefined, undefined]);
  expect([failover.compare.with?.rounds, triage.compare.with?.rounds]).toEqual([6, 6]);
  expect([failover.compare.with?.every, triage.compare.with?.every]).toEqual(['30s', '30s']);
  for (const { judge, compare } of [failover, triage]) expect(judge.with?.over).toBe(compare.with?.over);
  expect(failover.judge.with?.answers).toBe('${{ has(steps.before.outputs) ? [steps.before.outputs] : [] }}');
  for (const source of ['vendors', 'monitors', 'vantage']) {
    expect(failover.judge.with?.[source]).toBe(`\${{ has(steps.${source}.outputs) ? [steps.${source}.outputs] : [] }}`);
    expect(triage.judge.with?.[source]).toBe(failover.judge.with?.[source]);
  }
  expect(failover.judge.expect).toBe('outputs.recommendation == "fail-over"');
  expect(failover.compare.expect).toBeUndefined();
});

test('everything hanging, triage ends within 12 s: the last round with its time box, and every other source beside it', () => {
  const read = (file: string) =>
    parse(readFileSync(new URL(`../../../runbooks/${file}.yaml`, import.meta.url), 'utf8'));
  const seconds = (text: unknown) => Number(/^(\d+)s$/.exec(String(text))?.[1] ?? Number.NaN);
  const triage: { inputs: { over: { default: string } }; steps: { parallel?: (Step & { timeout: string })[] }[] } =
    read('triage');
  const over = seconds(triage.inputs.over.default);
  const box = Number(read('suites/critical-endpoints')['timeout-ms']) / 1_000;
  expect(over + box).toBeLessThanOrEqual(10);
  const others = triage.steps.flatMap(({ parallel = [] }) => parallel.filter(({ id }) => id !== 'paths'));
  expect(others.map(({ id }) => id)).toEqual(['answers', 'vendors', 'monitors', 'vantage']);
  for (const { timeout } of others) expect(seconds(timeout)).toBeLessThanOrEqual(8);
});

test.each(['failover', 'triage'])('%s: one red round is no outage, one green round is no recovery', async (runbook) => {
  for (let at = 0; at < 6; at += 1) {
    const one = (mark: string, others: string) => `${others.repeat(at)}${mark}${others.repeat(5 - at)}`;
    const red = await verdict(runbook, one('-', '+'));
    expect([red.output.recommendation, red.output.counted]).toEqual(['hold', { failed: 1, rounds: 6, needed: 5 }]);
    const green = await verdict(runbook, one('+', '-'));
    expect([green.output.recommendation, green.headline]).toEqual([
      'fail-over',
      'FAIL OVER: the primary path fails, not the fallback; 5 of 6 rounds failed',
    ]);
  }
  expect((await verdict(runbook, '-+----+'.slice(0, 6))).output.recommendation).toBe('fail-over');
  expect((await verdict(runbook, '--+-+-')).output.recommendation).toBe('hold');
  expect((await verdict(runbook, '---')).output.recommendation).toBe('look-again');
});
