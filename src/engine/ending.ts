import type { ExitCode } from '../errors.ts';
import type { Outcome } from '../journal/events.ts';

/** How a run ends: what became of it, what that says of the world, and the same in words. */
export type Ending = { outcome: Outcome; exitCode: ExitCode; message: string };
