import type { Json } from '../world/json.ts';
import { typeInWords } from './cel-problems.ts';
import { findClosing } from './cel-scan.ts';
import { type Compiled, compileExpression } from './compile-expression.ts';
import type { Lint } from './lint.ts';
import type { StepNode } from './outline.ts';
import type { Expression, Template } from './runbook.ts';
import type { Path } from './yaml-source.ts';

/** A place in a template whose value is known only when it runs: the CEL type of what will stand there. */
export type Hole = { path: Path; type: string };

/** Makes a template of a value: every text in it may hold `${{ … }}`. Holes get their path below `path`. */
export function compileTemplate(
  lint: Lint,
  value: Json,
  path: Path,
  reader: StepNode | undefined,
): { template: Template; holes: Hole[] } {
  const holes: Hole[] = [];
  const compile = (inner: Json, below: Path): Template => {
    const where = lint.source.positionOf([...path, ...below]);
    if (typeof inner === 'string') {
      const { template, type } = compileText(lint, inner, [...path, ...below], reader);
      if (type !== undefined) holes.push({ path: below, type });
      return template;
    }
    if (typeof inner !== 'object' || inner === null) return { kind: 'literal', value: inner, where };
    if (Array.isArray(inner)) {
      return joined(
        { kind: 'list', items: inner.map((item: Json, index) => compile(item, [...below, index])), where },
        inner,
      );
    }
    const entries = Object.entries(inner).map(([key, item]): [string, Template] => [
      key,
      compile(item, [...below, key]),
    ]);
    return joined({ kind: 'map', entries: Object.fromEntries(entries), where }, inner);
  };
  return { template: compile(value, []), holes };
}

/** A list or map without expressions is a literal as a whole. */
function joined(template: Extract<Template, { kind: 'list' | 'map' }>, value: Json): Template {
  const parts = template.kind === 'list' ? template.items : Object.values(template.entries);
  return parts.every((part) => part.kind === 'literal') ? { kind: 'literal', value, where: template.where } : template;
}

function compileText(
  lint: Lint,
  text: string,
  path: Path,
  reader: StepNode | undefined,
): { template: Template; type: string | undefined } {
  const where = lint.source.positionOf(path);
  const parts: (string | Compiled)[] = [];
  let position = 0;
  for (let open = text.indexOf('${{'); open >= 0; open = text.indexOf('${{', position)) {
    const start = open + 3;
    const end = findClosing(text, start);
    if (end === undefined) {
      lint.problems.push({
        where: lint.source.positionInText(path, open),
        what: 'the expression is not closed',
        remedy: 'close it with }}, and close the quotes in it',
      });
      return { template: { kind: 'literal', value: text, where }, type: 'dyn' };
    }
    if (open > position) parts.push(text.slice(position, open));
    const inside = text.slice(start, end);
    const leading = inside.length - inside.trimStart().length;
    const compiled = compileExpression(lint, inside.trim(), { path, offset: start + leading, reader });
    if (compiled) {
      if (!isPlain(compiled.type)) {
        lint.problems.push({
          where: compiled.expression.where,
          what: `the value is ${typeInWords(compiled.type)}, which cannot be written into a step`,
          remedy: 'turn it into text with string(…)',
        });
      }
      parts.push(isPlain(compiled.type) ? compiled : { ...compiled, type: 'dyn' });
    }
    position = end + 2;
  }
  if (position === 0) return { template: { kind: 'literal', value: text, where }, type: undefined };
  if (position < text.length) parts.push(text.slice(position));
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'object') {
    return { template: { kind: 'expression', expression: only.expression, where }, type: only.type };
  }
  const made = parts.map((part): string | Expression => (typeof part === 'string' ? part : part.expression));
  const isBroken = made.length === 0 || /^\s*\$\{\{[^}]*\}\}\s*$/.test(text);
  return { template: { kind: 'text', parts: made, where }, type: isBroken ? 'dyn' : 'string' };
}

function isPlain(type: string): boolean {
  return !/^(google\.protobuf\.|bytes$|type$|uint$)/.test(type);
}
