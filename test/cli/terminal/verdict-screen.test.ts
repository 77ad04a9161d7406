import { expect, test } from 'vitest';
import { type Recommendation, recommendations } from '../../../src/actions/triage/decide.ts';
import { recommend } from '../../../src/actions/triage/recommend.ts';
import { printEndScreen } from '../../../src/cli/terminal/end-screen.ts';
import { createEntryPrinter } from '../../../src/cli/terminal/entry-printer.ts';
import { createPaint } from '../../../src/cli/terminal/paint.ts';
import { createScreen } from '../../../src/cli/terminal/screen.ts';
import { exitCodes } from '../../../src/errors.ts';
import type { Entry, Event } from '../../../src/journal/events.ts';
import { createRedactor } from '../../../src/journal/redact.ts';
import { advance, begin } from '../../../src/journal/state.ts';
import type { Json } from '../../../src/world/json.ts';
import { runCheck, testContext } from '../../actions/action-context.ts';

/** A triage whose paths show what leads to each recommendation. */
const worlds: Readonly<Record<Recommendation, { verdict: string; edge: string; fallback: string }>> = {
  'fail-over': { verdict: 'provider-fault', edge: '------', fallback: '++++++' },
  hold: { verdict: 'recovering', edge: '---+++', fallback: '++++++' },
  'fix-ours': { verdict: 'own-fault', edge: '------', fallback: '------' },
  'fix-fallback': { verdict: 'fallback-not-ready', edge: '++++++', fallback: '------' },
  nothing: { verdict: 'healthy', edge: '++++++', fallback: '++++++' },
  'look-again': { verdict: 'inconclusive', edge: '++++++', fallback: '++-+++' },
};

function pathsOf({ verdict, edge, fallback }: (typeof worlds)[Recommendation]): Json {
  const rounds = (marks: string) => [...marks].map((mark) => mark === '+');
  const cell = (marks: string) => ({
    ...{ passed: rounds(marks).filter((met) => met).length, of: marks.length, unreached: 0, limited: 0 },
  });
  return {
    verdict,
    reasons: ['as seen'],
    routes: {
      edge: {
        role: 'primary',
        provider: 'cloudflare',
        state: edge.includes('-') ? 'bad' : 'good',
        rounds: rounds(edge),
      },
      fallback: { role: 'fallback', provider: 'cloudfront', state: 'good', rounds: rounds(fallback) },
    },
    endedEarly: null,
    answered: { state: 'unknown', addresses: [], rounds: [] },
    matrix: [{ id: 'send', critical: true, cells: { edge: cell(edge), fallback: cell(fallback) } }],
  };
}

const actor = { user: 'ada', host: 'bastion', identities: {} };
const line = { time: '2026-01-01T00:00:00.000Z', run: 'r1', epoch: 1, actor, prev: '', hash: '0'.repeat(64) };

/** The last screen of a triage that was given these inputs and came to this recommendation. */
async function screenOf(
  recommendation: Recommendation,
  overMs: number,
  { mode = 'live', later = [] }: { mode?: 'live' | 'rehearsal'; later?: Event[] } = {},
) {
  const { output, summary } = await runCheck(
    recommend,
    { paths: [pathsOf(worlds[recommendation])], over: '5s' },
    testContext(),
  );
  expect(output).toMatchObject({ recommendation });
  const events: Event[] = [
    {
      ...{ type: 'run-started', runbook: 'triage', title: 'Triage', mode, speed: 1, environment: 'production' },
      ...{ hostname: 'api.example.com', inputs: { over: overMs }, durations: ['over'], documents: [], resources: [] },
      ...{ overrides: {}, version: '1' },
    },
    { type: 'step-started', step: 'verdict', title: 'What to do', uses: 'triage.recommend' },
    { type: 'step-succeeded', step: 'verdict', output, summary, knowledge: 'known' },
    ...later,
  ];
  const entries = events.map((event, at): Entry => ({ seq: at + 1, ...line, ...event }));
  let shown = '';
  const write = (text: string) => {
    shown += text;
  };
  const screen = createScreen({
    output: { write, isTTY: true, columns: () => 80 },
    redactor: createRedactor([]),
    paint: createPaint({ isTTY: false, variables: {}, color: false }),
    unicode: true,
  });
  const [started, ...others] = entries;
  if (started?.type !== 'run-started') throw new Error('no beginning');
  const state = begin(started);
  const print = createEntryPrinter({ screen, objective: undefined, full: false, flags: '' });
  for (const entry of others) {
    advance(state, entry);
    print(entry, state);
  }
  const end = { objective: undefined, head: null, exitCode: exitCodes.succeeded, message: 'as asked', open: [] };
  printEndScreen(screen, state, { ...end, flags: ' --state-dir x', runbooks: ' --runbooks y' });
  return shown.trimEnd().split('\n');
}

test.each(recommendations)('%s: the last line is what to run next, and it is said once', async (recommendation) => {
  const lines = await screenOf(recommendation, 5_000);
  const commands = {
    'fail-over': 'resend-ops failover --reason "edge failed in 6 of 6 rounds"',
    hold: 'resend-ops triage --over 12m',
    'fix-ours': 'resend-ops announce --message "We are fixing it."',
    'fix-fallback': 'resend-ops validate-fallback',
    'look-again': 'resend-ops triage --over 2m',
    nothing: undefined,
  };
  const command = commands[recommendation];
  // Where nothing is to be done, what was seen stands above, and nothing is to be run.
  const last =
    command === undefined ? ['  exit 0: the world is as asked'] : ['  next:', `${command} --runbooks y --state-dir x`];
  expect(lines.slice(-last.length)).toEqual(last);
  expect(lines.filter((line) => line.includes('resend-ops'))).toHaveLength(command === undefined ? 0 : 1);
});

test.each([
  ['hold', 720_000, false],
  ['hold', 780_000, true],
  ['look-again', 120_000, false],
  ['look-again', 720_000, true],
] as const)(
  '%s after %d ms: a command is told unless it is the one that has just run',
  async (recommendation, overMs, told) => {
    const lines = await screenOf(recommendation, overMs);
    expect(lines.some((line) => line.startsWith('resend-ops triage --over '))).toBe(told);
    expect(lines.some((line) => line.includes('next:'))).toBe(told);
  },
);

test('in a rehearsal the command is told for what it is: the real one', async () => {
  const lines = await screenOf('fail-over', 5_000, { mode: 'rehearsal' });
  expect(lines.at(-2)).toBe('  next, when it is no rehearsal:');
  expect(lines.at(-1)).toMatch(/^resend-ops failover /);
});

test.each([
  ['asked', false],
  ['stopped', false],
  ['failed', true],
] as const)('of a run that was undone because that was %s, what it came to before is told: %s', async (cause, told) => {
  const lines = await screenOf('fail-over', 5_000, { later: [{ type: 'rollback-started', why: 'why', cause }] });
  expect(lines.some((line) => line.startsWith('resend-ops failover '))).toBe(told);
});
