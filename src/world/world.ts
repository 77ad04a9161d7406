import type { Clock } from './clock.ts';
import type { Redactor } from './redactor.ts';

/** A stream that people or programs read. `stream` is the real one, for libraries that draw on it; tests have none. */
export type OutputPort = {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Width in characters at this moment; 80 where it is not known. */
  columns(): number;
  readonly stream?: NodeJS.WritableStream;
  /** Calls `listener` once nobody reads any more, until unsubscribed. Tests have no reader to lose. */
  onGone?(listener: () => void): () => void;
};

/** Where a person types. `stream` is the real one, for prompts. */
export type InputPort = { readonly isTTY: boolean; readonly stream?: NodeJS.ReadableStream };

/** The signals that ask the program to stop. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Files, as the command line needs them. Paths are absolute. Everything that fails throws what `node:fs` throws. */
export type Files = {
  readText(path: string): Promise<string>;
  exists(path: string): Promise<boolean>;
  /** Adds text to the end of a file in one write; the file is made private (0600), its directory too (0700). Links are not followed. */
  append(path: string, text: string): Promise<void>;
  /**
   * Puts a file with this text in the place of another, or of none: whoever reads sees the one or the other, whole.
   * Private (0600), whatever was there before; with `everyone`, anyone may read it (0644).
   */
  replace(path: string, text: string, readers?: 'owner' | 'everyone'): Promise<void>;
  /** Throws where `replace` would: its directory is missing or may not be written, or something other than a file is there. */
  assertReplaceable(path: string): Promise<void>;
  /** Names in a directory, sorted; none when there is no such directory. */
  list(directory: string): Promise<string[]>;
  /** A new private directory (0700) under the system's temporary directory. */
  makeTemporaryDirectory(prefix: string): Promise<string>;
  /** Removes a file or a directory with all that is in it; absent is fine. */
  remove(path: string): Promise<void>;
};

/**
 * Everything of the process, injected: the program reads nothing else, so that a test can stand in for a person, a
 * terminal and a home directory at once.
 */
export type World = {
  /** The process's environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDirectory: string;
  /** The person, as the log names them. */
  readonly user: string;
  /** The system's account that the process runs as, where it is known: another one than the person's under `sudo`. */
  readonly account?: string;
  readonly host: string;
  /** The program's own version. */
  readonly version: string;
  /** Where the package's own `runbooks/` is. */
  readonly packageDirectory: string;
  /** A directory of this user alone, for what can be made again; absent where there can be none. */
  readonly cacheDirectory?: string | undefined;
  readonly stdin: InputPort;
  readonly stdout: OutputPort;
  readonly stderr: OutputPort;
  /** Calls `listener` at each signal instead of dying, until unsubscribed. */
  onSignal(signal: StopSignal, listener: () => void): () => void;
  readonly files: Files;
  /** The one mask of the program: whatever is shown, written or sent on goes through it. */
  readonly redactor: Redactor;
  /** Real time. */
  readonly clock: Clock;
};
