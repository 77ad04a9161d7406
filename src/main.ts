import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { version } from '../package.json' with { type: 'json' };
import { program } from './cli/program.ts';
import { exitCodes } from './errors.ts';
import { createClock } from './world/system-clock.ts';
import type { Files, OutputPort, World } from './world/world.ts';

const files: Files = {
  readText: (path) => readFile(path, 'utf8'),
  writeText: (path, text) => writeFile(path, text),
  exists: (path) => stat(path).then(() => true, isAbsent),
  list: (directory) =>
    readdir(directory).then(
      (names) => names.sort(),
      (error) => isAbsent(error) || [],
    ),
  makeTemporaryDirectory: (prefix) => mkdtemp(join(tmpdir(), prefix)),
  remove: (path) => rm(path, { recursive: true, force: true }),
};

/** False for "there is no such file", thrown on for anything else. */
function isAbsent(error: unknown): false {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return false;
  throw error;
}

/** A reader that went away (`| head`, a closed terminal) ends the output, never the run. */
function outputPort(stream: NodeJS.WriteStream): OutputPort {
  let isGone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    isGone = true;
  });
  return {
    write(text) {
      if (!isGone) stream.write(text);
    },
    isTTY: stream.isTTY === true,
    columns: () => stream.columns || 80,
    stream,
  };
}

function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    // No entry in the user database (a container with an arbitrary uid): the number is who it is.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

function realWorld(packageDirectory: string): World {
  return {
    variables: process.env,
    cwd: process.cwd(),
    homeDirectory: homedir(),
    user: currentUser(),
    host: hostname(),
    version,
    packageDirectory,
    // Looked at only when a question is to be asked: opening stdin costs start-up time.
    get stdin() {
      return { isTTY: process.stdin.isTTY === true, stream: process.stdin };
    },
    stdout: outputPort(process.stdout),
    stderr: outputPort(process.stderr),
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
    files,
    clock: createClock({ speed: 1 }),
  };
}

/**
 * Runs the program in this process and sets its exit code; the process ends by itself when all output is written and
 * every socket is closed.
 */
export async function main(packageDirectory: string): Promise<void> {
  // Overwritten by the real code. Whoever ends the process on the way must not make it look like success.
  process.exitCode = exitCodes.needsAttention;
  const onDrained = () => {
    process.stderr.write(
      'error: the program stopped in the middle of its work\nhint: this is a bug; see `resend-ops status` for where the run stands\n',
    );
  };
  process.once('beforeExit', onDrained);
  const code = await program(process.argv.slice(2), realWorld(packageDirectory));
  process.off('beforeExit', onDrained);
  process.exitCode = code;
}
