import type { World } from '../world/world.ts';

/** Writes values for programs on stdout, one JSON object a line; text for people never goes there in this mode. */
export function writeJsonLine(world: World, value: unknown): void {
  world.stdout.write(`${JSON.stringify(value)}\n`);
}
