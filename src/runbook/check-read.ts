import { closestTo, quote, suggest } from './closest.ts';
import type { Lint } from './lint.ts';
import type { StepNode } from './outline.ts';
import type { Read, RuleBreach } from './reads.ts';
import type { Shape } from './shape.ts';
import { whyUnreadable } from './visibility.ts';

/** Where an expression stands: the step it belongs to (none: the lock), and the step's own outputs (in `expect`). */
type Reader = { reader: StepNode | undefined; outputs?: Shape };

/** What is wrong with one read of an expression; `all` are the expression's reads, for what `has(…)` asks about. */
export function checkRead(lint: Lint, read: Read, all: readonly Read[], place: Reader): RuleBreach[] {
  const { shapes } = lint;
  switch (read.root) {
    case 'inputs':
      return followKeys({ shape: shapes.inputs, from: 0, named: 'inputs', mustBeThere: true }, read, all);
    case 'env': {
      const mustBeThere = lint.environment !== undefined;
      return followKeys({ shape: shapes.env, from: 0, named: 'env', mustBeThere }, read, all);
    }
    case 'run':
      return followKeys({ shape: shapes.run, from: 0, named: 'run' }, read, all);
    case 'outputs':
      if (place.outputs) return followKeys({ shape: place.outputs, from: 0, named: 'outputs' }, read, all);
      return breach(
        read.offset,
        'outputs are there only in expect, when the step has run',
        'read an earlier step: steps.ID.outputs',
      );
    case 'steps':
      return checkStepRead(lint, read, all, place);
    default: {
      const known = ['inputs', 'env', 'steps', 'outputs', 'run'];
      const remedy = closestTo(read.root, known) === undefined ? 'put text in quotes, or ' : '';
      return breach(read.offset, `${quote(read.root)} is not known here`, `${remedy}${suggest(read.root, known)}`);
    }
  }
}

function breach(offset: number, what: string, remedy: string): RuleBreach[] {
  return [{ offset, what, remedy }];
}

function checkStepRead(lint: Lint, read: Read, all: readonly Read[], place: Reader): RuleBreach[] {
  const [first, second] = read.steps;
  if (place.reader === undefined) {
    return breach(read.offset, 'steps cannot be read here: none has run', 'use inputs, env or run');
  }
  if (typeof first?.key !== 'string') {
    return breach(read.offset, 'steps is read without naming a step', 'write steps.ID.outputs');
  }
  const unreadable = whyUnreadable(place.reader, first.key, lint.outline, mayBeAsked(lint, read, all));
  if (unreadable) return [{ offset: first.offset, ...unreadable }];
  if (second?.key !== 'outputs') {
    return breach(second?.offset ?? first.offset, 'a step has only outputs', `write steps.${first.key}.outputs`);
  }
  const shape = lint.shapes.outputs.get(first.key);
  return shape ? followKeys({ shape, from: 2, named: `steps.${first.key}.outputs` }, read, all) : [];
}

/**
 * Whether `has(steps.ID.outputs)` in the same expression makes up for outputs that may not be there. Nobody waits for an
 * optional change, which may be tried again for long; an optional check ends in its time box.
 */
function mayBeAsked(lint: Lint, read: Read, all: readonly Read[]): boolean {
  const [first, second] = read.steps;
  const target = typeof first?.key === 'string' ? lint.outline.byId.get(first.key) : undefined;
  if (target === undefined || second?.key !== 'outputs' || !isAsked(read, 1, all)) return false;
  return !target.optional || lint.actions.get(target.raw.uses ?? '')?.kind === 'check';
}

/** `mustBeThere`: a key that may be missing is reported unless `has(…)` asks about it. */
type Start = { shape: Shape; from: number; named: string; mustBeThere?: boolean };

/** Follows a chain of keys through what is known; ends at the first that is not there. */
function followKeys(start: Start, read: Read, all: readonly Read[]): RuleBreach[] {
  let { shape, named } = start;
  for (const [index, { key, offset, isLoop }] of read.steps.entries()) {
    if (index < start.from) continue;
    if (shape.kind === 'any' || (shape.kind === 'struct' && key === undefined)) return [];
    // A loop over a map goes through its keys.
    if (isLoop && shape.kind !== 'list') return [];
    if (shape.kind === 'list' && typeof key !== 'string') {
      shape = shape.item;
    } else if (shape.kind === 'map') {
      shape = shape.value;
    } else if (shape.kind === 'struct') {
      const name = String(key);
      const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
      if (!field)
        return breach(offset, `${named} has no ${quote(name)}`, suggestField(name, Object.keys(shape.fields)));
      if (field.optional && start.mustBeThere && !isAsked(read, index, all)) return missing(offset, named, name);
      shape = field.shape;
    } else {
      const remedy =
        shape.kind === 'list' ? 'take an item, such as [0], or loop with .all(…) or .exists(…)' : 'read it as it is';
      return breach(offset, `${named} is ${kindInWords(shape)} and has no key ${quote(String(key))}`, remedy);
    }
    named = typeof key === 'string' ? `${named}.${key}` : `${named}[${key ?? '…'}]`;
  }
  if (shape.kind !== 'text' || shape.values === undefined) return [];
  const { values } = shape;
  return read.comparedWith
    .filter(({ text }) => !values.includes(text))
    .map(({ text, offset }) => ({ offset, what: `${named} is never ${quote(text)}`, remedy: suggest(text, values) }));
}

/** Names may hold dashes, so that a minus without spaces reads as one. */
function suggestField(name: string, fields: readonly string[]): string {
  const parts = name.split('-');
  const isMinus = parts.some((_, count) => count > 0 && fields.includes(parts.slice(0, count).join('-')));
  const closest = closestTo(name, fields);
  return isMinus && !closest?.includes('-') ? 'put spaces around the minus' : suggest(name, fields);
}

function missing(offset: number, named: string, name: string): RuleBreach[] {
  const what =
    named === 'inputs'
      ? `the input ${quote(name)} may not be given, and has no default`
      : `this environment has no ${named}.${name}`;
  const first = named === 'inputs' ? 'give it a default' : 'add it to the environment';
  return breach(offset, what, `${first}, or ask first: has(${named}.${name})`);
}

/** Whether `has(…)` asks in the same expression about what the read passes through up to `index`. */
function isAsked(read: Read, index: number, all: readonly Read[]): boolean {
  const keys = read.steps.slice(0, index + 1).map((step) => step.key);
  return all.some(
    (other) =>
      other.inHas &&
      other.root === read.root &&
      other.steps.length >= keys.length &&
      keys.every((key, place) => other.steps[place]?.key === key),
  );
}

function kindInWords(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return 'text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'list':
      return 'a list';
    default:
      return 'a single value';
  }
}
