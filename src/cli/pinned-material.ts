import { actions } from '../actions/index.ts';
import type { Material } from '../engine/options.ts';
import { OpsError } from '../errors.ts';
import type { RunListing, Store } from '../journal/store.ts';
import type { World } from '../world/world.ts';
import { loadFrom } from './load-material.ts';

/** The files of a run as they were when it started, whatever has become of them on disk since. */
export async function pinnedMaterial(world: World, store: Store, { run, started }: RunListing): Promise<Material> {
  const texts = new Map<string, string>();
  const files = new Map<string, string>();
  for (const { kind, file, sha256 } of started.documents) {
    texts.set(file, await store.pinned(sha256));
    files.set(kind, file);
  }
  const runbookFile = files.get('runbook');
  const environmentFile = files.get('environment');
  if (runbookFile === undefined || environmentFile === undefined) {
    throw new OpsError('audit', `the log of run ${run} names no runbook or no environment`, {
      hint: 'see `resend-ops audit verify`',
    });
  }
  const readText = async (file: string) => texts.get(file);
  return loadFrom(world, { runbookFile, environmentFile, readText, actions }, started.environment);
}
