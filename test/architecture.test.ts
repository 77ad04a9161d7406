import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../src', import.meta.url));

/** Layers from the bottom up; a file may import from its own layer and from those below, never sideways. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  world: ['errors'],
  actions: ['world', 'errors'],
  runbook: ['actions', 'world', 'errors'],
  journal: ['actions', 'world', 'errors'],
  engine: ['runbook', 'journal', 'actions', 'world', 'errors'],
  report: ['runbook', 'journal', 'actions', 'world', 'errors'],
  simulator: ['runbook', 'journal', 'actions', 'world', 'errors'],
  cli: ['engine', 'report', 'simulator', 'runbook', 'journal', 'actions', 'world', 'errors'],
  main: ['cli', 'journal', 'world', 'errors'],
};

type Source = { name: string; layer: string; code: string; imports: string[]; lines: number };

const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readSource(name.split(path.sep).join('/')));

function readSource(name: string): Source {
  const text = readFileSync(path.join(root, name), 'utf8');
  const layer = name.split('/')[0]?.replace(/\.ts$/, '') ?? '';
  // Code without comments; texts are kept where they are imports, and emptied elsewhere.
  const commentless = text.replace(/\/\*[\s\S]*?\*\/|(^|[^:'"`\\])\/\/[^\n]*/g, '$1');
  const specifiers = [...commentless.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    ([, specifier = '']) => specifier,
  );
  const code = commentless.replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, (quoted) =>
    quoted.startsWith('`') ? (quoted.match(/\$\{[^}]*\}/g) ?? []).join(' ') : "''",
  );
  const imports = specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => path.posix.normalize(path.posix.join(path.posix.dirname(name), specifier)))
    .filter((target) => !target.startsWith('..'));
  return { name, layer, code, imports, lines: text.split('\n').length - 1 };
}

test('every file belongs to a known layer', () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.filter(({ layer }) => mayImport[layer] === undefined).map(({ name }) => name)).toEqual([]);
});

test('imports point downwards only', () => {
  const layerOf = (name: string) => name.split('/')[0]?.replace(/\.ts$/, '') ?? '';
  const wrong = sources.flatMap(({ name, layer, imports }) =>
    imports
      .filter((target) => layerOf(target) !== layer && mayImport[layer]?.includes(layerOf(target)) !== true)
      .map((target) => `${name} → ${target}`),
  );
  expect(wrong).toEqual([]);
});

test('every relative import names a file that is there', () => {
  const known = new Set(sources.map(({ name }) => name));
  const missing = sources.flatMap(({ name, imports }) =>
    imports.filter((target) => !known.has(target)).map((target) => `${name} → ${target}`),
  );
  expect(missing).toEqual([]);
});

test('there are no import cycles', () => {
  const importsOf = new Map(sources.map(({ name, imports }) => [name, imports]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (name: string, trail: readonly string[]) => {
    if (trail.includes(name)) cycles.push([...trail.slice(trail.indexOf(name)), name].join(' → '));
    if (done.has(name) || trail.includes(name)) return;
    for (const target of importsOf.get(name) ?? []) visit(target, [...trail, name]);
    done.add(name);
  };
  for (const { name } of sources) visit(name, []);
  expect(cycles).toEqual([]);
});

/** Where each global of the process may be named; everything else gets it injected. */
const globals: readonly { what: string; pattern: RegExp; allowed: RegExp }[] = [
  {
    what: 'process',
    pattern:
      /(?<![.\w$])process\.(env|argv|exit|exitCode|std|cwd|on|off|once|kill|hrtime|uptime|platform|version|emit|nextTick|get)/,
    allowed: /^(main\.ts|world\/process-identity\.ts)$/,
  },
  { what: 'console', pattern: /(?<![.\w$])console\s*\./, allowed: /^$/ },
  {
    what: 'the time',
    pattern: /\bDate\.now\(|\bnew Date\(\s*\)|\bperformance\.now\(/,
    allowed: /^world\/|^simulator\//,
  },
  { what: 'timers', pattern: /(?<![.\w$])set(Timeout|Interval|Immediate)\(/, allowed: /^world\/|^simulator\// },
  { what: 'fetch', pattern: /(?<![.\w$])fetch\(/, allowed: /^world\/(aws|cloudflare|json-api|slack)\.ts$/ },
  { what: 'randomness', pattern: /\bMath\.random\(/, allowed: /^$/ },
];

test.each(globals)('$what appears only at the edges', ({ pattern, allowed }) => {
  const found = sources.filter(({ name, code }) => pattern.test(code) && !allowed.test(name));
  expect(found.map(({ name }) => name)).toEqual([]);
});

test('the checks for globals would notice', () => {
  const samples = [
    'process.exit(1)',
    'console.log()',
    'const now = Date.now()',
    'setTimeout(f, 1)',
    'await fetch(url)',
    'Math.random()',
  ];
  for (const [index, { pattern }] of globals.entries()) expect(samples[index]).toMatch(pattern);
});

test('no file is longer than 250 lines', () => {
  expect(sources.filter(({ lines }) => lines > 250).map(({ name, lines }) => `${name}: ${lines}`)).toEqual([]);
});

test('commands are small: one file each, at most 60 lines', () => {
  const commands = sources.filter(({ name }) => name.startsWith('cli/commands/'));
  expect(commands.length).toBeGreaterThan(10);
  expect(commands.filter(({ lines }) => lines > 60).map(({ name, lines }) => `${name}: ${lines}`)).toEqual([]);
});

test('no file is a drawer, and names are kebab-case', () => {
  const drawers = /(^|\/|-)(utils?|helpers?|common|managers?|handlers?|types|misc)(\/|-|\.ts$)/;
  expect(sources.filter(({ name }) => drawers.test(name)).map(({ name }) => name)).toEqual([]);
  const odd = sources.filter(({ name }) => !/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(name));
  expect(odd.map(({ name }) => name)).toEqual([]);
});

test('there is no barrel but the list of actions', () => {
  expect(sources.filter(({ name }) => name.endsWith('/index.ts')).map(({ name }) => name)).toEqual([
    'actions/index.ts',
  ]);
  const reexports = sources.filter(({ code }) => /^export \* from|^export \{[^}]*\} from/m.test(code));
  expect(reexports.map(({ name }) => name)).toEqual([]);
});

test('heavy packages are imported only where they are used', () => {
  const heavy = [
    'cloudflare',
    '@slack/web-api',
    '@aws-sdk/client-route-53',
    '@aws-sdk/client-cloudfront',
    'ora',
    '@inquirer/prompts',
  ];
  const eager = sources.flatMap(({ name }) => {
    const text = readFileSync(path.join(root, name), 'utf8');
    return [...text.matchAll(/^import (?!type)[^;]*? from '([^']+)'/gm)]
      .map(([, specifier = '']) => specifier)
      .filter((specifier) => heavy.some((one) => specifier === one || specifier.startsWith(`${one}/`)))
      .map((specifier) => `${name}: ${specifier}`);
  });
  expect(eager).toEqual([]);
});
