import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createOperator, type OperatorOptions } from '../../src/cli/operator/operator.ts';
import { createPrompts, type Prompts } from '../../src/cli/operator/prompts.ts';
import { createPaint } from '../../src/cli/terminal/paint.ts';
import { createScreen } from '../../src/cli/terminal/screen.ts';
import { createRedactor } from '../../src/journal/redact.ts';
import { createFakeWorld, type FakeWorld } from './fake-world.ts';

let fake: FakeWorld;
let keyboard: PassThrough;
let shown: string;

beforeEach(async () => {
  keyboard = new PassThrough();
  shown = '';
  fake = await createFakeWorld({ stdin: { isTTY: true, stream: keyboard } });
});
afterEach(() => fake.remove());

function terminal(columns = 80): Prompts | undefined {
  const display = new PassThrough();
  // Like the process's own stderr, it is not ended by what is piped into it.
  display.end = () => display;
  display.on('data', (data: Buffer) => {
    shown += data.toString();
  });
  const stderr = { ...fake.world.stderr, isTTY: true, stream: display, columns: () => columns };
  const paint = createPaint({ isTTY: false, variables: {}, color: false });
  return createPrompts(
    { ...fake.world, stderr },
    createScreen({ redactor: createRedactor([]), output: stderr, paint, unicode: true, banner: 'REHEARSAL' }),
  );
}

function operator(options: Partial<OperatorOptions> = {}) {
  const told: string[] = [];
  const asked: object[] = [];
  const made = createOperator({
    yes: false,
    phrase: undefined,
    prompts: undefined,
    rehearsal: false,
    before: (question) => asked.push(question),
    after: () => undefined,
    tell(text) {
      told.push(text);
      shown = '';
    },
    ...options,
  });
  return { ...made, told, asked };
}

const phrase = { message: 'Type api.example.com to go', phrase: 'api.example.com', step: 'switch' };
const question = { message: 'Sure?', step: 'switch' };

/** Types once the question is on the screen, as a person would. */
async function typeAfter(text: RegExp, keys: string): Promise<void> {
  while (!text.test(shown)) await new Promise((resolve) => setImmediate(resolve));
  shown = '';
  keyboard.write(keys);
}

test('--yes answers plain confirmations and never a typed one', async () => {
  const { confirm, typePhrase, interactive } = operator({ yes: true });
  expect(interactive).toBe(false);
  expect(await confirm(question)).toEqual({ kind: 'answered', value: true, by: 'flag' });
  expect(await typePhrase(phrase)).toEqual({ kind: 'unanswerable', flag: '--confirm api.example.com' });
});

test('--confirm answers the typed one as given, right or wrong', async () => {
  const { confirm, typePhrase } = operator({ phrase: 'api.example.org' });
  expect(await typePhrase(phrase)).toEqual({ kind: 'answered', value: 'api.example.org', by: 'flag' });
  expect(await confirm(question)).toEqual({ kind: 'unanswerable', flag: '--yes' });
});

test('a rehearsal without a terminal answers confirmations itself, and makes no other choices', async () => {
  const { confirm, typePhrase, choose } = operator({ rehearsal: true });
  expect(await confirm(question)).toEqual({ kind: 'answered', value: true, by: 'rehearsal' });
  expect(await typePhrase(phrase)).toEqual({ kind: 'answered', value: 'api.example.com', by: 'rehearsal' });
  expect(await choose({ message: 'What now?', options: [{ value: 'leave', label: 'leave' }] })).toMatchObject({
    kind: 'unanswerable',
  });
});

test('there are prompts only where both the keyboard and stderr are terminals', () => {
  const screen = createScreen({
    redactor: createRedactor([]),
    output: fake.world.stderr,
    paint: createPaint({ isTTY: false, variables: {}, color: false }),
    unicode: true,
  });
  expect(createPrompts(fake.world, screen)).toBeUndefined();
  expect(terminal()).toBeDefined();
});

test('the phrase typed right is answered by the terminal, under the banner', async () => {
  const { typePhrase, interactive, asked } = operator({ prompts: terminal() });
  expect(interactive).toBe(true);
  const answer = typePhrase(phrase);
  await typeAfter(/REHEARSAL │.*to go/, 'api.example.com\r');
  expect(await answer).toEqual({ kind: 'answered', value: 'api.example.com', by: 'terminal' });
  expect(asked).toEqual([{ step: 'switch', go: true }]);
});

test('typed wrong once: one more try; wrong again is the answer', async () => {
  const { typePhrase, told } = operator({ prompts: terminal() });
  const answer = typePhrase(phrase);
  await typeAfter(/to go/, 'api.example.co\r');
  while (told.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await typeAfter(/to go/, 'nope\r');
  expect(await answer).toEqual({ kind: 'answered', value: 'nope', by: 'terminal' });
  expect(told).toEqual([expect.stringMatching(/Not the same.*One more try; an empty line stops/)]);
});

test('an empty line stops at once', async () => {
  const { typePhrase, told } = operator({ prompts: terminal() });
  const answer = typePhrase(phrase);
  await typeAfter(/to go/, '\r');
  expect(await answer).toEqual({ kind: 'answered', value: '', by: 'terminal' });
  expect(told).toEqual([]);
});

test('the default of a confirmation is no', async () => {
  const { confirm } = operator({ prompts: terminal() });
  const answer = confirm(question);
  await typeAfter(/Sure\?/, '\r');
  expect(await answer).toEqual({ kind: 'answered', value: false, by: 'terminal' });
});

test.each([
  ['Ctrl-C', '\u0003'],
  ['Ctrl-D', '\u0004'],
])('%s at a prompt is an interruption, not an answer', async (_name, key) => {
  const { confirm } = operator({ prompts: terminal() });
  const answer = confirm(question);
  await typeAfter(/Sure\?/, key);
  expect(await answer).toEqual({ kind: 'interrupted' });
});

test('a keyboard that goes away ends the prompt', async () => {
  const { confirm } = operator({ prompts: terminal() });
  const answer = confirm(question);
  while (!/Sure\?/.test(shown)) await new Promise((resolve) => setImmediate(resolve));
  keyboard.end();
  expect(await answer).toEqual({ kind: 'interrupted' });
});

test('the run’s own signal ends the prompt', async () => {
  const stop = new AbortController();
  const { typePhrase } = operator({ prompts: terminal() });
  const answer = typePhrase({ ...phrase, signal: stop.signal });
  while (!/to go/.test(shown)) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  expect(await answer).toEqual({ kind: 'interrupted' });
});

test('two questions at once are asked one after the other', async () => {
  const { confirm } = operator({ prompts: terminal() });
  const first = confirm({ message: 'First?', step: 'a' });
  const second = confirm({ message: 'Second?', step: 'b' });
  while (!/First\?/.test(shown)) await new Promise((resolve) => setImmediate(resolve));
  expect(shown).not.toContain('Second?');
  await typeAfter(/First\?/, 'y\r');
  await typeAfter(/Second\?/, 'n\r');
  expect(await Promise.all([first, second])).toMatchObject([{ value: true }, { value: false }]);
});

test('a choice is made with the arrow keys', async () => {
  const { choose } = operator({ prompts: terminal() });
  const answer = choose({
    message: 'What now?',
    options: [
      { value: 'continue', label: 'go on' },
      { value: 'rollback', label: 'undo' },
    ],
  });
  await typeAfter(/What now\?[\s\S]*undo/, '\u001b[B');
  await typeAfter(/> undo/, '\r');
  expect(await answer).toEqual({ kind: 'answered', value: 'rollback', by: 'terminal' });
});

test.each([
  ['answered', '\r', 'What now? go on'],
  ['interrupted', '\u0003', 'What now? (interrupted)'],
])('what stood there to choose from is cleared once it is %s, and one line stays', async (_how, key, left) => {
  const { choose } = operator({ prompts: terminal() });
  const options = [
    { value: 'continue' as const, label: 'go on' },
    { value: 'rollback' as const, label: 'undo' },
  ];
  const answer = choose({ message: 'What now?', options });
  await typeAfter(/What now\?[\s\S]*undo/, key);
  await answer;
  // Whatever was written before the last line was erased is gone.
  expect(shown.split('\u001b[2K').at(-1)).toMatch(/^\S*REHEARSAL │ What now\?/);
  expect(stripVTControlCharacters(shown.split('\u001b[2K').at(-1) ?? '')).toContain(left);
  expect(shown.split('\u001b[2K').at(-1)).not.toMatch(/undo|navigate/);
});

test('text from outside cannot act on the terminal from within a question', async () => {
  const { confirm } = operator({ prompts: terminal() });
  const answer = confirm({ message: 'Sure\u001b[2J\u202e?', step: 'switch' });
  await typeAfter(/Sure\\x1b\[2J\\u202e\?/, 'y\r');
  expect(await answer).toMatchObject({ value: true });
});

test('a question, its choices and the answer are broken between words', async () => {
  const made = operator({ prompts: terminal(40) });
  const label = 'stop, and leave the changes as they are now';
  const options = [
    { value: 'continue', label: 'continue the run' },
    { value: 'leave', label },
  ] as const;
  const answer = made.choose({ message: 'Stop? Changes of this run are in place, as said above.', options });
  await typeAfter(/select/, '\x1b[B\r');
  expect(await answer).toMatchObject({ value: 'leave', by: 'terminal' });
  // Where the editor draws anew, from the left edge, a line begins.
  const lines = shown
    .replace(/\x1b\[\d*G/g, '\n')
    .replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
    .split('\n')
    .map((line) => line.trimEnd());
  expect(lines.filter((line) => line.length > 40)).toEqual([]);
  expect(lines).toContain('> stop, and leave the changes as they');
  expect(lines).toContain('    are now');
  const whole = lines.join('\n').replace(/\n +/g, ' ');
  expect(whole).toContain('Stop? Changes of this run are in place, as said above.');
  expect(whole).toContain(`as said above. ${label}`);
});
