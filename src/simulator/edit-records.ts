import type { SimulatedWorld } from './state.ts';

/** Looks this long apart, by the rehearsal's clock, are two: whether the token works, and what is to be changed. */
const apartMs = 3_000;

/**
 * Somebody with the dashboard open: once the hostname's records have been looked at for the second time, they get a new
 * target, through the same proxy. Answers what is to be called after each look.
 */
export function createEditor(world: SimulatedWorld, now: () => number): () => void {
  let firstMs: number | undefined;
  let isDone = false;
  return () => {
    firstMs ??= now();
    if (isDone || now() - firstMs < apartMs) return;
    isDone = true;
    for (const record of world.records) {
      if (record.name !== world.hostname || record.type !== 'CNAME') continue;
      record.content = `moved-${record.content}`;
      record.comment = 'changed in the dashboard';
    }
  };
}
