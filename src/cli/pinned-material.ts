import type { Material } from '../engine/options.ts';
import type { RunListing, Store } from '../journal/store.ts';
import type { World } from '../world/world.ts';
import { buildMaterial, type DocumentText } from './load-material.ts';

/** The files of a run as they were when it started, whatever has become of them on disk since. */
export async function pinnedMaterial(world: World, store: Store, { started }: RunListing): Promise<Material> {
  const documents: DocumentText[] = [];
  for (const { kind, name, file, sha256 } of started.documents) {
    documents.push({ kind, name, file, text: await store.pinned(sha256) });
  }
  return { ...buildMaterial(world, documents), environmentName: started.environment };
}
