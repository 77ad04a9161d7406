import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, test } from 'vitest';
import { parse } from 'yaml';
import { actions } from '../../src/actions/index.ts';
import { loadDocument } from '../../src/runbook/document.ts';
import { loadEnvironment } from '../../src/runbook/load-environment.ts';
import { loadRunbook } from '../../src/runbook/load-runbook.ts';
import { loadSuite } from '../../src/runbook/load-suite.ts';
import type { Problem } from '../../src/runbook/problem.ts';
import { showRunbook } from '../../src/runbook/show.ts';
import { scenarioSchema } from '../../src/simulator/scenario.ts';
import type { Environment } from '../../src/world/environment.ts';
import type { Json } from '../../src/world/json.ts';
import { findLost, findUnexplained, findUnknownOfSuite, readPlainly } from './meaning.ts';
import { shutNetwork } from './no-traffic.ts';
import { createTally, isFull } from './tally.ts';

const root = fileURLToPath(new URL('../../runbooks', import.meta.url));
const textMutations = isFull ? 7_000 : 200;
const dataMutations = isFull ? 4_000 : 120;

type Good = { file: string; kind: string; text: string };

const good: readonly Good[] = ['', 'environments', 'suites', 'scenarios'].flatMap((kind) =>
  readdirSync(path.join(root, kind))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => ({ kind, file: path.join(kind, name), text: readFileSync(path.join(root, kind, name), 'utf8') })),
);
const environment = soundEnvironment();
const suites = new Set(['critical-endpoints']);

function soundEnvironment(): Environment {
  const loaded = loadEnvironment('e.yaml', readFileSync(path.join(root, 'environments/production.yaml'), 'utf8'));
  if ('problems' in loaded) throw new Error('the environment that ships has problems');
  return loaded.environment;
}

let network: ReturnType<typeof shutNetwork>;

beforeAll(() => {
  network = shutNetwork();
});

afterAll(() => network.open());

/** What was accepted: all that the program tells of it, and what of it the text does not explain. */
type Accepted = { told: string; unexplained(data: Json): string[] };

/** Loads a file as its kind is loaded, and uses what was accepted as the program would. */
function load(kind: string, file: string, text: string): { problems: Problem[] } | Accepted {
  const surroundings = { environment, suites };
  if (kind === '') {
    const loaded = loadRunbook({ file, text, actions, environment, suites });
    if ('problems' in loaded) return loaded;
    const { runbook } = loaded;
    return {
      told: `${showRunbook(runbook).join('\n')}\n${JSON.stringify(runbook)}`,
      unexplained: (data) => findUnexplained(data, runbook, surroundings),
    };
  }
  if (kind === 'environments') {
    const loaded = loadEnvironment(file, text);
    if ('problems' in loaded) return loaded;
    return { told: JSON.stringify(loaded), unexplained: (data) => findLost(data, loaded.environment) };
  }
  if (kind === 'suites') {
    const loaded = loadSuite(file, text, environment);
    if ('problems' in loaded) return loaded;
    const { suite } = loaded;
    return {
      told: JSON.stringify(suite),
      unexplained: (data) => [...findLost(data, suite), ...findUnknownOfSuite(data, surroundings)],
    };
  }
  const loaded = loadDocument(file, text, scenarioSchema);
  if ('problems' in loaded) return loaded;
  return { told: JSON.stringify(loaded.value), unexplained: (data) => findLost(data, loaded.value) };
}

/** A generator of numbers in [0, 1) that a seed repeats (mulberry32, public domain). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = ReturnType<typeof createRandom>;
const below = (random: Random, bound: number): number => Math.floor(random() * bound);

function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[below(random, items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

const pieces = [
  ...[
    '',
    ' ',
    '\n',
    '\n\n',
    '  ',
    '\t',
    ':',
    ': ',
    '- ',
    '? ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '|',
    '>',
    '#',
    ' #',
    '&a ',
    '*a',
    '!!set ',
    '!x ',
    '%',
  ],
  ...[
    '---\n',
    '...\n',
    '${{',
    '}}',
    '${{ env.hostname }}',
    '${{ steps.x.outputs.y }}',
    'null',
    '~',
    'yes',
    '0',
    '-1',
    '1e999',
    '.inf',
    '0x1F',
    'true',
  ],
  ...[
    '__proto__: 1',
    'constructor: 1',
    '<<: *a',
    '\u0000',
    '\u001b[2J',
    '\u202e',
    '\ufeff',
    '\ud83d',
    '\r',
    '\r\n',
    '\u2028',
    'é',
    '😀',
    '../',
    '/etc/passwd',
  ],
  ...[
    'outputs.',
    'steps.',
    '.map(x, x)',
    'matches("(a*)*")',
    '(',
    ')',
    '==',
    '&&',
    '5s',
    '-5s',
    '9999999h',
    'http://192.0.2.1',
    '[[[[[[[[',
    '{a: {a: {a: ',
  ],
];

/** Some edits of the text: pieces put in, taken out, doubled, moved; lines swapped, dropped, indented. */
function mutateText(text: string, random: Random): string {
  let mutated = text;
  for (let edits = 1 + below(random, 4); edits > 0; edits -= 1) {
    const at = below(random, mutated.length + 1);
    const length = below(random, 14);
    const lines = mutated.split('\n');
    const line = below(random, lines.length);
    switch (below(random, 8)) {
      case 0:
      case 1:
        mutated = mutated.slice(0, at) + pick(random, pieces) + mutated.slice(at + length);
        break;
      case 2:
        mutated = mutated.slice(0, at) + mutated.slice(at + length);
        break;
      case 3:
        mutated = mutated.slice(0, at) + mutated.slice(at, at + length * 8) + mutated.slice(at);
        break;
      case 4:
        mutated = mutated.slice(0, at) + String.fromCharCode(below(random, 256)) + mutated.slice(at + 1);
        break;
      case 5:
        mutated = lines.toSpliced(line, 1).join('\n');
        break;
      case 6:
        mutated = lines
          .toSpliced(line, 1, `${' '.repeat(below(random, 5))}${lines[line]?.trimStart() ?? ''}`)
          .join('\n');
        break;
      default:
        mutated = lines.toSpliced(line, 0, lines[below(random, lines.length)] ?? '').join('\n');
    }
  }
  return mutated;
}

/** What does not hold for an accepted file: its text must explain all of it, and all of the text must be in it. */
function findingsOfAccepted({ told, unexplained }: Accepted, text: string): string[] {
  // What the file itself says may be told.
  const inside = /\bundefined\b|\[object |\bNaN\b/.exec(told);
  const plain = readPlainly(text);
  return [
    ...(inside !== null && !text.includes(inside[0]) ? [`accepted, and tells “${inside[0]}”`] : []),
    ...('refusal' in plain
      ? [`accepted, and is no YAML to a plain reader: ${plain.refusal}`]
      : unexplained(plain.data).map((finding) => `accepted: ${finding}`)),
  ];
}

/** What does not hold for what was made of a mutated file. */
function findingsOf(result: ReturnType<typeof load>, text: string): string[] {
  if ('told' in result) return findingsOfAccepted(result, text);
  if (result.problems.length === 0) return ['refused without a problem'];
  const lines = text.split('\n');
  return result.problems.flatMap(({ where, what, remedy }) => {
    const column = (lines[where.line - 1]?.length ?? 0) + 1;
    const inFile = where.line >= 1 && where.line <= lines.length && where.column >= 1 && where.column <= column;
    const leak = /\bundefined\b|Invalid (input|discriminator)|\breceived\b|\[object /.exec(`${what} ${remedy}`);
    return [
      ...(inFile ? [] : [`${where.line}:${where.column} is not in the file: ${what}`]),
      ...(/\S/.test(what) && /\S/.test(remedy) ? [] : [`no words or no remedy: ${what}; ${remedy}`]),
      ...(leak !== null && !text.includes(leak[0]) ? [`words of the inside: ${what}; ${remedy}`] : []),
    ];
  });
}

/** The processor's time of one loading; a second look at a slow one, for the machine may have been busy. */
function timed(work: () => ReturnType<typeof load>): { result: ReturnType<typeof load>; ms: number } {
  const once = () => {
    const before = process.cpuUsage();
    const result = work();
    const { user, system } = process.cpuUsage(before);
    return { result, ms: (user + system) / 1_000 };
  };
  const first = once();
  return first.ms < 1_000 ? first : once();
}

const slow = (ms: number): string[] => (ms < 1_000 ? [] : [`took ${Math.round(ms)} ms`]);
const traffic = (): string[] => network.tried().map((tried) => `${tried} was opened`);

test('a mutated file is refused in good words or is sound, and takes less than a second', ({ task }) => {
  const tally = createTally(task);
  let accepted = 0;
  for (let seed = 1; seed <= textMutations; seed += 1) {
    const random = createRandom(seed);
    const { file, kind, text } = pick(random, good);
    const mutated = mutateText(text, random);
    const say = (finding: string): string => `${file}, text mutation ${seed}: ${finding}`;
    try {
      const { result, ms } = timed(() => load(kind, file, mutated));
      if ('told' in result) accepted += 1;
      tally.add([...findingsOf(result, mutated), ...slow(ms), ...traffic()].map(say));
    } catch (error) {
      tally.add([say(`threw ${String(error)}`)]);
    }
  }
  // A good part of these edits does no harm: were all refused, nothing would have been compared.
  tally.add(accepted > textMutations / 20 ? [] : [`${accepted} of ${textMutations} accepted: too few to compare`]);
  tally.close();
});

type Path = readonly (string | number)[];
type Node = { path: Path; value: Json };

function nodesOf(value: Json, at: Path = []): Node[] {
  const inner = Array.isArray(value)
    ? value.flatMap((item: Json, index) => nodesOf(item, [...at, index]))
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, item]) => nodesOf(item, [...at, key]))
      : [];
  return [{ path: at, value }, ...inner];
}

/** The data with another value at the path; without the key, where there is none. */
function replaceAt(data: Json, [first, ...rest]: Path, value: Json | undefined): Json {
  if (first === undefined) return value ?? null;
  if (Array.isArray(data)) {
    return data.flatMap((item: Json, index) =>
      index !== first ? [item] : rest.length === 0 && value === undefined ? [] : [replaceAt(item, rest, value)],
    );
  }
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).flatMap(([key, item]) =>
      key !== first
        ? [[key, item]]
        : rest.length === 0 && value === undefined
          ? []
          : [[key, replaceAt(item, rest, value)]],
    ),
  );
}

/** Below these a file may say what it likes. */
const free: readonly RegExp[] = [/^requests\.\d+\.(body|expect\.json)\b/, /^steps\.(.+\.)?with\.watched\./];
/** Keys without which a file means nothing, whatever else it holds. */
const needed =
  /^(title|steps|timeline|requests|hostname|zone|routes|dns|dns\.resolvers|inputs\.[^.]+\.type|routes\.[^.]+\.(provider|connect)|backends\.[^.]+\.(header|value)|cloudflare\.zone-id|timeline\.\d+\.at|timeline\.\d+\.set\.[^.]+\.(kind|status)|requests\.\d+\.(id|method|path|expect|expect\.status)|(.+\.)?retry\.(attempts|every)|(.+\.)?confirm\.type|steps\.(.+\.)?(id|uses)|(.+\.)?with\.(suite|route|routes|enabled|instructions|name|channel|text))$/;

/** One change of the data after which the file must be refused, whatever the rest is; undefined where the dice found none. */
function breakData(data: Json, random: Random): { broken: Json; how: string } | undefined {
  const { path: at, value } = pick(random, nodesOf(data).slice(1));
  const shown = at.join('.');
  if (free.some((pattern) => pattern.test(shown))) return undefined;
  switch (below(random, 4)) {
    case 0: {
      // Groups need no id.
      const holder = at.slice(0, -1);
      const group = nodesOf(data).find(({ path: other }) => other.join('.') === holder.join('.'))?.value;
      const isGroup = typeof group === 'object' && group !== null && ('parallel' in group || 'first-of' in group);
      const isOptional = shown === 'title' && typeof data === 'object' && data !== null && 'zone' in data;
      if (!needed.test(shown) || isGroup || isOptional) return undefined;
      return { broken: replaceAt(data, at, undefined), how: `without ${shown}` };
    }
    case 1: {
      // A wrong container fits nowhere: what takes a map takes no list of lists, what takes a list takes no map.
      const wrong: Json = Array.isArray(value) ? { zebra: { zebra: 1 } } : [[null]];
      return { broken: replaceAt(data, at, wrong), how: `${shown} is ${JSON.stringify(wrong)}` };
    }
    case 2: {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
      if (free.some((pattern) => pattern.test(`${shown}.zebra`))) return undefined;
      // Maps of names take any name, but not with this value.
      return { broken: replaceAt(data, [...at], { ...value, zebra: [[null]] }), how: `${shown} with a key zebra` };
    }
    default:
      if (typeof value !== 'boolean' && typeof value !== 'number') return undefined;
      return { broken: replaceAt(data, at, 'zebra'), how: `${shown} is "zebra"` };
  }
}

test('a file without a key that it needs, or with a value of another kind, is never accepted', ({ task }) => {
  const tally = createTally(task);
  for (let seed = 1, made = 0; made < dataMutations; seed += 1) {
    const random = createRandom(seed);
    const { file, kind, text } = pick(random, good);
    const mutation = breakData(parse(text), random);
    if (mutation === undefined) continue;
    made += 1;
    const mutated = JSON.stringify(mutation.broken, null, 1);
    const say = (finding: string): string => `${file}, data mutation ${seed} (${mutation.how}): ${finding}`;
    try {
      const { result, ms } = timed(() => load(kind, file, mutated));
      tally.add(
        [...('told' in result ? ['accepted'] : []), ...findingsOf(result, mutated), ...slow(ms), ...traffic()].map(say),
      );
    } catch (error) {
      tally.add([say(`threw ${String(error)}`)]);
    }
  }
  tally.close();
});

test('the files before they are mutated are accepted', ({ task }) => {
  const tally = createTally(task);
  for (const { file, kind, text } of good) {
    for (const written of [text, JSON.stringify(parse(text), null, 1)]) {
      const result = load(kind, file, written);
      const refused = 'told' in result ? [] : [`${result.problems[0]?.what}`];
      tally.add([...refused, ...findingsOf(result, written), ...traffic()].map((finding) => `${file}: ${finding}`));
    }
  }
  tally.close();
});
