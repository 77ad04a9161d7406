import { OpsError } from '../errors.ts';
import type { Problem } from '../runbook/problem.ts';
import type { Authority } from '../runbook/read-environment.ts';
import type { World } from '../world/world.ts';
import { readIfThere } from './locate.ts';

/** What is wrong with the certificate authority that an environment names: told before anything is connected to. */
export async function checkAuthority(world: World, { file, where }: Authority): Promise<Problem[]> {
  let text: string | undefined;
  try {
    text = await readIfThere(world, file);
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return [{ where, what: `the certificate authority ${error.message}`, remedy: 'name the PEM file of one' }];
  }
  if (text === undefined) {
    const remedy = 'correct the path, relative to this file; a simulator’s is gone when the simulator has ended';
    return [{ where, what: `there is no certificate authority ${file}`, remedy }];
  }
  const { X509Certificate } = await import('node:crypto');
  try {
    return new X509Certificate(text).ca
      ? []
      : [{ where, what: `the certificate in ${file} is not an authority’s`, remedy: 'give the one that signs' }];
  } catch {
    return [{ where, what: `${file} holds no certificate`, remedy: 'give a PEM file that begins with one' }];
  }
}
