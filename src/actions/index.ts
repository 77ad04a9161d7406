import type { AnyAction } from './action.ts';

/** Every action, by name. The list is explicit; nothing is discovered. */
export const actions: ReadonlyMap<string, AnyAction> = new Map<string, AnyAction>([]);
