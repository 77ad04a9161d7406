import { homedir, hostname, userInfo } from 'node:os';
import { version } from '../package.json' with { type: 'json' };
import { program } from './cli/program.ts';
import { sanitise, sanitiseLines } from './cli/terminal/sanitise.ts';
import { exitCodes } from './errors.ts';
import { createRedactor } from './journal/redact.ts';
import { createClock } from './world/system-clock.ts';
import { systemFiles } from './world/system-files.ts';
import type { InputPort, OutputPort, StopSignal, World } from './world/world.ts';

/**
 * An output that takes no more (`| head`, a closed terminal, a full disk) ends the output, never the run. The stream is
 * opened when it is first asked about: each costs start-up time.
 */
function outputPort(open: () => NodeJS.WriteStream): OutputPort {
  let isGone = false;
  const listeners = new Set<() => void>();
  const stream = once(() =>
    open().on('error', () => {
      if (isGone) return;
      isGone = true;
      for (const listener of listeners) listener();
    }),
  );
  return {
    onGone(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    write(text) {
      if (!isGone) stream().write(text);
    },
    get isTTY() {
      return stream().isTTY === true;
    },
    columns: () => stream().columns || 80,
    get stream() {
      return stream();
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The account that the process runs as. */
function currentAccount(): string {
  try {
    return userInfo().username;
  } catch {
    // No entry in the user database (a container with an arbitrary uid): the number is who it is.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

/** The person behind a shared account, where `sudo` tells (sudo(8), SUDO_USER); else the account is the person. */
function currentUser(account: string): string {
  const { SUDO_USER: person = '' } = process.env;
  return /^[\w.@+-]{1,64}$/.test(person) ? person : account;
}

/** Opens stdin. A terminal that is gone answers reads with an error; whoever reads sees that it is closed. */
function openInput(): InputPort {
  process.stdin.on('error', () => process.stdin.pause());
  return { isTTY: process.stdin.isTTY === true, stream: process.stdin };
}

/** Whoever has asked to stop, and asks once more, must not cut short the end that says how things stand. */
function passOverOnce(signal: StopSignal): void {
  process.once(signal, () => {});
}

function realWorld({ packageDirectory, cacheDirectory }: Installation): World {
  const input = once(openInput);
  const clock = once(() => createClock({ speed: 1 }));
  const account = currentAccount();
  return {
    variables: process.env,
    cwd: process.cwd(),
    homeDirectory: homedir(),
    user: currentUser(account),
    account,
    host: hostname(),
    version,
    packageDirectory,
    get cacheDirectory() {
      return cacheDirectory();
    },
    // Looked at only when a question is to be asked: opening stdin costs start-up time.
    get stdin() {
      return input();
    },
    stdout: outputPort(() => process.stdout),
    stderr: outputPort(() => process.stderr),
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => {
        process.off(signal, listener);
        passOverOnce(signal);
      };
    },
    files: systemFiles,
    redactor: createRedactor([]),
    get clock() {
      return clock();
    },
  };
}

/** Nothing is known of the program's state any more, so it ends; the log on disk tells where a run stands. */
function endAtBug(error: unknown, { redactor }: World): void {
  // Masked before line breaks become visible marks, since a secret may be broken by one; and once more as it is shown.
  const stack =
    process.argv.includes('--verbose') && error instanceof Error ? sanitiseLines(redactor.text(error.stack ?? '')) : [];
  const what = sanitise(redactor.text(error instanceof Error ? error.message : String(error)));
  const lines = [
    `error: unexpected: ${what}`,
    'hint: this is a bug; `resend-ops status` tells where the run stands',
    ...stack,
  ];
  process.stderr.write(`${redactor.text(lines.join('\n'))}\n`, () => process.exit(exitCodes.needsAttention));
}

/** Where the package is, and where it may keep what can be made again (asked only when something is to be kept). */
type Installation = { packageDirectory: string; cacheDirectory(): string | undefined };

/**
 * Runs the program in this process and sets its exit code; the process ends by itself when all output is written and
 * every socket is closed.
 */
export async function main(installation: Installation): Promise<void> {
  // Overwritten by the real code. Whoever ends the process on the way must not make it look like success.
  process.exitCode = exitCodes.needsAttention;
  const onDrained = () => {
    process.stderr.write(
      'error: the program stopped in the middle of its work\nhint: this is a bug; see `resend-ops status` for where the run stands\n',
    );
  };
  process.once('beforeExit', onDrained);
  // The SDK's notice of a coming end of support for this Node would stand in the middle of a run's screen.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const world = realWorld(installation);
  process.once('uncaughtException', (error) => endAtBug(error, world));
  const code = await program(process.argv.slice(2), world);
  process.off('beforeExit', onDrained);
  process.exitCode = code;
}

/** For the build: the definitions of runbooks and environments as data, the text of `dist/language.json`. */
export async function preparedLanguageText(): Promise<string> {
  const { preparedLanguageText: makeText } = await import('./cli/prepared-language-text.ts');
  return makeText();
}
