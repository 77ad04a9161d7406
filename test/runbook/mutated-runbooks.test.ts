import fc from 'fast-check';
import { expect, test } from 'vitest';
import { listRunbook } from '../../src/runbook/list-runbooks.ts';
import { loadEnvironment } from '../../src/runbook/load-environment.ts';
import { loadSuite } from '../../src/runbook/load-suite.ts';
import { load } from './small-actions.ts';

const good = `title: Try
inputs: { reason: { type: string, required: true }, n: { type: number, default: 2 } }
objective: { switched-within: 60s }
lock: dns/\${{ env.hostname }}
steps:
  - parallel:
      - id: look
        uses: test.look
        with: { suite: critical, rounds: "\${{ inputs.n }}" }
        expect: outputs.passed == outputs.total && outputs.routes.edge.state == "good"
      - { id: war-room, uses: test.set, optional: true, with: { value: "\${{ inputs.reason }}" } }
  - id: switch
    confirm: { type: "\${{ env.hostname }}" }
    first-of:
      - { id: one, uses: test.set, with: { value: 1, proof: { uses: test.look, with: { route: edge } } } }
  - { id: after, uses: test.look, when: "steps.switch.outputs.by == 'one'", timeout: 5s }
`;

const pieces = [
  '',
  ' ',
  '\n',
  '  ',
  ':',
  '- ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '${{',
  '}}',
  'null',
  '5',
  'true',
  'id: look',
  'steps.',
  '.outputs',
  '- x',
  '&a ',
  '*a',
  'parallel:',
  'with:',
  '#',
  '\t',
  '__proto__: 1',
  'constructor',
  '-',
  '(',
  ')',
];

const edit = fc.record({
  at: fc.nat({ max: good.length }),
  remove: fc.nat({ max: 12 }),
  insert: fc.constantFrom(...pieces),
});

function apply(text: string, edits: readonly { at: number; remove: number; insert: string }[]): string {
  return edits.reduce(
    (current, { at, remove, insert }) => current.slice(0, at) + insert + current.slice(at + remove),
    text,
  );
}

test('the text before it is changed has no problem', () => {
  expect(load(good)).toHaveProperty('runbook');
});

test('a changed runbook gives a runbook or problems that lie in the file, and never throws', () => {
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const text = apply(good, edits);
      const lines = text.split('\n');
      const loaded = load(text);
      listRunbook('runbooks/test.yaml', text);
      if ('runbook' in loaded) return;
      expect(loaded.problems.length).toBeGreaterThan(0);
      for (const { where, what, remedy } of loaded.problems) {
        expect(where.line).toBeLessThanOrEqual(lines.length);
        expect(where.column).toBeLessThanOrEqual((lines[where.line - 1]?.length ?? 0) + 1);
        expect(what).toMatch(/\S/);
        expect(remedy).toMatch(/\S/);
        expect(`${what} ${remedy}`).not.toMatch(/undefined|Invalid input|received|zod|\[object/i);
      }
    }),
    { numRuns: 300 },
  );
});

test('nor does any JSON in place of a part of it', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom('inputs', 'steps', 'objective', 'lock', 'title'),
      (value, key) => {
        const text = JSON.stringify({ title: 'x', steps: [{ id: 'a', uses: 'test.look' }], [key]: value });
        expect(load(text)).toSatisfy((loaded: object) => 'runbook' in loaded || 'problems' in loaded);
        const step = JSON.stringify({
          title: 'x',
          steps: [{ id: 'a', uses: 'test.look', with: value, when: value, confirm: value, parallel: value }],
        });
        expect(load(step)).toSatisfy((loaded: object) => 'runbook' in loaded || 'problems' in loaded);
        loadEnvironment(
          'e.yaml',
          JSON.stringify({ hostname: 'a.b', zone: 'b', routes: value, dns: value, secrets: value, endpoints: value }),
        );
        loadSuite('s.yaml', JSON.stringify({ title: 'x', requests: [value, { id: value, expect: value }] }));
      },
    ),
    { numRuns: 100 },
  );
});
