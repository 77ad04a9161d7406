/** What the program must know of a command line before it can be parsed: which runbook's inputs are options. */
export type ScannedArguments = {
  /** The value of `--runbooks`. */
  runbooks: string | undefined;
  /** The value of `--state-dir`. */
  stateDirectory: string | undefined;
  /** Arguments that are no options, in order. Values of options may be among them, after the first. */
  operands: readonly string[];
  /** Help over all commands is asked for. */
  overview: boolean;
};

/** Looks at a command line without understanding it. */
export function scanArguments(argv: readonly string[]): ScannedArguments {
  const operands: string[] = [];
  const named: Record<string, string | undefined> = {};
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    if (argument === '--') break;
    const [, name = '', value] = /^--(runbooks|state-dir)(?:=(.*))?$/s.exec(argument) ?? [];
    if (name !== '') {
      if (value === undefined) index += 1;
      named[name] = value ?? argv[index];
    } else if (!argument.startsWith('-')) {
      operands.push(argument);
    }
  }
  const { runbooks, 'state-dir': stateDirectory } = named;
  return { runbooks, stateDirectory, operands, overview: operands.length === 0 };
}
