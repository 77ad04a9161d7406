import { Composer, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, Scalar } from 'yaml';
import type { Position } from '../errors.ts';
import type { Json } from '../world/json.ts';
import { quote } from './closest.ts';
import type { Problem } from './problem.ts';
import { findHiddenCharacter, findNestingProblem, findTextProblem, type TextProblem, tokenise } from './yaml-bounds.ts';
import { explainYamlError } from './yaml-errors.ts';

/** Keys and indexes that lead from the top of a document to a value. */
export type Path = readonly (string | number)[];

/** A parsed YAML document: plain data, and where each part of it stands in the file. */
export type YamlSource = {
  file: string;
  data: Json;
  /** Where the value at the path begins; where the nearest value above it does, when there is none. */
  positionOf(path: Path): Position;
  /** Where the key that leads to the path begins (for list items: the item). */
  keyPositionOf(path: Path): Position;
  /** Where the `offset`th character of the text at the path stands; its beginning, where escapes or folding hide it. */
  positionInText(path: Path, offset: number): Position;
};

type Place = { key: number; value: number; scalar?: Scalar };

const maxNodes = 20_000;
/** Of a text that is no YAML; the later complaints follow from the earlier ones. */
const maxComplaints = 50;
const emptyFile = { what: 'the file is empty', remedy: 'write its keys, such as title' };

/** Parses YAML 1.2 into plain JSON with positions, or says everything that is wrong with it. Never throws for any text. */
export function parseYaml(file: string, text: string): { source: YamlSource } | { problems: Problem[] } {
  const { source, problems } = readYaml(file, text);
  return source === undefined || problems.length > 0 ? { problems } : { source };
}

/**
 * The same, for those who look further: where the text has a shape although something is wrong with it (a key that is
 * given twice), the source is there beside the problems, so that all of a file's problems can be told in one go.
 */
export function readYaml(file: string, text: string): { source: YamlSource | undefined; problems: Problem[] } {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(Math.max(0, Math.min(offset, text.length)));
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const refuse = ({ offset, what, remedy }: TextProblem) => ({
    source: undefined,
    problems: [{ where: at(offset), what, remedy }],
  });
  countLines(text, lines);
  const unreadable = findTextProblem(text);
  if (unreadable) return refuse(unreadable);
  const read = tokenise(text);
  if ('problem' in read) return refuse(read.problem);
  const { tokens } = read;
  const bottomless = findNestingProblem(tokens);
  if (bottomless) return refuse(bottomless);

  const composer = new Composer({ version: '1.2', uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  const [document, second] = composer.compose(tokens, true, text.length);
  if (document === undefined) return refuse({ offset: 0, ...emptyFile });
  // Unknown tags are told where the value is read.
  const complaints = [...document.errors, ...document.warnings].filter(({ code }) => code !== 'TAG_RESOLVE_FAILED');
  const problems: Problem[] = complaints
    .slice(0, maxComplaints)
    .map((error) => ({ where: at(error.pos[0]), ...explainYamlError(error) }));
  if (second) {
    const remedy = 'keep one document a file, without further --- lines';
    problems.push({ where: at(second.range[0]), what: 'the file holds several documents', remedy });
  }
  const isShapeless = problems.length > 0;
  const places = new Map<string, Place>();
  const data = readTop(document, places, (offset, what, remedy) => problems.push({ where: at(offset), what, remedy }));
  if (isShapeless || data === undefined) return { source: undefined, problems };
  return { source: sourceOf(file, text, data, places, at), problems };
}

type Report = (offset: number, what: string, remedy: string) => void;

function readTop(document: Document.Parsed, places: Map<string, Place>, report: Report): Json | undefined {
  const top = document.contents;
  if (top === null) {
    report(0, emptyFile.what, emptyFile.remedy);
    return undefined;
  }
  if (!isMap(top)) {
    report(top.range[0], 'the file is not a map of keys', 'begin it with keys, such as title: …');
    return undefined;
  }
  let budget = maxNodes;
  const resolving = new Set<Node>();
  let aliasOffset: number | undefined;

  const read = (node: unknown, path: Path, keyOffset: number): Json => {
    budget -= 1;
    if (budget === 0)
      report(
        aliasOffset ?? keyOffset,
        'the file holds too many values (aliases count each time)',
        'write a smaller file',
      );
    if (budget <= 0) return null;
    if (isAlias(node)) return readAlias(node, path, keyOffset);
    const offset = offsetOf(node, keyOffset);
    places.set(keyOf(path), { key: keyOffset, value: offset, ...(isScalar(node) ? { scalar: node } : {}) });
    if (hasForeignTag(node)) {
      const tag = node.tag.replace(/^tag:yaml\.org,2002:/, '!!');
      report(offset, `the tag ${tag} is not known here`, 'remove it, or put text that begins with ! in quotes');
      return null;
    }
    if (isSeq(node)) return node.items.map((item, index) => read(item, [...path, index], offsetOf(item, offset)));
    if (isMap(node)) return readMap(node.items, path, offset);
    if (isScalar(node)) return readScalar(node, offset);
    return null;
  };

  const readAlias = (alias: Node & { source: string }, path: Path, keyOffset: number): Json => {
    const offset = offsetOf(alias, keyOffset);
    places.set(keyOf(path), { key: keyOffset, value: offset });
    const target = isAlias(alias) ? alias.resolve(document) : undefined;
    if (target === undefined) {
      report(
        offset,
        `the alias *${alias.source} has no anchor above it`,
        `write &${alias.source} at the value, or remove the alias`,
      );
      return null;
    }
    if (resolving.has(target)) {
      report(offset, `the alias *${alias.source} contains itself`, 'write the value out');
      return null;
    }
    const outer = aliasOffset;
    aliasOffset ??= offset;
    resolving.add(target);
    const value = read(target, path, keyOffset);
    resolving.delete(target);
    aliasOffset = outer;
    return value;
  };

  const readMap = (pairs: readonly { key: unknown; value: unknown }[], path: Path, offset: number): Json => {
    const entries = new Map<string, Json>();
    for (const { key, value } of pairs) {
      if (budget <= 0) break;
      const keyOffset = offsetOf(key, offset);
      if (!isScalar(key) || (typeof key.value !== 'string' && typeof key.value !== 'number')) {
        report(keyOffset, 'a key is not text', 'put it in quotes');
        continue;
      }
      const name = typeof key.value === 'number' && key.source !== undefined ? key.source : String(key.value);
      const hidden = findHiddenCharacter(name);
      if (hidden) report(keyOffset, hidden.what, hidden.remedy);
      else if (name === '<<') report(keyOffset, 'merge keys (<<) are not part of YAML 1.2', 'write the keys out');
      else if (name === '__proto__') report(keyOffset, 'a key may not be named "__proto__"', 'rename it');
      else if (entries.has(name)) report(keyOffset, `the key ${quote(name)} is given twice`, 'remove one of them');
      else {
        if (value === null) places.set(keyOf([...path, name]), { key: keyOffset, value: keyOffset });
        entries.set(name, value === null ? null : read(value, [...path, name], keyOffset));
      }
    }
    return Object.fromEntries(entries);
  };

  const readScalar = (node: Scalar, offset: number): Json => {
    const { value } = node;
    const hidden = typeof value === 'string' ? findHiddenCharacter(value) : undefined;
    if (hidden) report(offset, hidden.what, hidden.remedy);
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number') {
      const exact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
      if (exact) return value;
      report(
        offset,
        `the number ${quote(node.source ?? String(value))} cannot be kept exactly`,
        'put it in quotes if it is text',
      );
      return 0;
    }
    report(offset, 'the value is not text, a number, true, false or null', 'put it in quotes');
    return null;
  };

  return read(top, [], top.range[0]);
}

function sourceOf(
  file: string,
  text: string,
  data: Json,
  places: ReadonlyMap<string, Place>,
  at: (offset: number) => Position,
): YamlSource {
  const placeOf = (path: Path): Place => {
    for (let length = path.length; length >= 0; length -= 1) {
      const place = places.get(keyOf(path.slice(0, length)));
      if (place) return place;
    }
    return { key: 0, value: 0 };
  };
  return {
    file,
    data,
    positionOf: (path) => at(placeOf(path).value),
    keyPositionOf: (path) => at(placeOf(path).key),
    positionInText: (path, offset) => at(textOffset(text, placeOf(path), offset)),
  };
}

/** Where a character of a scalar's value stands in the file's text. Quotes, folding and escapes move it. */
function textOffset(text: string, place: Place, offset: number): number {
  const { scalar } = place;
  const range = scalar?.range;
  if (typeof scalar?.value !== 'string' || !range) return place.value;
  const quoted = scalar.type === Scalar.QUOTE_SINGLE || scalar.type === Scalar.QUOTE_DOUBLE;
  const start = range[0] + (quoted ? 1 : 0);
  if (text.startsWith(scalar.value, start)) return start + offset;
  // Folded, escaped or a block: find the rest of that line of the value where the file has it.
  const rest = scalar.value.slice(offset).split('\n', 1)[0] ?? '';
  const found = rest === '' ? -1 : text.slice(0, range[1]).indexOf(rest, start);
  return found >= 0 ? found : place.value;
}

function hasForeignTag(node: unknown): node is Node & { tag: string } {
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) return false;
  if (node.tag === undefined) return false;
  const [, name] = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/.exec(node.tag) ?? [];
  // A tag that does not fit its text leaves the text as it is.
  return name === undefined || (isScalar(node) && name !== 'str' && typeof node.value === 'string');
}

function offsetOf(node: unknown, otherwise: number): number {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return otherwise;
  return node.range?.[0] ?? otherwise;
}

function countLines(text: string, lines: LineCounter): void {
  lines.addNewLine(0);
  for (let offset = text.indexOf('\n'); offset >= 0; offset = text.indexOf('\n', offset + 1))
    lines.addNewLine(offset + 1);
}

function keyOf(path: Path): string {
  return JSON.stringify(path);
}
