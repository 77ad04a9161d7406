import type { Json } from '../world/json.ts';
import { typeInWords } from './cel-problems.ts';
import { quote, suggest } from './closest.ts';
import type { Hole } from './compile-template.ts';
import { type JsonSchema, keysAt, schemasAt, typesAt } from './json-schema.ts';
import type { ActionFacts } from './language.ts';
import { type Lint, report } from './lint.ts';
import { placeProblems, type SchemaProblem } from './schema-problem.ts';
import type { Path } from './yaml-source.ts';

/** A value that goes to an action: where it stands, and the places in it that are known only when it runs. */
type ActionInput = {
  action: ActionFacts;
  data: { readonly [key: string]: Json };
  holes: readonly Hole[];
  path: Path;
};

/** Checks an action's input: literal values by its schema, expressions by their types, the suites, routes and components it names, and proofs in it. */
export function checkActionInput(lint: Lint, input: ActionInput): void {
  const { action, data, holes, path } = input;
  const shape = action.input();
  for (const hole of holes) checkHole(lint, shape, hole, path);
  const paths = holes.map((hole) => hole.path);
  const problems = action.problemsIn(data, paths).filter((problem) => !paths.some((hole) => mayBeWhy(hole, problem)));
  const worded = problems.map((problem) =>
    problem.rule === 'missing' && problem.path.length === 1
      ? { ...problem, what: `${action.name} needs ${quote(String(problem.path[0]))} in with` }
      : problem,
  );
  lint.problems.push(...placeProblems(worded, lint.source, path));
  const { names } = keysAt(shape, []);
  if (names.includes('suite')) checkSuite(lint, input);
  checkRoutes(lint, input, names);
  if (names.includes('components')) checkComponents(lint, input);
  for (const [key, value] of Object.entries(data)) checkProof(lint, input, shape, key, value);
}

/** Whether what will stand at the hole may be why there is a problem, or may be that there is none. */
function mayBeWhy(hole: Path, { path, on, rule, reads }: SchemaProblem): boolean {
  if (startsWith(path, hole) || (on === 'value' && startsWith(hole, path))) return true;
  return rule === 'custom' && (reads === undefined || reads.some((key) => key === hole[0]));
}

function checkHole(lint: Lint, shape: JsonSchema, hole: Hole, path: Path): void {
  const allowed = schemasAt(shape, hole.path).length === 0 ? undefined : typesAt(shape, hole.path);
  if (allowed === undefined || hole.type === 'dyn') return;
  const types = jsonTypesOf(hole.type);
  if (types.some((type) => allowed.has(type))) return;
  const name = quote(String(hole.path.at(-1) ?? 'with'));
  report(
    lint,
    [...path, ...hole.path],
    `${name} is ${typeInWords(hole.type)}`,
    `give ${[...allowed].map(jsonTypeInWords).join(' or ')}`,
  );
}

function jsonTypesOf(celType: string): string[] {
  if (/^(double|int)$/.test(celType)) return ['number', 'integer'];
  if (celType === 'string') return ['string'];
  if (celType === 'bool') return ['boolean'];
  if (celType === 'null') return ['null'];
  return celType.startsWith('list') ? ['array'] : ['object'];
}

function jsonTypeInWords(type: string): string {
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    number: 'a number',
    integer: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a map',
  };
  return words[type] ?? type;
}

/** Suites are loaded and pinned when the run starts, so their names must be known before. */
function checkSuite(lint: Lint, { data, holes, path }: ActionInput): void {
  const name = data.suite;
  const at = [...path, 'suite'];
  if (holes.some((hole) => hole.path.length === 1 && hole.path[0] === 'suite')) {
    report(lint, at, 'the suite is named by an expression', 'write its name: suites are loaded before the run starts');
  } else if (typeof name === 'string') {
    lint.suites.push({ name, path: at });
  }
}

function checkRoutes(lint: Lint, { data, holes, path }: ActionInput, names: readonly string[]): void {
  const { environment } = lint;
  if (environment === undefined) return;
  const routes = Object.keys(environment.routes);
  const checkRoute = (value: Json, at: Path): void => {
    const isHole = holes.some((hole) => startsWith(at, hole.path));
    if (typeof value !== 'string' || isHole || routes.includes(value)) return;
    report(lint, [...path, ...at], `the environment has no route ${quote(value)}`, suggest(value, routes));
  };
  if (names.includes('route')) checkRoute(data.route ?? null, ['route']);
  if (names.includes('last-look')) checkRoute(data['last-look'] ?? null, ['last-look']);
  const list = data.routes;
  if (names.includes('routes') && Array.isArray(list)) {
    for (const [index, item] of list.entries()) checkRoute(item, ['routes', index]);
  }
}

/** The keys of `components` are the environment's names for the parts of its status page. */
function checkComponents({ environment, ...lint }: Lint, { data, path }: ActionInput): void {
  const { components } = data;
  if (environment?.statuspage === undefined || components === undefined || !isRecord(components)) return;
  const known = Object.keys(environment.statuspage.components);
  for (const name of Object.keys(components)) {
    if (known.includes(name)) continue;
    const what = `the environment’s status page has no component ${quote(name)}`;
    report({ environment, ...lint }, [...path, 'components', name], what, suggest(name, known));
  }
}

/**
 * An action inside an action's input, `proof: { uses, with }` or `change: { uses, with }`: it exists, it only reads (or,
 * as a change to be planned, it changes something), and its input fits it.
 */
function checkProof(lint: Lint, { holes, path }: ActionInput, shape: JsonSchema, key: string, value: Json): void {
  if (!keysAt(shape, [key]).names.includes('uses')) return;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !isRecord(value)) return;
  const uses = value.uses;
  if (typeof uses !== 'string') return;
  const at = [...path, key, 'uses'];
  const wanted = key === 'change' ? 'change' : 'check';
  const names = [...lint.actions.values()].filter(({ kind }) => kind === wanted).map(({ name }) => name);
  const action = lint.actions.get(uses);
  if (!action) {
    report(lint, at, `there is no action ${quote(uses)}`, suggest(uses, names));
    return;
  }
  if (action.kind !== wanted) {
    const what = wanted === 'check' ? 'changes things and cannot be a proof' : 'only reads and has no plan';
    report(lint, at, `${uses} ${what}`, suggest(uses, names));
    return;
  }
  const data = value.with ?? {};
  if (typeof data !== 'object' || data === null || !isRecord(data)) return;
  const prefix = [key, 'with'];
  const inner = holes
    .filter((hole) => startsWith(hole.path, prefix))
    .map((hole) => ({ path: hole.path.slice(prefix.length), type: hole.type }));
  checkActionInput(lint, { action, data, holes: inner, path: [...path, ...prefix] });
}

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function startsWith(path: Path, prefix: Path): boolean {
  return prefix.every((step, index) => path[index] === step);
}
