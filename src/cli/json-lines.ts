import { escapeUnseen } from '../world/visible-text.ts';
import type { World } from '../world/world.ts';

/**
 * Writes values for programs on stdout, one JSON object a line, without secrets and without a character that breaks a
 * line or a terminal; text for people never goes there in this mode.
 */
export function writeJsonLine(world: World, value: object): void {
  world.stdout.write(formatJsonLine(world.redactor.json(value)));
}

/** The line of a value that is shown with the secrets in it: those that a simulator made up for whoever started it. */
export function formatJsonLine(value: object): string {
  return `${escapeUnseen(JSON.stringify(value))}\n`;
}
