import type { Json } from '../world/json.ts';
import { quote, suggest } from './closest.ts';
import { describeValue } from './describe-value.ts';
import { parseDuration } from './duration.ts';
import type { Problem } from './problem.ts';
import type { InputSpec } from './runbook.ts';
import type { RawInput } from './schema.ts';
import type { Reading } from './schema-problem.ts';
import type { Path, YamlSource } from './yaml-source.ts';

/** Options that every runbook command has; an input of the same name could not be given. */
const commandOptions: ReadonlySet<string> = new Set([
  'color',
  'confirm',
  'dry-run',
  'env',
  'help',
  'keep',
  'json',
  'no-color',
  'override',
  'runbooks',
  'scenario',
  'seed',
  'speed',
  'state-dir',
  'verbose',
  'version',
  'yes',
]);

/** How to read the inputs of a file: what was written, each by `read`, and where to note what is wrong beyond that. */
type InputsReading = { data: Json | undefined; read(value: Json): Reading<RawInput>; problems: Problem[] };

/** The inputs that are well-formed by the schema, with what is wrong with them beyond it. */
export function readInputs(source: YamlSource, { data, read, problems }: InputsReading): Record<string, InputSpec> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return {};
  const entries = Object.entries(data).flatMap(([name, value]): [string, InputSpec][] => {
    const raw = read(value);
    const path = ['inputs', name];
    if (commandOptions.has(name)) {
      const where = source.keyPositionOf(path);
      problems.push({ where, what: `--${name} is already an option of every command`, remedy: 'rename the input' });
    }
    if (name.startsWith('no-')) {
      const where = source.keyPositionOf(path);
      const remedy = 'rename the input: --no-… switches the option of the rest of its name off';
      problems.push({ where, what: `the input ${quote(name)} cannot be an option`, remedy });
    }
    return 'value' in raw
      ? [[name, readInput(source, raw.value, path, problems)]]
      : [[name, { type: 'string', required: true }]];
  });
  return Object.fromEntries(entries);
}

function readInput(source: YamlSource, raw: RawInput, path: Path, problems: Problem[]): InputSpec {
  const report = (key: string, what: string, remedy: string): void => {
    problems.push({ where: source.positionOf([...path, key]), what, remedy });
  };
  const oneOf = raw['one-of'];
  if (raw.required === true && raw.default !== undefined) {
    report('default', 'a required input has a default', 'remove one of the two');
  }
  if (oneOf !== undefined && raw.type !== 'string') {
    report('one-of', `one-of is for type string, not ${raw.type}`, 'remove it, or change the type');
  }
  let value = raw.default;
  if (value !== undefined) {
    value = defaultOf(raw.type, value);
    if (value === undefined) {
      report('default', `the default is ${describeValue(raw.default ?? null)}`, `give ${kindWords[raw.type]}`);
    } else if (oneOf !== undefined && typeof value === 'string' && !oneOf.includes(value)) {
      report('default', `the default ${quote(value)} is not one of the values allowed`, suggest(value, oneOf));
    }
  }
  return {
    type: raw.type,
    required: raw.required === true,
    ...(value === undefined ? {} : { default: value }),
    ...(raw.prompt === undefined ? {} : { prompt: raw.prompt }),
    ...(raw.description === undefined ? {} : { description: raw.description }),
    ...(oneOf === undefined || raw.type !== 'string' ? {} : { oneOf }),
  };
}

const kindWords = {
  string: 'text (in quotes)',
  number: 'a number',
  boolean: 'true or false',
  duration: 'a duration such as 250ms, 5s, 10m or 1h',
} as const;

/** The default as the input's type has it, or undefined when it does not fit. */
function defaultOf(type: RawInput['type'], value: string | number | boolean): string | number | boolean | undefined {
  if (type === 'duration') return typeof value === 'string' ? parseDuration(value) : undefined;
  return typeof value === type ? value : undefined;
}
