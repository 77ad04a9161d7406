import type { Answer, Operator } from '../../world/operator.ts';
import { quoteForShell } from '../../world/quote-for-shell.ts';
import type { Prompts } from './prompts.ts';

/** What stands behind the answers of a run, asked in this order: flags, the terminal, the rehearsal itself. */
export type OperatorOptions = {
  /** `--yes`: answers plain confirmations, never typed ones. */
  yes: boolean;
  /** `--confirm PHRASE`. */
  phrase: string | undefined;
  prompts: Prompts | undefined;
  /** Without a terminal a rehearsal answers confirmations itself; the journal says so. */
  rehearsal: boolean;
  /** Shows what the decision rests on, before the question. */
  before(question: { step?: string; go: boolean }): void;
  after(): void;
  tell(text: string): void;
};

/** Creates the operator of a run from what the command line and the terminal offer. */
export function createOperator(options: OperatorOptions): Operator {
  const { prompts, rehearsal } = options;

  async function show<T>(
    question: { step?: string; go: boolean },
    answer: () => Promise<Answer<T>>,
  ): Promise<Answer<T>> {
    options.before(question);
    try {
      return await answer();
    } finally {
      options.after();
    }
  }

  return {
    interactive: prompts !== undefined,
    tell: options.tell,
    interrupt: () => prompts?.interrupt() ?? false,
    typePhrase({ message, phrase, step, signal }) {
      return show({ step, go: true }, async () => {
        if (options.phrase !== undefined) return { kind: 'answered', value: options.phrase, by: 'flag' };
        if (prompts !== undefined) return typeAtTerminal(prompts, options.tell, { message, phrase, signal });
        if (rehearsal) return { kind: 'answered', value: phrase, by: 'rehearsal' };
        return { kind: 'unanswerable', flag: `--confirm ${quoteForShell(phrase)}` };
      });
    },
    confirm({ message, step, signal }) {
      return show({ step, go: true }, async () => {
        if (options.yes) return { kind: 'answered', value: true, by: 'flag' };
        if (prompts !== undefined) return byTerminal(await prompts.confirm(message, signal));
        if (rehearsal) return { kind: 'answered', value: true, by: 'rehearsal' };
        return { kind: 'unanswerable', flag: '--yes' };
      });
    },
    choose({ message, options: choices, signal }) {
      return show({ go: false }, async () => {
        if (prompts !== undefined) return byTerminal(await prompts.select(message, choices, signal));
        return { kind: 'unanswerable', flag: 'a terminal, where this can be chosen' };
      });
    },
  };
}

/** A phrase typed wrong gets one more try: a slip of the finger should not cost the night. */
async function typeAtTerminal(
  prompts: Prompts,
  tell: (text: string) => void,
  { message, phrase, signal }: { message: string; phrase: string; signal: AbortSignal | undefined },
): Promise<Answer<string>> {
  const first = await prompts.input(message, signal);
  if (first.kind === 'interrupted' || first.value === phrase || first.value === '') return byTerminal(first);
  tell(`Not the same as "${phrase}". One more try; an empty line stops.`);
  return byTerminal(await prompts.input(message, signal));
}

function byTerminal<T>(asked: { kind: 'answered'; value: T } | { kind: 'interrupted' }): Answer<T> {
  return asked.kind === 'interrupted' ? asked : { ...asked, by: 'terminal' };
}
