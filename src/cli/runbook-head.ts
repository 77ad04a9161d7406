import type { InputSpec } from '../runbook/runbook.ts';
import { readInputs } from '../runbook/read-inputs.ts';
import { parseYaml } from '../runbook/yaml-source.ts';
import type { World } from '../world/world.ts';

/** The title and the inputs of a runbook's file, as far as they can be read; problems are for the run, or lint, to tell. */
export async function readRunbookHead(
  world: World,
  file: string,
): Promise<{ title: string | undefined; inputs: Record<string, InputSpec> }> {
  const parsed = parseYaml(file, await world.files.readText(file));
  if ('problems' in parsed) return { title: undefined, inputs: {} };
  const { data } = parsed.source;
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return { title: undefined, inputs: {} };
  const { title, inputs } = Object.fromEntries(Object.entries(data));
  return {
    title: typeof title === 'string' ? title : undefined,
    inputs: readInputs(parsed.source, inputs, []),
  };
}
