import path from 'node:path';
import { type Finding, fine, trouble } from '../report/doctor/finding.ts';
import { examineInstallation } from '../report/doctor/installation.ts';
import { examineNode, examineRunbooksMount, examineStateDirectory } from '../report/doctor/machine.ts';
import { runtimeVersion } from '../world/process-identity.ts';
import type { World } from '../world/world.ts';
import { lintFiles } from './lint-files.ts';

/** What this machine holds of a failover: Node, the installed copy, the state directory, the runbooks. */
export async function examineMachine(
  world: World,
  { runbooks, state, placeholders }: { runbooks: string; state: string; placeholders: readonly string[] },
): Promise<Finding[]> {
  const { files, packageDirectory, version } = world;
  const wanted = await requiredNode(world);
  const found = await Promise.all([
    examineNode(runtimeVersion(), wanted),
    examineInstallation(files, { packageDirectory, version }),
    examineStateDirectory(state),
    examineRunbooksMount(runbooks),
    examineRunbooks(world, runbooks),
  ]);
  return [...found, examinePlaceholders(placeholders)];
}

/** What the package's own manifest says of Node. */
async function requiredNode({ files, packageDirectory }: World): Promise<string> {
  const manifest: unknown = JSON.parse(await files.readText(path.join(packageDirectory, 'package.json')));
  const { z } = await import('zod');
  return z.object({ engines: z.object({ node: z.string() }) }).parse(manifest).engines.node;
}

async function examineRunbooks(world: World, directory: string): Promise<Finding> {
  const { files, problems } = await lintFiles(world, { directory, files: [], environment: undefined });
  const [first] = problems;
  if (first === undefined) return fine('runbooks', `${files} files, no problems`);
  const { file, line, column } = first.where;
  const more = problems.length === 1 ? '' : `, and ${problems.length - 1} more`;
  return trouble('runbooks', 'bad', {
    found: `${path.relative(directory, file)}:${line}:${column}: ${first.what}${more}`,
    breaks: 'a run that uses the file does not start',
    remedy: 'resend-ops lint names every problem; correct them',
  });
}

function examinePlaceholders(placeholders: readonly string[]): Finding {
  const id = 'environment';
  const [first] = placeholders;
  if (first === undefined) return fine(id, 'everything is filled in');
  return trouble(id, 'bad', {
    found: `${placeholders.length} values are still placeholders, such as ${first}`,
    breaks: 'no live run starts with them',
    remedy: 'resend-ops lint lists them; fill them in',
  });
}
