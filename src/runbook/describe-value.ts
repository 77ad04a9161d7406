import type { Json } from '../world/json.ts';
import { quote } from './closest.ts';

/** A value as a person would name it: `the number 5`, `the text "x"`, `a list`. */
export function describeValue(value: Json): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string'
    ? `the text ${quote(value)}`
    : typeof value === 'number'
      ? `the number ${value}`
      : `${value}`;
}
