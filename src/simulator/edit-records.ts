import type { SimulatedWorld } from './state.ts';

const note = 'changed in the dashboard';

/** Somebody with the dashboard open gives the hostname's records a new target, through the same proxy; once. */
export function editRecords(world: SimulatedWorld): void {
  for (const record of world.records) {
    if (record.name !== world.hostname || record.comment === note) continue;
    if (record.type === 'CNAME') record.content = `moved-${record.content}`;
    record.comment = note;
  }
}
