/** The person who runs the program, or what stands in for them: flags without a terminal, the rehearsal's own answers. */
export type Operator = {
  /** A terminal where questions can be asked. */
  readonly interactive: boolean;
  /** Asks for an exact phrase (a typed confirmation). */
  typePhrase(question: {
    message: string;
    phrase: string;
    step: string;
    signal?: AbortSignal;
  }): Promise<Answer<string>>;
  /** Asks yes or no; the default is no. */
  confirm(question: { message: string; step: string; signal?: AbortSignal }): Promise<Answer<boolean>>;
  /** Asks to choose one of the options, by its value. */
  choose<T extends string>(question: {
    message: string;
    options: readonly { value: T; label: string }[];
    signal?: AbortSignal;
  }): Promise<Answer<T>>;
  /** Ends the question that stands open, as Ctrl-C at it would; false where none does. */
  interrupt(): boolean;
  /** Tells the person something they need while they act (the instructions of a manual step). */
  tell(text: string): void;
};

/**
 * How a question ended. `by` says who answered, for the journal: a person at the terminal, a flag, or the rehearsal.
 * `unanswerable` names the flag that would have answered; `interrupted` is Ctrl-C at the prompt.
 */
export type Answer<T> =
  | { kind: 'answered'; value: T; by: 'terminal' | 'flag' | 'rehearsal' }
  | { kind: 'unanswerable'; flag: string }
  | { kind: 'interrupted' };
