import { describe, expect, test } from 'vitest';
import { badSteps } from './bad-steps.ts';
import { expectRunbook, load, loadSteps, problemsOf } from './small-actions.ts';

describe('every mistake is placed and explained', () => {
  for (const { name, head, steps, says } of badSteps) {
    test(name, () => {
      expect(problemsOf(loadSteps(`${steps.join('\n')}\n`, head ?? 'description: x'))).toEqual(says);
    });
  }
});

test('all problems of a file are reported in one go, in order of place', () => {
  const loaded = load(`titel: Test
inputs:
  speed: { type: number }
steps:
  - id: a
    uses: test.look
    with: { rounds: 99 }
    tiemout: 5s
  - id: b
    uses: test.lok
    expect: steps.zz.outputs.ok
  - id: c
    uses: test.look
    timeout: soon
    when: outputs.ok
`);
  expect(problemsOf(loaded).map((line) => line.slice(0, line.indexOf(';')))).toEqual([
    '1:1: the key "title" is missing',
    '1:1: unknown key "titel" in the file'.replace(' in the file', ''),
    '3:3: --speed is already an option of every command',
    '7:21: "rounds" is 99',
    '8:5: unknown key "tiemout" in item 1 of "steps"',
    '10:11: there is no action "test.lok"',
    '11:19: there is no step "zz"',
    '14:14: "timeout" cannot be the text "soon"',
    '15:11: outputs are there only in expect, when the step has run',
  ]);
});

test('a name that is a command of the program is refused', async () => {
  const { loadRunbook } = await import('../../src/runbook/load-runbook.ts');
  const loaded = loadRunbook({
    file: 'runbooks/list.yaml',
    text: 'title: x\nsteps: [{ id: a, uses: b }]\n',
    actions: new Map(),
  });
  expect(problemsOf(loaded)).toContain('1:1: list is a command of the program; name the file otherwise');
});

const good = `# yaml-language-server: $schema=schemas/runbook.schema.json
title: Everything at once
description: Uses each part of the language.
objective: { switched-within: 60s, recovered-within: 6m, from: go }
inputs:
  reason: { type: string, required: true, prompt: Why? }
  window: { type: duration, default: 5m }
  colour: { type: string, one-of: [red, blue], default: red }
  ticket: { type: string }
lock: dns/\${{ env.hostname }}
steps:
  - parallel:
      - id: war-room
        uses: test.set
        optional: true
        with: { value: "inc-\${{ run.shortId }}: \${{ inputs.reason }}" }
      - id: say
        uses: test.set
        optional: true
        with: { value: "\${{ steps.war-room.outputs.change-id }}" }
      - id: diagnose
        title: Whose fault?
        uses: test.look
        with: { suite: critical, routes: [edge, fallback], over: "\${{ inputs.window }}", rounds: 3 }
        expect: outputs.verdict == "provider-fault" && outputs.routes.edge.state != "good"
        retry: { attempts: 3, every: 2s }
  - id: switch
    title: Switch
    confirm: { type: "\${{ env.hostname }}" }
    on-failure: rollback
    first-of:
      - { id: by-machine, uses: test.set, with: { value: "\${{ steps.diagnose.outputs.total }}" }, timeout: 10s }
      - id: by-hand
        uses: test.set
        with: { value: 1, proof: { uses: test.look, with: { route: edge-canary, suite: critical } } }
        rollback: none
  - id: after
    uses: test.look
    when: steps.switch.outputs.by == "by-hand" && has(inputs.ticket) && inputs.ticket != ""
    confirm: "Go on with \${{ steps.diagnose.outputs.passed }} of \${{ steps.diagnose.outputs.total }}?"
    with: { route: fallback, deep: { on: "\${{ steps.diagnose.outputs.ok }}" } }
    expect: outputs.results.all(r, r.ok && r.took-ms < 1000 / 2.5) && outputs.passed * 100 / outputs.total >= 99.5
`;

test('a good runbook becomes typed steps', () => {
  const runbook = expectRunbook(load(good));
  expect(runbook).toMatchObject({
    name: 'test',
    file: 'runbooks/test.yaml',
    objective: { switchedWithinMs: 60_000, recoveredWithinMs: 360_000, from: 'go' },
    suites: ['critical'],
    lock: { kind: 'text', parts: ['dns/', { source: 'env.hostname' }] },
  });
  expect(runbook.inputs).toEqual({
    reason: { type: 'string', required: true, prompt: 'Why?' },
    window: { type: 'duration', required: false, default: 300_000 },
    colour: { type: 'string', required: false, default: 'red', oneOf: ['red', 'blue'] },
    ticket: { type: 'string', required: false },
  });
  const [group, change, after] = runbook.steps;
  expect(group).toMatchObject({ kind: 'parallel', id: 'parallel-1', title: 'Together' });
  expect(group?.kind === 'parallel' ? group.steps[2] : undefined).toMatchObject({
    id: 'diagnose',
    retry: { attempts: 3, everyMs: 2_000 },
    where: { file: 'runbooks/test.yaml', line: 21, column: 9 },
    with: {
      kind: 'map',
      entries: { routes: { kind: 'literal', value: ['edge', 'fallback'] }, over: { kind: 'expression' } },
    },
  });
  expect(change).toMatchObject({ kind: 'first-of', onFailure: 'rollback', confirm: { kind: 'typed' } });
  expect(change?.kind === 'first-of' ? change.steps : []).toMatchObject([
    { id: 'by-machine', title: 'Set something', timeoutMs: 10_000, rollback: 'auto' },
    { id: 'by-hand', rollback: 'none', with: { kind: 'literal' } },
  ]);
  expect(after).toMatchObject({
    when: { stepsRead: ['switch'] },
    confirm: { kind: 'plain', message: { kind: 'text' } },
  });
});

test('without an environment, its keys and routes are taken on trust', async () => {
  const { loadRunbook } = await import('../../src/runbook/load-runbook.ts');
  const { actions } = await import('./small-actions.ts');
  const text =
    'title: x\nsteps:\n  - { id: a, uses: test.look, with: { route: anything }, when: env.cloudflare.zone-id != "" }\n';
  expectRunbook(loadRunbook({ file: 'x.yaml', text, actions }));
});

test('generated group ids do not take an id that is written', () => {
  const runbook = expectRunbook(
    loadSteps(
      '  - parallel: [{ id: parallel-1, uses: test.look }]\n  - parallel: [{ id: b, uses: test.look }]\n',
      'description: x',
    ),
  );
  expect(runbook.steps.map(({ id }) => id)).toEqual(['parallel-1-x', 'parallel-2']);
});
