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
    file: 'src/engine/ask-in-rooms.ts',
    within: '...(step.approval?.given ?? []), ...step.refusals',
    operators: ['?? → left'],
    why: 'a step whose answers are read has asked for approvals: there is a list of those given',
  },
  {
    file: 'src/engine/check-inputs.ts',
    within: 'where: failure.where ?? step.where',
    operators: ['?? → left'],
    why: 'an expression that has no value always says where it stands',
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
  {
    file: 'src/journal/compact-json.ts',
    within: 'if (at === -1 || at >= end) return',
    operators: ['1 → 2', '>= → >'],
    why: 'there is no byte before the first, and what ends behind the end ends elsewhere than the text',
  },
  {
    file: 'src/journal/compact-json.ts',
    within: 'if (at === -1 || bytes[at] !== colon)',
    operators: ['1 → 2'],
    why: 'there is no byte before the first, and so no colon',
  },
  {
    file: 'src/journal/compact-json.ts',
    within: 'if (at < end && bytes[at] === 0x2e)',
    operators: ['< → <='],
    why: 'a number that ends the text is in no object, and refused for that',
  },
  {
    file: 'src/journal/check-line.ts',
    within: 'if (at === -1)',
    operators: ['condition → false', '1 → 2'],
    why: 'there is no byte before the first, and so no literal',
  },
  {
    file: 'src/journal/lease.ts',
    within: '...(key === undefined ? {} : { key })',
    operators: ['condition → false'],
    why: 'the writer leaves away a key that is undefined',
  },
  {
    file: 'src/journal/lease.ts',
    within: 'if (entry.key !== undefined) byKey.set(entry.key, entry);',
    operators: ['condition → true'],
    why: 'nobody asks for the entry without a key',
  },
  {
    file: 'src/journal/redact.ts',
    within: 'if (known.size === before) return;',
    operators: ['condition → false'],
    why: 'the same secrets have the same forms: it saves work',
  },
  {
    file: 'src/journal/redact.ts',
    within: 'lines.length > 1 ?',
    operators: ['condition → true', '> → >='],
    why: 'the only line is the secret without white space around it, which is in the list anyway',
  },
  {
    file: 'src/journal/find-pieces.ts',
    within: 'while (end < text.length &&',
    operators: ['< → <='],
    why: 'behind the end is no character, and so none of the form',
  },
  {
    file: 'src/journal/find-pieces.ts',
    within: 'if (form.length <= piece) return spans;',
    operators: ['<= → <'],
    why: 'of a form of that length a piece is all of it, which is found whole',
  },
  {
    file: 'src/journal/log-writer.ts',
    within: 'if (masked?.of !== actor)',
    operators: ['condition → true'],
    why: 'masking the same actor once more gives the same: it saves work',
  },
  {
    file: 'src/journal/log-writer.ts',
    within: 'if (!view.compared) refresh(view);',
    operators: ['condition → true'],
    why: 'a view that is up to date is looked at once more',
  },
  {
    file: 'src/journal/log-writer.ts',
    within: 'segment > 1 ?',
    operators: ['> → >='],
    why: 'entries are kept for a run that is driven, so the first file is not empty',
  },
  {
    file: 'src/journal/append-lock.ts',
    within: 'remove(directory, mine);\n  return false;',
    operators: ['nothing returned'],
    why: 'the caller asks for true',
  },
  {
    file: 'src/journal/append-lock.ts',
    within: 'unlinkSync(join(directory, name));\n    return true;',
    operators: ['true → false', 'nothing returned'],
    why: 'the token is then given up and made anew: the lock is had one turn later',
  },
  {
    file: 'src/journal/verify.ts',
    within: 'if (seq !== undefined && hash !== undefined)',
    operators: ['&& → ||'],
    why: 'the pattern matches both or none',
  },
  {
    file: 'src/journal/log-view.ts',
    within: 'readOn(view, expected) && readOn(view, expected)',
    operators: ['&& → ||'],
    why: 'a fault that is gone at the second look is gone too when the log is read anew: it saves reading it all',
  },
  {
    file: 'src/journal/log-view.ts',
    within: 'read.seq > 0 ?',
    operators: ['condition → true', '> → >='],
    why: 'no entry has the number 0, and every log has come by it',
  },
  {
    file: 'src/journal/log-scan.ts',
    within: 'scan.place.offset > 0 || hasNext',
    operators: ['0 → 1'],
    why: 'no line is one byte long',
  },
  {
    file: 'src/journal/segments.ts',
    within: 'Math.min(size - from, longestLine + chunk)',
    operators: ['- → +'],
    why: 'a buffer that is larger than what is read holds the same',
  },
  {
    file: 'src/journal/segments.ts',
    within: 'wanted > 0 ?',
    operators: ['> → >='],
    why: 'reading nothing gives nothing',
  },
  ...[
    'depth > deepest) return -1;',
    'bytes[at] !== colon) return -1;',
    'at >= end) return -1;',
    'bytes[at] !== comma) return -1;',
    'return -1;\n}\n\nfunction stringEnd',
    'byte < 0x20) return -1;',
    'length === 0) return -1;',
    'return -1;\n}\n\n/** Two for',
    ')) return -1;\n  at = whole',
    ') return -1;\n    at = fraction',
    ') return -1;\n    at = exponent',
  ].map((within) => ({
    file: 'src/journal/compact-json.ts',
    within,
    operators: ['1 → 2', 'nothing returned'],
    why: 'whoever gets what is no place finds no byte there, and refuses the text all the same',
  })),
  ...[
    ['src/journal/compact-json.ts', 'const byte = bytes[at] ?? 0;'],
    ['src/journal/compact-json.ts', 'isHexDigit(bytes[digit] ?? 0)'],
    ['src/journal/compact-json.ts', 'isDigit(bytes[at] ?? 0)'],
    ['src/journal/check-line.ts', 'isDigit(bytes[at] ?? 0)'],
    ['src/journal/check-line.ts', '(bytes[at] ?? 0) - 0x30'],
    ['src/journal/check-line.ts', 'isNameByte(bytes[at] ?? 0)'],
    ['src/journal/check-line.ts', 'const byte = bytes[digit] ?? 0;'],
  ].map(([file = '', within = '']) => ({
    file,
    within,
    operators: ['?? → left', '0 → 1'],
    why: 'within its bounds there is always a byte; what stands for a missing one is for the types alone',
  })),
  ...[
    'if (start === -1) return -1;\n  let at = start;\n  while (at < end && at - start < 16',
    ') ? -1 : at;\n}\n\nfunction numberAt',
    'if (start === -1) return -1;\n  let at = start;\n  while (at < end && at - start < longest',
    '? -1 : at;\n}\n\nfunction isDigit',
  ].map((within) => ({
    file: 'src/journal/check-line.ts',
    within,
    operators: ['1 → 2', 'nothing returned', 'condition → false'],
    why: 'there is no byte before the first: what goes on from there finds nothing, and says so',
  })),
];
