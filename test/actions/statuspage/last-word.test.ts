import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EmptyEnding } from '../../../src/actions/afterwards.ts';
import { open } from '../../../src/actions/statuspage/open.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import type { Json } from '../../../src/world/json.ts';
import { asChange, failureOf } from '../action-context.ts';
import { startStatusPage } from './status-page-world.ts';

const action = asChange(open);
const input = action.input.parse({
  title: 'Elevated error rates',
  message: 'We are looking at api.example.com.',
  'at-end': { unchanged: 'Nothing was moved.', undone: 'All is as before.' },
});

describe.each(['atlassian', 'incident-io'] as const)('the last word on a notice at %s', (provider) => {
  let page: Awaited<ReturnType<typeof startStatusPage>>;
  let output: Json;
  beforeEach(async () => {
    page = await startStatusPage(provider);
    const plan = await action.plan(input, page.context());
    output = await action.apply({ input, before: plan.before, after: plan.after }, page.context());
  });
  afterEach(() => page.server.close());

  const { lastWord } = action;
  if (lastWord === undefined) throw new Error('statuspage.open has a last word');
  const say = (ending: EmptyEnding) =>
    lastWord.say({ output, words: lastWord.words(input, ending) ?? '', ending }, page.context());
  const notice = () => {
    const [incident, ...more] = page.world.statusPage.incidents;
    expect(more).toEqual([]);
    if (incident === undefined) throw new Error('no incident is there');
    return incident;
  };
  const said = () => notice().updates.map(({ phase, message }) => `${phase}: ${message}`);
  const post = (phase: string, message: string) => {
    const incident = notice();
    const { updates } = incident;
    const [first] = updates;
    if (first === undefined) throw new Error('an incident begins with a message');
    const at = new Date(Date.parse(first.at) + updates.length * 1_000).toISOString();
    updates.push({ ...first, id: `${first.id}${updates.length}`, phase, message, at });
    incident.phase = phase;
  };

  test('is posted once, however often it is said', async () => {
    expect(await say('unchanged')).toBe('investigating');
    expect(await say('unchanged')).toBe('investigating');
    expect(said()).toEqual(['investigating: We are looking at api.example.com.', 'investigating: Nothing was moved.']);
  });

  test('is nothing where the runbook has no words for it', () => {
    const silent = action.input.parse({ title: 'x', message: 'y', 'at-end': { undone: 'All is as before.' } });
    expect([lastWord.words(silent, 'unchanged'), lastWord.words(silent, 'undone')]).toEqual([
      undefined,
      'All is as before.',
    ]);
  });

  test('that nothing was moved is left to whoever has posted since; that all is undone is not', async () => {
    post('monitoring', 'Traffic has moved.');
    expect(await failureOf(say('unchanged'))).toMatchObject({ code: 'drift' });
    expect(await say('undone')).toBe('investigating');
    expect(said().slice(1)).toEqual(['monitoring: Traffic has moved.', 'investigating: All is as before.']);
  });

  test('is not said on a notice that is resolved', async () => {
    post('resolved', 'Over.');
    expect(await say('undone')).toBeUndefined();
    expect(notice()).toMatchObject({ phase: 'resolved' });
    expect(said()).toHaveLength(2);
  });

  test('whose answer was lost is looked for, and never sent again here', async () => {
    setFault(page.world, 'statuspage-api', { kind: 'write-lost-answer' }, 0);
    expect(await say('unchanged')).toBe('investigating');
    expect(said()).toHaveLength(2);
    setFault(page.world, 'statuspage-api', { kind: 'write-lost' }, 0);
    expect(await failureOf(say('undone'))).toMatchObject({ code: 'lost-answer' });
    expect(said()).toHaveLength(2);
  });
});
