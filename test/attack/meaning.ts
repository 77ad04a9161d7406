import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { actions } from '../../src/actions/index.ts';
import type { Expression, Runbook, Step, Template } from '../../src/runbook/runbook.ts';
import type { Environment } from '../../src/world/environment.ts';
import type { Json } from '../../src/world/json.ts';

type JsonMap = { readonly [key: string]: Json };

/**
 * The language once more, as its description has it, and not as the schema that loads it has it: what is accepted is
 * compared with what a plain reader of YAML finds in the text, by these.
 */
const keysOf = {
  runbook: ['title', 'description', 'objective', 'inputs', 'lock', 'steps'],
  input: ['type', 'required', 'default', 'prompt', 'description', 'one-of'],
  objective: ['switched-within', 'recovered-within', 'from'],
  lock: ['resource', 'when'],
  group: ['id', 'title', 'when', 'expect', 'confirm', 'approvals', 'optional', 'on-failure', 'parallel', 'first-of'],
  action: ['id', 'title', 'when', 'expect', 'confirm', 'approvals', 'optional', 'on-failure']
    // Those that groups do not have.
    .concat(['uses', 'with', 'timeout', 'retry', 'rollback']),
  confirm: ['type'],
  approvals: ['count', 'from', 'within', 'when'],
  retry: ['attempts', 'every'],
} as const;

/** What a runbook may name besides itself. */
export type Surroundings = { environment: Environment; suites: ReadonlySet<string> };

/** How the text reads to a plain reader of YAML, which knows nothing of the program. */
export function readPlainly(text: string): { data: Json } | { refusal: string } {
  try {
    return { data: parse(text.replace(/^\ufeff/, ''), { logLevel: 'error' }) };
  } catch (error) {
    return { refusal: String(error).split('\n')[0] ?? '' };
  }
}

/** Keys of scenarios that become others, which have the unit in their name. */
const renamed: Readonly<Record<string, string>> = { by: 'ms', down: 'downMs', up: 'upMs' };

/** Keys of the text that the accepted value does not have at their place, and values without expressions that it has otherwise. */
export function findLost(data: Json, value: unknown, at = ''): string[] {
  if (Array.isArray(data)) {
    if (!Array.isArray(value) || value.length !== data.length) return [`${at}: is no list of ${data.length} any more`];
    return data.flatMap((item: Json, index) => findLost(item, value[index], `${at}.${index}`));
  }
  if (isMap(data)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at}: is no map any more`];
    const has = new Map<string, unknown>(Object.entries(value));
    return Object.entries(data).flatMap(([key, item]) => {
      const name = has.has(key) ? key : renamed[key];
      return name !== undefined && has.has(name)
        ? findLost(item, has.get(name), `${at}.${key}`)
        : [`${at}.${key}: is dropped`];
    });
  }
  return isSame(data, value) ? [] : [`${at}: ${JSON.stringify(data)} became ${JSON.stringify(value)}`];
}

/** A scalar is kept as it is, alone or as a list of one; a duration becomes its milliseconds. */
function isSame(data: Json, value: unknown): boolean {
  if (isDeepStrictEqual(data, value) || isDeepStrictEqual([data], value)) return true;
  return typeof data === 'string' && typeof value === 'number' && millisecondsOf(data) === value;
}

function millisecondsOf(text: string): number | undefined {
  const [, number = '', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(text) ?? [];
  const factor = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  return factor === undefined ? undefined : Number(number) * factor;
}

/** What of an accepted runbook its text does not explain: keys and steps that are lost, and names that lead nowhere. */
export function findUnexplained(data: Json, runbook: Runbook, surroundings: Surroundings): string[] {
  if (!isMap(data)) return ['a runbook of no map is accepted'];
  const { inputs = {}, objective = {}, lock, steps = [] } = data;
  const found = [
    ...unknownKeys(data, keysOf.runbook, 'the runbook'),
    ...unknownKeys(objective, keysOf.objective, 'objective'),
    ...unknownKeys(lock, keysOf.lock, 'lock'),
  ];
  if (data.title !== runbook.title) found.push(`the title ${JSON.stringify(data.title)} became ${runbook.title}`);
  if ((data.description ?? undefined) !== runbook.description) found.push('the description is another');
  if ((lock !== undefined) !== (runbook.lock !== undefined)) found.push('the lock is lost');
  if (isMap(lock) && 'when' in lock !== (runbook.lockWhen !== undefined)) found.push('the rule of the lock is lost');
  if ((data.objective !== undefined) !== (runbook.objective !== undefined)) found.push('the objective is lost');
  const named = isMap(inputs) ? Object.keys(inputs) : [];
  if (!isDeepStrictEqual(named.toSorted(), Object.keys(runbook.inputs).toSorted()))
    found.push(`the inputs ${named} became ${Object.keys(runbook.inputs)}`);
  for (const [name, input] of Object.entries(isMap(inputs) ? inputs : {}))
    found.push(...unknownKeys(input, keysOf.input, `inputs.${name}`));
  const ids = new Set<string>();
  found.push(...stepsUnexplained(steps, runbook.steps, { ...surroundings, inputs: new Set(named), ids }));
  return found;
}

type Known = Surroundings & { inputs: ReadonlySet<string>; ids: Set<string> };

function stepsUnexplained(data: Json, steps: readonly Step[], known: Known, together = false): string[] {
  if (!Array.isArray(data) || data.length !== steps.length)
    return [`${Array.isArray(data) ? data.length : 'no'} steps became ${steps.length}`];
  const found: string[] = [];
  for (const [index, step] of steps.entries()) {
    const item: Json = data[index] ?? null;
    if (!isMap(item)) {
      found.push(`step ${index + 1} is no map`);
      continue;
    }
    found.push(...stepUnexplained(item, step, known));
    if (!together) known.ids.add(step.id);
  }
  // Steps that run together do not read each other.
  for (const { id } of together ? steps : []) known.ids.add(id);
  return found;
}

function stepUnexplained(item: JsonMap, step: Step, known: Known): string[] {
  const found: string[] = [];
  const say = (sentence: string) => found.push(`step ${step.id}: ${sentence}`);
  const wayOf = (['uses', 'parallel', 'first-of'] as const).filter((key) => key in item);
  if (wayOf.length !== 1) say(`has ${wayOf.length} of uses, parallel and first-of`);
  if ('id' in item && item.id !== step.id) say(`was written as ${JSON.stringify(item.id)}`);
  if (known.ids.has(step.id)) say('has the id of another');
  if ('title' in item && item.title !== step.title) say('the title is another');
  found.push(...unknownKeys(item, step.kind === 'action' ? keysOf.action : keysOf.group, `step ${step.id}`));
  found.push(...unknownKeys(item.confirm, keysOf.confirm, `step ${step.id}, confirm`));
  found.push(...unknownKeys(item.approvals, keysOf.approvals, `step ${step.id}, approvals`));
  found.push(...unknownKeys(item.retry, keysOf.retry, `step ${step.id}, retry`));
  if ((item.optional ?? false) !== step.optional) say('`optional` is another');
  if (item['on-failure'] !== step.onFailure) say('`on-failure` is another');
  if ('confirm' in item !== (step.confirm !== undefined)) say('`confirm` is lost');
  if ('approvals' in item !== (step.approvals !== undefined)) say('`approvals` are lost');
  if (step.kind !== 'action') {
    found.push(...stepsUnexplained(item[step.kind] ?? null, step.steps, known, step.kind === 'parallel'));
  }
  // A group's own condition is read once its steps have ended, and may read them.
  for (const key of ['when', 'expect'] as const) {
    const source = step[key]?.source;
    if (key in item ? source !== item[key] : source !== undefined) say(`\`${key}\` became ${source}`);
  }
  if (step.kind === 'action') {
    if (item.uses !== step.uses) say(`uses ${JSON.stringify(item.uses)} became ${step.uses}`);
    if (!actions.has(step.uses)) say(`there is no ${step.uses}`);
    if ((item.rollback ?? 'auto') !== step.rollback) say('`rollback` is another');
    if ('timeout' in item && millisecondsOf(String(item.timeout)) !== step.timeoutMs)
      say(`the time box ${JSON.stringify(item.timeout)} became ${step.timeoutMs} ms`);
    const { retry } = item;
    if (isMap(retry) && (retry.attempts !== step.retry?.attempts || !isSame(retry.every ?? '', step.retry?.everyMs)))
      say(`retry ${JSON.stringify(retry)} became ${JSON.stringify(step.retry)}`);
    for (const lost of templateLost(item.with ?? {}, step.with, 'with')) say(lost);
    const suite = isMap(item.with) ? item.with.suite : undefined;
    if (typeof suite === 'string' && !suite.includes('${{') && suite !== '' && !known.suites.has(suite))
      say(`there is no suite ${suite}`);
  }
  for (const expression of expressionsOf(step)) for (const lost of namesLeadingNowhere(expression, known)) say(lost);
  return found;
}

/** What a template does not hold of what was written. */
function templateLost(data: Json, template: Template, at: string): string[] {
  switch (template.kind) {
    case 'literal':
      return isDeepStrictEqual(template.value, data) ? [] : [`${at} became ${JSON.stringify(template.value)}`];
    case 'list':
      if (!Array.isArray(data) || data.length !== template.items.length) return [`${at} is no such list any more`];
      return template.items.flatMap((item, index) => templateLost(data[index] ?? null, item, `${at}.${index}`));
    case 'map': {
      if (!isMap(data)) return [`${at} is no map`];
      const entries = new Map(Object.entries(template.entries));
      const extra = [...entries.keys()].filter((key) => !Object.hasOwn(data, key));
      return [
        ...extra.map((key) => `${at}.${key} was never written`),
        ...Object.entries(data).flatMap(([key, item]) => {
          const entry = entries.get(key);
          return entry === undefined ? [`${at}.${key} is dropped`] : templateLost(item, entry, `${at}.${key}`);
        }),
      ];
    }
    default: {
      const parts = template.kind === 'text' ? template.parts : [template.expression];
      const squeezed = (text: string) => text.replace(/\s+/g, '');
      const written = parts.map((part) => (typeof part === 'string' ? part : `\${{${part.source}}}`)).join('');
      return typeof data === 'string' && squeezed(data) === squeezed(written) ? [] : [`${at} became ${written}`];
    }
  }
}

/** Every expression of a step itself, as it was accepted. */
function expressionsOf(step: Step): Expression[] {
  const { when, expect, confirm, approvals } = step;
  const templates = [
    ...(step.kind === 'action' ? [step.with] : []),
    confirm?.kind === 'typed' ? confirm.phrase : confirm?.message,
    approvals?.from,
  ].flatMap((template) => template ?? []);
  return [when, expect, approvals?.when].flatMap((one) => one ?? []).concat(templates.flatMap(expressionsIn));
}

function expressionsIn(template: Template): Expression[] {
  switch (template.kind) {
    case 'literal':
      return [];
    case 'expression':
      return [template.expression];
    case 'text':
      return template.parts.flatMap((part) => (typeof part === 'string' ? [] : [part]));
    case 'list':
      return template.items.flatMap(expressionsIn);
    case 'map':
      return Object.values(template.entries).flatMap(expressionsIn);
  }
}

/** Steps and inputs that an expression names, and that are not there (yet). */
function namesLeadingNowhere({ source }: Expression, { inputs, ids }: Known): string[] {
  const bare = source.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
  const named = (root: string) =>
    [...bare.matchAll(new RegExp(`(?<![\\w.-])${root}\\s*\\.\\s*([A-Za-z_][\\w-]*)`, 'g'))].map(
      ([, name = '']) => name,
    );
  return [
    ...named('steps').flatMap((name) => (ids.has(name) ? [] : [`reads the step ${name}, which is not before it`])),
    ...named('inputs').flatMap((name) => (inputs.has(name) ? [] : [`reads the input ${name}, which there is not`])),
  ];
}

/** What a suite names, and the environment does not have. */
export function findUnknownOfSuite(data: Json, { environment }: Surroundings): string[] {
  const requests = isMap(data) && Array.isArray(data.requests) ? data.requests.filter(isMap) : [];
  const ids = requests.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  return [
    ...twice.map((id) => `the id ${JSON.stringify(id)} is given twice`),
    ...requests.flatMap(({ expect, headers }) => [
      ...(isMap(expect) && typeof expect.backend === 'string' && !Object.hasOwn(environment.backends, expect.backend)
        ? [`there is no backend ${expect.backend}`]
        : []),
      ...Object.values(isMap(headers) ? headers : {}).flatMap((value) =>
        isMap(value) && !Object.hasOwn(environment.secrets, String(value.secret))
          ? [`there is no secret ${JSON.stringify(value.secret)}`]
          : [],
      ),
    ]),
  ];
}

function unknownKeys(value: Json | undefined, known: readonly string[], at: string): string[] {
  if (!isMap(value)) return [];
  return Object.keys(value).flatMap((key) => (known.includes(key) ? [] : [`${at} has the unknown key ${key}`]));
}

function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
