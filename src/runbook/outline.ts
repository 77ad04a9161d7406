import type { Json } from '../world/json.ts';
import type { LenientStep } from './schema.ts';
import type { Path } from './yaml-source.ts';

/** A step in its place. `optional` and `conditional` count what is around it, too. */
export type StepNode = {
  kind: 'action' | 'parallel' | 'first-of';
  id: string;
  raw: LenientStep;
  /** The keys as written, whatever their values. */
  keys: ReadonlySet<string>;
  path: Path;
  /** Its place in the order of writing, groups before their steps. */
  order: number;
  parent: StepNode | undefined;
  children: StepNode[];
  optional: boolean;
  conditional: boolean;
};

/** A runbook's steps as a tree and in order, from data that need not fit the schema. */
export type Outline = { top: StepNode[]; all: StepNode[]; byId: ReadonlyMap<string, StepNode> };

/** Reads the steps, each by `readKeys`, as far as they can be read; groups without an id get one from their place. */
export function outlineSteps(
  data: Json | undefined,
  readKeys: (item: { readonly [key: string]: Json }) => LenientStep,
): Outline {
  const all: StepNode[] = [];
  const taken = new Set<string>();
  collectIds(data, taken);

  const read = (list: Json | undefined, path: Path, parent: StepNode | undefined): StepNode[] => {
    if (!Array.isArray(list)) return [];
    return list.flatMap((item: Json, index) => {
      if (!isMap(item)) return [];
      const kind = item.parallel !== undefined ? 'parallel' : item['first-of'] !== undefined ? 'first-of' : 'action';
      const raw = readKeys(item);
      const node: StepNode = {
        kind,
        id: raw.id ?? (typeof item.id === 'string' ? item.id : freeId(kind, [...path, index], taken)),
        raw,
        keys: new Set(Object.keys(item)),
        path: [...path, index],
        order: all.length,
        parent,
        children: [],
        optional: raw.optional === true || parent?.optional === true,
        conditional: item.when !== undefined || parent?.conditional === true,
      };
      all.push(node);
      if (kind !== 'action') node.children = read(item[kind], [...node.path, kind], node);
      return [node];
    });
  };

  const top = read(data, ['steps'], undefined);
  const byId = new Map<string, StepNode>();
  for (const node of all) if (!byId.has(node.id)) byId.set(node.id, node);
  return { top, all, byId };
}

function collectIds(data: Json | undefined, into: Set<string>): void {
  if (!Array.isArray(data)) return;
  for (const item of data) {
    if (!isMap(item)) continue;
    if (typeof item.id === 'string') into.add(item.id);
    collectIds(item.parallel, into);
    collectIds(item['first-of'], into);
  }
}

/** `parallel-1`, `first-of-3-2`: the kind and the place, counted from 1. */
function freeId(kind: string, path: Path, taken: Set<string>): string {
  const place = path.filter((step) => typeof step === 'number').map((index) => index + 1);
  let id = [kind === 'action' ? 'step' : kind, ...place].join('-');
  while (taken.has(id)) id = `${id}-x`;
  taken.add(id);
  return id;
}

function isMap(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
