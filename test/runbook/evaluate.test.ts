import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../src/errors.ts';
import { evaluate, resolveTemplate } from '../../src/runbook/evaluate.ts';
import type { ActionStep, Expression, Scope, Template } from '../../src/runbook/runbook.ts';
import type { Json } from '../../src/world/json.ts';
import { expectRunbook, loadSteps } from './small-actions.ts';

const outputs: Json = {
  verdict: 'healthy',
  passed: 3,
  total: 4,
  ratio: 0.75,
  ok: true,
  note: null,
  names: ['a', 'b'],
  results: [
    { id: 'root', ok: true, 'took-ms': 12 },
    { id: 'send', ok: false, 'took-ms': 80.5 },
  ],
  routes: { edge: { state: 'bad' }, 'edge-canary': { state: 'good' }, constructor: { state: 'good' } },
};

const scope: Scope = {
  inputs: { reason: 'fire', window: 60_000 },
  env: { hostname: 'api.example.com', routes: { 'edge-canary': { connect: '192.0.2.7' } } },
  run: { id: 'r1', shortId: 'abc', runbook: 'test', mode: 'live' },
  steps: {
    diagnose: { kind: 'value', outputs },
    'war-room': { kind: 'unavailable', why: 'Slack did not answer' },
    switch: { kind: 'unknown' },
  },
  outputs,
};

const where = { file: 'x.yaml', line: 3, column: 7 };

function expression(source: string, ...stepsRead: string[]): Expression {
  return { source, where, stepsRead };
}

test('outputs that may not be there can be asked about; what a dry run does not know stays unknown', () => {
  const ask = (id: string) => `has(steps.${id}.outputs) ? [steps.${id}.outputs.verdict] : []`;
  const asked = (id: string) => evaluate({ ...expression(ask(id), id), stepsAsked: [id] }, scope);
  expect(asked('diagnose')).toEqual({ kind: 'value', value: ['healthy'] });
  expect(asked('war-room')).toEqual({ kind: 'value', value: [] });
  expect(asked('never-run')).toEqual({ kind: 'value', value: [] });
  expect(asked('switch')).toEqual({ kind: 'unknown', because: 'switch' });
});

describe('values', () => {
  const values: readonly [string, Json][] = [
    ['outputs.passed + 1', 4],
    ['outputs.passed / 2', 1.5],
    ['outputs.passed % 2 == 1', true],
    ['2 * outputs.ratio', 1.5],
    ['outputs.passed == 3 && outputs.total != 3', true],
    ['outputs.passed in [1, 3] && 3 in [outputs.passed]', true],
    ['outputs.names.size() == 2', true],
    ['outputs.names + ["c"]', ['a', 'b', 'c']],
    ['outputs.names[1]', 'b'],
    ['outputs.results.filter(r, !r.ok).map(r, r.id)', ['send']],
    ['outputs.results.all(r, r.took-ms < 100)', true],
    ['outputs.results', (outputs as { results: Json }).results],
    ['{"a": outputs.passed, "b": [1, 2.5]}', { a: 3, b: [1, 2.5] }],
    ['outputs.routes.edge-canary.state', 'good'],
    ['outputs.routes["edge-canary"].state', 'good'],
    ['outputs.routes.constructor.state', 'good'],
    ['outputs.routes.exists(name, name == "edge")', true],
    ['has(outputs.routes.origin)', false],
    ['has(outputs.nothing.at.all)', false],
    ['has(outputs.routes["edge-canary"].state) && has(outputs.names[1]) && !has(outputs.names[2])', true],
    ['outputs.note == null', true],
    ['"x".matches("^[a-x]$") && !"xy".matches("^[a-x]$")', true],
    ['string(outputs.passed) + "/" + string(outputs.total)', '3/4'],
    ['outputs.passed - outputs.total', -1],
    ["'it has steps.war-room in it' // steps.switch", 'it has steps.war-room in it'],
    ['env.routes.edge-canary.connect', '192.0.2.7'],
    ['inputs.window > 1000 ? "long" : "short"', 'long'],
    ['size(outputs.verdict)', 7],
  ];
  for (const [source, value] of values) {
    test(source, () => expect(evaluate(expression(source), scope)).toEqual({ kind: 'value', value }));
  }
});

test('what cannot be worked out names the expression, the reason and the place', () => {
  const failing: readonly [string, RegExp][] = [
    ['outputs.gone', /cannot work out outputs\.gone: there is no "gone" there/],
    ['outputs.note + 1', /\+ does not work between null and a number/],
    ['outputs.names[7]', /index out of bounds/],
    ['outputs.total / 0', /not text, a number/],
    ['timestamp("2024-01-01T00:00:00Z")', /not text, a number/],
    ['"a".matches("(")', /pattern of matches/],
    ['outputs.verdict ? 1 : 2', /a condition is not true or false/],
  ];
  for (const [source, message] of failing) {
    const run = () => evaluate(expression(source), scope);
    expect(run).toThrow(OpsError);
    expect(run).toThrow(message);
    try {
      run();
    } catch (error) {
      expect(error).toMatchObject({ code: 'failed', where, hint: expect.stringContaining('correct the expression') });
    }
  }
});

describe('steps without outputs', () => {
  test('unknown wins over unavailable, and says which step', () => {
    expect(evaluate(expression('true', 'war-room', 'switch'), scope)).toEqual({ kind: 'unknown', because: 'switch' });
  });
  test('unavailable says why', () => {
    expect(evaluate(expression('true', 'diagnose', 'war-room'), scope)).toEqual({
      kind: 'unavailable',
      because: 'war-room',
      why: 'Slack did not answer',
    });
  });
  test('a step that has not run', () => {
    expect(evaluate(expression('true', 'constructor'), scope)).toMatchObject({
      kind: 'unavailable',
      why: 'it has not run',
    });
  });
});

describe('templates', () => {
  const withOf = (value: string): Template => {
    const steps = `  - { id: war-room, uses: test.set, optional: true, with: { value: 1 } }
  - { id: diagnose, uses: test.look }
  - { id: switch, first-of: [{ id: by-hand, uses: test.set, with: { value: 1 } }] }
  - { id: use, uses: test.set, optional: true, with: { value: ${value} } }
`;
    const runbook = expectRunbook(loadSteps(steps, 'inputs: { reason: { type: string, required: true } }'));
    const use = runbook.steps.at(-1);
    return (use as ActionStep).with;
  };
  const cases: readonly [string, string, object][] = [
    ['a literal', '"plain"', { kind: 'value', value: { value: 'plain' } }],
    [
      'a lone expression keeps its type',
      '"${{ steps.diagnose.outputs.total }}"',
      { kind: 'value', value: { value: 4 } },
    ],
    [
      'text is joined',
      '"${{ inputs.reason }}: ${{ steps.diagnose.outputs.passed }}!"',
      { kind: 'value', value: { value: 'fire: 3!' } },
    ],
    ['braces inside an expression', "\"${{ {'a': {'b': '}}'}}.a.b }}\"", { kind: 'value', value: { value: '}}' } }],
    ['unknown', '"by ${{ steps.switch.outputs.by }}"', { kind: 'unknown', because: 'switch' }],
    [
      'unavailable',
      '"${{ steps.war-room.outputs.change-id }}"',
      { kind: 'unavailable', because: 'war-room', why: 'Slack did not answer' },
    ],
    [
      'unknown before unavailable',
      '"${{ steps.war-room.outputs.change-id }}${{ steps.switch.outputs.by }}"',
      { kind: 'unknown', because: 'switch' },
    ],
  ];
  for (const [name, value, expected] of cases) {
    test(name, () => expect(resolveTemplate(withOf(value), scope)).toEqual(expected));
  }
});

test('plain JSON goes through an expression and comes back the same', () => {
  const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('-0'));
  fc.assert(
    fc.property(json, (value) => {
      const result = evaluate(expression('outputs'), { ...scope, outputs: JSON.parse(JSON.stringify(value)) });
      expect(result).toEqual({ kind: 'value', value: JSON.parse(JSON.stringify(value)) });
    }),
    { numRuns: 200 },
  );
});

test('no text as an expression does anything but give a value or an expected error', () => {
  const piece = fc.constantFrom(
    'outputs',
    '.passed',
    '.a-b',
    ' - ',
    '+',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    "'",
    '"',
    '\\',
    '?',
    ':',
    '1',
    '1u',
    '1.5',
    ' in ',
    '==',
    '&&',
    'has(',
    '.matches(',
    '.map(x, ',
    'x',
    '//',
    'b"',
    "r'",
    'null',
    'true',
    ',',
    '\n',
    'cel.bind(',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      try {
        evaluate(expression(pieces.join('')), scope);
      } catch (error) {
        expect(error).toBeInstanceOf(OpsError);
      }
    }),
    { numRuns: 2_000 },
  );
});
