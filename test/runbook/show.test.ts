import fc from 'fast-check';
import { expect, test } from 'vitest';
import { showRunbook } from '../../src/runbook/show.ts';
import { expectRunbook, load } from './small-actions.ts';

const text = `title: Send the traffic elsewhere
description: For the night when the edge is down.
objective: { switched-within: 60s, recovered-within: 6m }
inputs:
  reason: { type: string, required: true, prompt: Why are we failing over? }
  window: { type: duration, default: 5m }
lock: dns/\${{ env.hostname }}
steps:
  - parallel:
      - id: war-room
        title: Open the war room
        uses: test.set
        optional: true
        with: { value: "inc-\${{ run.shortId }}" }
      - id: diagnose
        title: Is it us?
        uses: test.look
        with: { suite: critical, routes: [edge, fallback] }
        expect: outputs.verdict == "provider-fault"
        retry: { attempts: 3, every: 2s }
  - id: switch
    title: Send traffic to the standby
    confirm: { type: "\${{ env.hostname }}" }
    on-failure: rollback
    first-of:
      - { id: by-machine, uses: test.set, with: { value: 1 }, timeout: 10s }
      - { id: by-hand, title: Do it by hand, uses: test.set, with: { value: 2 }, rollback: none }
  - id: after
    uses: test.look
    when: steps.switch.outputs.by == "by-hand"
    confirm: Look again?
`;

test('a runbook is told as a person would brief it', () => {
  expect(`${showRunbook(expectRunbook(load(text))).join('\n')}\n`).toBe(`test: Send the traffic elsewhere

For the night when the edge is down.

Promises: switched within 60s, recovered within 6m, counted from go
Holds: dns/\${{ env.hostname }}, one run at a time
Uses the suites: critical

It asks for
  --reason (string; required): Why are we failing over?
  --window (duration; 5m unless given)

Steps, in order
  1. Together:
     1.1. Open the war room [war-room: test.set]
          value inc-\${{ run.shortId }}
          optional: never blocks and never fails the run
     1.2. Is it us? [diagnose: test.look]
          suite critical, routes edge fallback
          must find: outputs.verdict == "provider-fault"
          tried up to 3 times, 2s apart
  2. Send traffic to the standby [switch] (the first that works):
     asks first: the operator types \${{ env.hostname }}
     when it fails: what was changed is rolled back
     2.1. Set something [by-machine: test.set]
          value 1
          at most 10s
     2.2. Do it by hand [by-hand: test.set]
          value 2
          a rollback leaves it as it is
  3. Look at something [after: test.look]
     only when steps.switch.outputs.by == "by-hand"
     asks first: Look again?
`);
});

test('no line is longer than 80 characters, whatever the words', () => {
  const words = fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'long'), minLength: 1, maxLength: 250 });
  fc.assert(
    fc.property(words, words, (title, value) => {
      fc.pre(title.trim() !== '');
      const yaml = `title: ${JSON.stringify(title)}\nsteps:\n  - { id: a, title: ${JSON.stringify(title)}, uses: test.set, with: { value: ${JSON.stringify(value)} } }\n`;
      for (const line of showRunbook(expectRunbook(load(yaml)))) expect(line.length).toBeLessThanOrEqual(80);
    }),
    { numRuns: 50 },
  );
});
