import type { Json } from '../world/json.ts';
import type { JsonSchema } from './json-schema.ts';
import { languageRules } from './language-rules.ts';

/** Stands in data for a value that is known only later: it fits everywhere. */
export const hole: Json = Object.freeze({});

type Fitting = { value: Json };
type Place = { root: JsonSchema; whole: Json };

/**
 * The data as a prepared schema reads it (what was left out has its default), or undefined where it does not fit, or
 * where the schema does not tell all that it demands. Rules over several values are left aside where one that they read is
 * a hole.
 */
export function fitSchema(schema: JsonSchema, data: Json): Fitting | undefined {
  return fitAt(schema, data, { root: schema, whole: data });
}

function hasHole(data: Json | undefined): boolean {
  if (typeof data !== 'object' || data === null) return false;
  return data === hole || Object.values(data).some(hasHole);
}

/** Whether a rule of that name is kept, or cannot be told to be broken before there are the values that it reads. */
function isKept(name: string, value: Json, { whole }: Place): boolean {
  const rule = languageRules.get(name);
  if (rule === undefined) return false;
  const read = rule.reads === undefined || !isMap(whole) ? [whole] : rule.reads.map((key) => whole[key]);
  return read.some(hasHole) || rule.holds(value as never);
}

function fitAt(node: JsonSchema, data: Json, place: Place): Fitting | undefined {
  if (node['x-unproven'] === true) return undefined;
  if (data === hole) return { value: data };
  const found = fitShape(node, data, place);
  if (found === undefined || node['x-rules'] === undefined) return found;
  return node['x-rules'].every((name) => isKept(name, found.value, place)) ? found : undefined;
}

function fitShape(node: JsonSchema, data: Json, place: Place): Fitting | undefined {
  if (node.$ref !== undefined) {
    const target = node.$ref === '#' ? place.root : place.root.$defs?.[node.$ref.slice('#/$defs/'.length)];
    return target === undefined ? undefined : fitAt(target, data, place);
  }
  const choices = node.anyOf ?? node.oneOf;
  if (choices !== undefined) return fitFirst(choices, data, place);
  if (node.allOf?.some((part) => fitAt(part, data, place) === undefined)) return undefined;
  if (node.const !== undefined && node.const !== data) return undefined;
  if (node.enum !== undefined && !node.enum.includes(data)) return undefined;
  if (typeof data === 'string') return allows(node, 'string') && fitsText(node, data) ? { value: data } : undefined;
  if (typeof data === 'number') return fitsNumber(node, data) ? { value: data } : undefined;
  if (typeof data === 'boolean') return allows(node, 'boolean') ? { value: data } : undefined;
  if (data === null) return allows(node, 'null') ? { value: data } : undefined;
  if (Array.isArray(data)) return allows(node, 'array') ? fitList(node, data, place) : undefined;
  return allows(node, 'object') && isMap(data) ? fitMap(node, data, place) : undefined;
}

function fitFirst(choices: readonly JsonSchema[], data: Json, place: Place): Fitting | undefined {
  for (const choice of choices) {
    const found = fitAt(choice, data, place);
    if (found !== undefined) return found;
  }
  return undefined;
}

function allows({ type }: JsonSchema, kind: string): boolean {
  return type === undefined || type === kind || (Array.isArray(type) && type.includes(kind));
}

const patterns = new Map<string, RegExp>();

function fitsText({ pattern, minLength, maxLength }: JsonSchema, text: string): boolean {
  if (!isWithin(text.length, minLength, maxLength)) return false;
  if (pattern === undefined) return true;
  const known = patterns.get(pattern) ?? new RegExp(pattern);
  patterns.set(pattern, known);
  return known.test(text);
}

function fitsNumber(node: JsonSchema, number: number): boolean {
  if (!allows(node, 'number') && !(allows(node, 'integer') && Number.isInteger(number))) return false;
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = node;
  if (exclusiveMinimum !== undefined && number <= exclusiveMinimum) return false;
  if (exclusiveMaximum !== undefined && number >= exclusiveMaximum) return false;
  return isWithin(number, minimum, maximum);
}

function fitList(node: JsonSchema, list: readonly Json[], place: Place): Fitting | undefined {
  if (!isWithin(list.length, node.minItems, node.maxItems)) return undefined;
  const { items } = node;
  if (typeof items !== 'object') return { value: list };
  const values: Json[] = [];
  for (const item of list) {
    const found = fitAt(items, item, place);
    if (found === undefined) return undefined;
    values.push(found.value);
  }
  return { value: values };
}

function fitMap(node: JsonSchema, map: { readonly [key: string]: Json }, place: Place): Fitting | undefined {
  const { properties = {}, required = [], additionalProperties: others, propertyNames } = node;
  const values: [string, Json][] = [];
  for (const [name, property] of Object.entries(properties)) {
    const given = Object.hasOwn(map, name) ? map[name] : undefined;
    const found = given === undefined ? defaultOf(property) : fitAt(property, given, place);
    if (found !== undefined) values.push([name, found.value]);
    else if (given !== undefined || required.includes(name)) return undefined;
  }
  for (const [name, given] of Object.entries(map)) {
    if (Object.hasOwn(properties, name)) continue;
    if (others === false || (propertyNames !== undefined && fitAt(propertyNames, name, place) === undefined))
      return undefined;
    const found = typeof others === 'object' ? fitAt(others, given, place) : { value: given };
    if (found === undefined) return undefined;
    values.push([name, found.value]);
  }
  return { value: Object.fromEntries(values) };
}

function defaultOf({ default: value }: JsonSchema): Fitting | undefined {
  return value === undefined ? undefined : { value };
}

function isWithin(size: number, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): boolean {
  return size >= least && size <= most;
}

function isMap(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
