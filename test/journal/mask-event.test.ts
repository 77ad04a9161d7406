import { describe, expect, test } from 'vitest';
import type { EmptyEnding } from '../../src/actions/afterwards.ts';
import type { ApprovalRefusal, Event, Outcome, RecordedError, RollbackCause } from '../../src/journal/events.ts';
import { maskEvent } from '../../src/journal/mask-event.ts';
import { createRedactor } from '../../src/journal/redact.ts';
import type { Json } from '../../src/world/json.ts';
import type { Redactor } from '../../src/world/redactor.ts';
import { ended } from './support/store-fixture.ts';

type OfEvent<Type extends Event['type'], Field extends string> =
  Extract<Event, { type: Type }> extends infer One
    ? One extends Record<Field, infer Word>
      ? Word & string
      : never
    : never;

/** Every word of the format by the field that has it; a word that a type gets and this has not does not compile. */
const words = {
  mode: { live: 1, 'dry-run': 1, rehearsal: 1 } satisfies Record<OfEvent<'run-started', 'mode'>, 1>,
  kind: { runbook: 1, environment: 1, suite: 1, plain: 1, typed: 1 } satisfies Record<
    OfEvent<'confirmation-given', 'kind'> | 'runbook' | 'environment' | 'suite',
    1
  >,
  by: { terminal: 1, flag: 1, rehearsal: 1, interrupt: 1, policy: 1 } satisfies Record<
    OfEvent<'decided', 'by'> | OfEvent<'confirmation-given', 'by'>,
    1
  >,
  how: { command: 1, reaction: 1, answered: 1, observed: 1 } satisfies Record<
    OfEvent<'approval-given', 'how'> | OfEvent<'change-applied', 'how'>,
    1
  >,
  why: {
    runner: 1,
    stranger: 1,
    'other-plan': 1,
    expired: 1,
    'not-asked': 1,
    'given-before': 1,
    'plan-changed': 1,
    stopped: 1,
  } satisfies Record<ApprovalRefusal | OfEvent<'approvals-voided', 'why'>, 1>,
  rollback: { auto: 1, none: 1 } satisfies Record<OfEvent<'change-intended', 'rollback'>, 1>,
  knowledge: { known: 1, unknown: 1 } satisfies Record<OfEvent<'step-succeeded', 'knowledge'>, 1>,
  milestone: { switched: 1, recovered: 1 } satisfies Record<OfEvent<'milestone-reached', 'milestone'>, 1>,
  ending: { unchanged: 1, undone: 1 } satisfies Record<EmptyEnding, 1>,
  choice: { continue: 1, retry: 1, rollback: 1, leave: 1 } satisfies Record<OfEvent<'decided', 'choice'>, 1>,
  cause: { failed: 1, stopped: 1, asked: 1 } satisfies Record<RollbackCause, 1>,
  observed: { before: 1, after: 1, other: 1, unobservable: 1 } satisfies Record<
    OfEvent<'revert-failed', 'observed'>,
    1
  >,
  outcome: {
    succeeded: 1,
    failed: 1,
    'rolled-back': 1,
    stopped: 1,
    'needs-attention': 1,
    refused: 1,
  } satisfies Record<Outcome, 1>,
  code: {
    usage: 1,
    invalid: 1,
    credentials: 1,
    busy: 1,
    fenced: 1,
    audit: 1,
    failed: 1,
    drift: 1,
    refused: 1,
    'not-sent': 1,
    'lost-answer': 1,
    timeout: 1,
    aborted: 1,
    'write-blocked': 1,
    bug: 1,
  } satisfies Record<RecordedError['code'], 1>,
};

/** Takes every text for a secret, as where somebody has made each word of the format a password. */
const suspicious: Redactor = {
  learn: () => undefined,
  text: () => '***',
  holds: () => true,
  json: (value) => JSON.parse(JSON.stringify(value), (_name, item) => (typeof item === 'string' ? '***' : item)),
};

const noted = (fact: Json) => maskEvent({ type: 'fact-noted', step: 's', fact }, suspicious);

describe('a word of the format that is somebody’s password', () => {
  const every = new Set(Object.values(words).flatMap((own) => Object.keys(own)));
  test.each(Object.entries(words))('stays readable as %s, and no other text does', (field, own) => {
    for (const word of every) {
      const left = Object.keys(own).includes(word) ? word : '***';
      expect(noted({ [field]: word }), word).toEqual({ type: 'fact-noted', step: '***', fact: { [field]: left } });
    }
    expect(noted({ [field]: `so ${Object.keys(own)[0]}` })).toMatchObject({ fact: { [field]: '***' } });
  });

  test('stays readable however deep it stands, and what is no text is as it was', () => {
    const how = { how: ['observed', 'answered', 'seen', { how: 'observed', seen: 'observed' }] };
    const left = { how: ['observed', 'answered', '***', { how: 'observed', seen: '***' }] };
    expect(noted({ list: [how, [how], null, 1, true], none: null, empty: [], code: { code: 'drift' } })).toEqual({
      type: 'fact-noted',
      step: '***',
      fact: { list: [left, [left], null, 1, true], none: null, empty: [], code: { code: 'drift' } },
    });
  });
});

test('of an event the type and the names of its fields stay, and what it does not say is left away', () => {
  const failed = { type: 'step-failed', step: 's', error: { code: 'drift', message: 'type' } } as const;
  const event: Event = { ...failed };
  Reflect.set(event, 'output', undefined);
  expect(maskEvent(event, suspicious)).toEqual({
    ...failed,
    step: '***',
    error: { code: 'drift', message: '***' },
  });
  const names = createRedactor(['type', 'run-ended', 'outcome', 'exitCode', 'message', 'left', 'succeeded']);
  expect(Object.entries(maskEvent(ended, names))).toEqual([
    ['type', 'run-ended'],
    ['outcome', 'succeeded'],
    ['exitCode', 0],
    ['message', 'done'],
    ['left', []],
  ]);
});
