/** A change that no test can notice, because the program does the same with it; and why. */
export type Explained = {
  file: string;
  /** The text within which it is made. */
  within: string;
  operators: readonly string[];
  why: string;
};

/** Survivors that were looked at one by one. */
export const explained: readonly Explained[] = [
  {
    file: 'src/journal/find-pieces.ts',
    within: '  if (/[\\r\\n\\\\]/.test(text)) return whole.length > 0;',
    operators: ['condition → true'],
    why: 'a cheap look that may say "perhaps" too often: the search that follows finds the same',
  },
  {
    file: 'src/journal/compact-json.ts',
    within: 'for (let at = start + 1; at < end; at += 1) {\n    const byte',
    operators: ['< → <='],
    why: 'a text that ends past the end ends elsewhere than the line, and is refused for that',
  },
  {
    file: 'src/journal/audit-failure.ts',
    within: 'cause instanceof OpsError && cause.hint !== undefined',
    operators: ['&& → ||'],
    why: 'what the system answers has no hint, and every expected error that comes here has one',
  },
  {
    file: 'src/engine/start-run.ts',
    within: '...(step.confirm === undefined ? [] : [step])',
    operators: ['condition → false'],
    why: 'a step that asks nothing is passed over once more by who goes through the list',
  },
  {
    file: 'src/engine/change-step.ts',
    within: 'error.hint === undefined ? {} : { hint: error.hint }',
    operators: ['condition → false'],
    why: 'the error made here always has a hint; one that is undefined is none',
  },
  {
    file: 'src/engine/confirm.ts',
    within: 'if (session.stop === null) session.asking = null;',
    operators: ['condition → true'],
    why: 'once the run stops, the question that is forgotten has been answered, and nothing waits for it',
  },
  {
    file: 'src/journal/compact-json.ts',
    within: 'const char = bytes[at + 1] ?? 0;',
    operators: ['?? → left', '0 → 1'],
    why: 'past the last byte there is no escape, whatever stands for the missing one',
  },
  {
    file: 'src/engine/timeline.ts',
    within:
      "const step = 'step' in entry ? state.steps.get(entry.step) : undefined;\n  const title = step?.title ?? ('step' in entry ? entry.step : '');",
    operators: ['condition → true'],
    why: 'an entry of no step finds no step, and its line has no title',
  },
  {
    file: 'src/engine/settle.ts',
    within: '(session.sentByMs.get(step) ?? session.openedAtMs) : 0;',
    operators: ['0 → 1'],
    why: 'a window that is a millisecond shorter is looked through as often',
  },
  {
    file: 'src/engine/conclude.ts',
    within: 'once: true,',
    operators: ['true → false'],
    why: 'a signal is aborted once',
  },
  {
    file: 'src/engine/conclude.ts',
    within: "if (action === undefined || action.kind !== 'change') continue;",
    operators: ['condition → false', '|| → &&', 'continue removed'],
    why: 'a look by what is no change fails, and nothing is made of one that fails here',
  },
  {
    file: 'src/engine/time-box.ts',
    within: '(timeoutMs ?? 0) / 1000',
    operators: ['?? → left'],
    why: 'a box that is over had a time',
  },
  {
    file: 'src/engine/last-words.ts',
    within: 'const words = change === null ? undefined : lastWord?.words(change.input, ending);',
    operators: ['condition → false'],
    why: 'only a step with a change comes here',
  },
  {
    file: 'src/engine/preflight.ts',
    within: 'if (step.when === undefined || step.when.stepsRead.length > 0) return false;',
    operators: ['nothing returned'],
    why: 'nothing excludes as little as false does',
  },
];
