import { Command, CommanderError } from 'commander';
import { type ExitCode, exitCodeOf, exitCodes, OpsError } from '../errors.ts';
import type { World } from '../world/world.ts';
import { addCommand } from './add-command.ts';
import type { CommandSpec } from './command.ts';
import { commandTable } from './command-table.ts';
import { stateFlagsFor } from './complete-commands.ts';
import { withInputs } from './input-options.ts';
import { locateRunbooks } from './locate.ts';
import { writeRefusal } from './refusal.ts';
import { runbookCommands } from './runbook-commands.ts';
import { scanArguments } from './scan-arguments.ts';
import { likelySecrets } from './secrets.ts';
import { runbooksOption } from './shared-options.ts';
import { showError } from './show-error.ts';
import { guardOutputs } from './terminal/guard-output.ts';
import { sanitise } from './terminal/sanitise.ts';
import { wrapLabelled } from './terminal/wrap-labelled.ts';

/**
 * The whole program: runs one command line (without node and script) in a world, and answers the exit code. Never
 * throws; what goes wrong is said on the world's stderr.
 */
export async function program(argv: readonly string[], given: World): Promise<ExitCode> {
  const world = guardOutputs(given);
  world.redactor.learn(likelySecrets(world.variables));
  const facts = {
    verbose: argv.includes('--verbose'),
    color: !argv.includes('--no-color'),
    flags: stateFlagsFor(scanArguments(argv).stateDirectory),
  };
  try {
    return await runCommandLine(argv, world);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.succeeded;
    const expected = error instanceof CommanderError ? error : asExpected(error);
    if (argv.includes('--json')) {
      const exitCode = error instanceof CommanderError ? exitCodes.invalid : exitCodeOf(expected);
      writeRefusal(world, expected, { runbook: null, mode: null, exitCode });
    }
    return error instanceof CommanderError ? exitCodes.invalid : showError(world, expected, facts);
  }
}

/** A file that the system will not give is no bug of the program: it is said by its name. */
function asExpected(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof OpsError || !('syscall' in error && 'path' in error)) return error;
  return new OpsError('invalid', `cannot use ${String(error.path)}: ${error.message}`, {
    cause: error,
    hint: 'correct the path, or what it may be read by',
  });
}

async function runCommandLine(given: readonly string[], world: World): Promise<ExitCode> {
  const asked = given[0] === 'help' ? [...given.slice(1), '--help'] : given;
  const scanned = scanArguments(asked);
  const directory = await locateRunbooks(world, scanned.runbooks);
  const { specs, inputs } = await runbookCommands(world, directory, scanned);
  let code: ExitCode = exitCodes.succeeded;
  const finish = (result: ExitCode) => {
    code = result;
  };
  const root = createRoot(world);
  const own = commandTable.map((spec) =>
    spec.name === 'rehearse' ? { ...spec, options: withInputs(inputs, spec.options) } : spec,
  );
  const all = [...specs, ...own];
  for (const spec of meantOf(all, scanned.operands[0])) addCommand(root, spec, world, finish);
  // There is no help on what is not there: without the wish for it, the parser says so and what is closest.
  const argv = isKnown(all, scanned.operands) ? asked : asked.filter((argument) => !/^(-h|--help)$/.test(argument));
  if (scanned.operands.length === 0 && argv.every((argument) => !/^(-h|--help|-V|--version)$/.test(argument))) {
    root.outputHelp({ error: true });
    return exitCodes.invalid;
  }
  await root.parseAsync([...argv], { from: 'user' });
  return code;
}

/** What the first word names, alone; where it names nothing, every command, to list them or to find the closest. */
function meantOf(specs: readonly CommandSpec[], word: string | undefined): readonly CommandSpec[] {
  const meant = specs.filter(({ name }) => name.split(' ', 1)[0] === word);
  return meant.length > 0 ? meant : specs;
}

/** Whether the words name a command, or nothing at all; a group needs its second word only to be told apart. */
function isKnown(specs: readonly CommandSpec[], [first, second]: readonly string[]): boolean {
  if (first === undefined) return true;
  const meant = specs.filter(({ name }) => name.split(' ', 1)[0] === first);
  const isGroup = meant.every(({ name }) => name.includes(' '));
  return (
    meant.length > 0 && (!isGroup || second === undefined || meant.some(({ name }) => name === `${first} ${second}`))
  );
}

function createRoot(world: World): Command {
  return new Command('resend-ops')
    .description('Proves whose fault an outage is, proves the standby, moves DNS, proves that clients moved.')
    .usage('RUNBOOK|COMMAND [options]')
    .version(world.version, '-V, --version', 'the version')
    .helpOption('-h, --help', 'help; also after any runbook or command')
    .option(runbooksOption.flags, runbooksOption.description)
    .option('--no-color', 'no colours')
    .option('--verbose', 'stack traces of bugs')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError(
      wrapLabelled(
        world.stderr,
        'hint:',
        'resend-ops --help lists runbooks and commands; COMMAND --help their options',
      ),
    )
    .configureOutput({
      writeOut: (text) => world.stdout.write(world.redactor.text(text)),
      writeErr: (text) => world.stderr.write(world.redactor.text(text)),
      // The message repeats what was typed; only the parser's own suggestion stands on a line of its own.
      outputError: (text, write) => {
        const [, message = '', suggestion = ''] =
          /^(.*?)(\n\(Did you mean [^\n]*\))?\n?$/s.exec(world.redactor.text(text)) ?? [];
        const clean = `${sanitise(message.replace(/^error: /, ''))}${suggestion.replace('\n', ' ')}`;
        write(`${wrapLabelled(world.stderr, 'error:', clean)}\n`);
      },
      getOutHelpWidth: () => Math.min(100, world.stdout.columns()),
      getErrHelpWidth: () => Math.min(100, world.stderr.columns()),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}
