import type { input as inputPrompt } from '@inquirer/prompts';
import type { World } from '../../world/world.ts';
import { toAscii } from '../terminal/ascii.ts';
import type { Screen } from '../terminal/screen.ts';
import { widthOf, wrapWords } from '../terminal/wrap.ts';

/** How a question at the terminal ended: with what was typed, or by Ctrl-C, Ctrl-D, a hang-up or the run's own stop. */
export type Asked<T> = { kind: 'answered'; value: T } | { kind: 'interrupted' };

/** Questions at the terminal, one at a time. */
export type Prompts = {
  input(message: string, signal?: AbortSignal): Promise<Asked<string>>;
  confirm(message: string, signal?: AbortSignal): Promise<Asked<boolean>>;
  select<T extends string>(
    message: string,
    options: readonly { value: T; label: string }[],
    signal?: AbortSignal,
  ): Promise<Asked<T>>;
  /** Ends the question that stands open, as Ctrl-C at it would; false where none does. */
  interrupt(): boolean;
};

/** How long a closed input waits for the signal of a hang-up. */
const hangUpMs = 100;

/** The streams and the signal that a prompt is given. */
type Context = NonNullable<Parameters<typeof inputPrompt>[1]>;

/** A question: how it is put, and the words of its answer in the line that stays of it. */
type Question<T> = { message: string; prompt(context: Context): Promise<T>; answerText(value: T): string };

/**
 * Prompts on the terminal's own streams; undefined unless a person can both see the question and type the answer
 * (stdin and stderr are terminals). Stdout stays free for `--json`.
 */
export function createPrompts(world: World, screen: Screen): Prompts | undefined {
  if (!world.stdin.isTTY || !world.stderr.isTTY) return undefined;
  const { stream: input } = world.stdin;
  const { stream: output } = world.stderr;
  if (input === undefined || output === undefined) return undefined;
  forgiveLostTerminal(input);
  return promptsOn({ input, output }, screen, world);
}

/**
 * A line editor that closes gives the terminal back its settings. Where the connection was lost there is no terminal
 * any more: Node reports that as an error of the stream, which the editor throws where nobody can catch it, and the
 * process would die before the log holds why. The end of the input says all that there is to say.
 */
function forgiveLostTerminal(input: NodeJS.ReadableStream & { setRawMode?(on: boolean): unknown }): void {
  const { setRawMode, emit } = input;
  if (setRawMode === undefined) return;
  input.setRawMode = (on) => {
    input.emit = (name: string | symbol, ...args: unknown[]) =>
      name === 'error' && isGone(args[0]) ? true : emit.call(input, name, ...args);
    try {
      return setRawMode.call(input, on);
    } finally {
      input.emit = emit;
    }
  };
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EIO' || error.code === 'ENOTTY');
}

function promptsOn(
  streams: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream },
  screen: Screen,
  { clock, stderr }: Pick<World, 'clock' | 'stderr'>,
): Prompts {
  const theme = themeFor(screen);
  const text = (message: string) => (screen.unicode ? screen.clean(message) : toAscii(screen.clean(message)));
  // The editor breaks lines anywhere. Ours are broken at spaces; the last column stays free, for the cursor.
  const width = () => stderr.columns() - 1;
  const lead = Math.max(1, widthOf(screen.banner.trimEnd())) + 1;
  const question = (message: string, room = 0) =>
    wrapWords(text(message), width() - room, { hanging: 2, start: lead }).join('\n');
  const answered = (asked: string, label: string) => {
    const last = asked.split('\n').at(-1) ?? '';
    const start = widthOf(last) + 1 + (last === asked ? lead : 0);
    return wrapWords(label, width(), { hanging: 2, start }).join('\n');
  };
  let last: Promise<unknown> = Promise.resolve();
  let open: AbortController | undefined;

  /** Runs one question after the other, and ends it when the input is closed: a closed input would wait for ever. */
  function ask<T>(question: Question<T>, signal: AbortSignal | undefined): Promise<Asked<T>> {
    const next = last.then(async () => {
      const asked = await askNow(question, signal);
      const answer = asked.kind === 'answered' ? theme.style.answer(question.answerText(asked.value)) : '(interrupted)';
      streams.output.write(`${theme.prefix.done} ${theme.style.message(question.message)} ${answer}\n`);
      return asked;
    });
    last = next.catch(() => undefined);
    return next;
  }

  async function askNow<T>({ prompt }: Question<T>, signal?: AbortSignal): Promise<Asked<T>> {
    const closed = new AbortController();
    open = closed;
    // The input pauses when its line editor closes: after an answer, where this changes nothing, and on Ctrl-D. Where
    // the connection is lost, it closes a moment before the SIGHUP that tells why.
    const onClose = () => {
      void clock.sleep(hangUpMs).then(() => closed.abort());
    };
    streams.input.on('pause', onClose).on('end', onClose);
    try {
      const signals = signal === undefined ? [closed.signal] : [closed.signal, signal];
      // What stood on the screen to choose from goes, however the question ends; one line says how it did.
      const value = await prompt({ ...streams, signal: AbortSignal.any(signals), clearPromptOnDone: true });
      return { kind: 'answered', value };
    } catch (error) {
      if (error instanceof Error && interruptions.has(error.name)) return { kind: 'interrupted' };
      throw error;
    } finally {
      streams.input.off('pause', onClose).off('end', onClose);
      open = undefined;
    }
  }

  return {
    interrupt() {
      open?.abort();
      return open !== undefined;
    },
    async input(given, signal) {
      const { input: prompt } = await import('@inquirer/prompts');
      const message = question(given);
      const asking = {
        message,
        prompt: (context: Context) => prompt({ message, theme }, context),
        answerText: (value: string) => answered(message, text(value)),
      };
      return ask(asking, signal);
    },
    async confirm(given, signal) {
      const { confirm: prompt } = await import('@inquirer/prompts');
      const message = question(given, yesOrNo);
      const asking = {
        message,
        prompt: (context: Context) => prompt({ message, default: false, theme }, context),
        answerText: (value: boolean) => (value ? 'Yes' : 'No'),
      };
      return ask(asking, signal);
    },
    async select(given, options, signal) {
      const { select: prompt } = await import('@inquirer/prompts');
      const message = question(given);
      const labels = new Map(options.map(({ value, label }) => [value, text(label)]));
      const choices = [...labels].map(([value, label]) => ({
        value,
        name: wrapWords(label, width(), { hanging: 4, start: 2 }).join('\n'),
        // Shown for a moment, before it is cleared.
        short: answered(message, label),
      }));
      const asking: Question<(typeof options)[number]['value']> = {
        message,
        prompt: (context: Context) => prompt({ message, choices, loop: false, theme }, context),
        answerText: (value) => answered(message, labels.get(value) ?? value),
      };
      return ask(asking, signal);
    },
  };
}

/** What stands behind a question that is answered by yes or no, and the answer. */
const yesOrNo = ' (y/N) yes'.length;

const interruptions = new Set(['ExitPromptError', 'AbortPromptError', 'CancelPromptError']);

/** Our own colours only, so that `NO_COLOR` holds here too, and the banner in front of the question. */
function themeFor({ banner, paint, unicode }: Screen) {
  const prefix = paint('warning', unicode ? banner.trimEnd() : toAscii(banner.trimEnd()));
  const plain = (value: string) => value;
  const strong = (value: string) => paint('strong', value);
  return {
    prefix: {
      idle: prefix === '' ? paint('accent', '?') : prefix,
      done: prefix === '' ? paint('accent', '?') : prefix,
    },
    icon: { cursor: '>' },
    style: {
      answer: strong,
      message: strong,
      error: (value: string) => paint('bad', `> ${value}`),
      defaultAnswer: (value: string) => `(${value})`,
      help: plain,
      highlight: strong,
      key: (value: string) => `<${value}>`,
      description: plain,
      disabled: plain,
      keysHelpTip: (keys: [key: string, action: string][]) =>
        keys.map(([key, action]) => `${unicode ? key : toAscii(key)} ${action}`).join(', '),
    },
  };
}
