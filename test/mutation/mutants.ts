import { parseAst } from 'rolldown/parseAst';

/** One small change of a source file: the text from `start` to `end` becomes `replacement`. */
export type Mutant = {
  file: string;
  /** Counted from 1. */
  line: number;
  column: number;
  start: number;
  end: number;
  /** What kind of change it is. */
  operator: string;
  replacement: string;
  /** The number of the innermost statement around it, as {@link trackReach} counts; undefined at the file's top level. */
  statement: number | undefined;
};

/** A node of the syntax tree (ESTree); fields differ by type, and are read with the checks below. */
type Node = { type: string; start: number; end: number; [field: string]: unknown };

/** Where a walk is: the nodes above, nearest last. */
type Visit = (node: Node, above: readonly Node[]) => void;

/** Every change that can be made to a file, in the order of its text. */
export function findMutants(file: string, text: string): Mutant[] {
  const found: Mutant[] = [];
  const { statements } = trackedOf(text);
  walk(parse(text), [], (node, above) => {
    for (const { operator, replacement, at = node } of changesOf(node, above, text)) {
      const before = text.slice(0, at.start).split('\n');
      const inner = statements.filter(({ start, end }) => start <= at.start && at.end <= end);
      found.push({
        file,
        line: before.length,
        column: (before.at(-1)?.length ?? 0) + 1,
        start: at.start,
        end: at.end,
        operator,
        replacement,
        statement: inner.sort((a, b) => a.end - a.start - (b.end - b.start))[0]?.number,
      });
    }
  });
  return found.sort((a, b) => a.start - b.start || a.operator.localeCompare(b.operator));
}

/** The text with the change made. */
export function applyMutant(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

/** The text with a call `reached(file, number)` at every statement in a body, so that tests can tell where they come by. */
export function trackReach(file: string, text: string): string {
  const inserts = trackedOf(text).statements.flatMap(({ start, end, number, isExpression }) => {
    const call = `globalThis.reached?.(${JSON.stringify(file)}, ${number})`;
    if (!isExpression) return [{ at: start, text: `${call}; ` }];
    return [
      { at: start, text: `(${call}, ` },
      { at: end, text: ')' },
    ];
  });
  // From the end on, so that places stay true; at one place the outer comes first in the text.
  const ordered = inserts
    .map((insert, index) => ({ ...insert, index }))
    .sort((a, b) => b.at - a.at || b.index - a.index);
  return ordered.reduce((done, insert) => done.slice(0, insert.at) + insert.text + done.slice(insert.at), text);
}

type Tracked = { start: number; end: number; number: number; isExpression: boolean };

/** The statements in bodies of functions, and the arrow functions' bodies that are expressions. */
function trackedOf(text: string): { statements: Tracked[] } {
  const statements: Tracked[] = [];
  walk(parse(text), [], (node, above) => {
    const parent = above.at(-1);
    const inBody = parent?.type === 'BlockStatement' || (parent?.type === 'SwitchCase' && node !== parent.test);
    const isArrowBody =
      parent?.type === 'ArrowFunctionExpression' && parent.body === node && node.type !== 'BlockStatement';
    if (!inBody && !isArrowBody) return;
    if (node.type === 'FunctionDeclaration') return; // Declared before it is come by.
    statements.push({ start: node.start, end: node.end, number: statements.length, isExpression: isArrowBody });
  });
  return { statements };
}

type Change = { operator: string; replacement: string; at?: Node };

const comparisons = new Map([
  ['===', ['!==']],
  ['!==', ['===']],
  ['<', ['<=', '>=']],
  ['<=', ['<', '>']],
  ['>', ['>=', '<=']],
  ['>=', ['>', '<']],
]);
const arithmetic = new Map(Object.entries({ '+': '-', '-': '+', '*': '/', '/': '*', '%': '*' }));
const methods = new Map(Object.entries({ some: 'every', every: 'some', min: 'max', max: 'min' }));
const assignments = new Map(Object.entries({ '+=': '-=', '-=': '+=', '??=': '=', '||=': '=', '&&=': '=' }));

function changesOf(node: Node, above: readonly Node[], text: string): Change[] {
  const source = (part: Node) => text.slice(part.start, part.end);
  const { left, right, operator, argument } = node;
  switch (node.type) {
    case 'IfStatement':
    case 'ConditionalExpression':
      return isNode(node.test) ? ['true', 'false'].map((to) => condition(node.test, to)) : [];
    case 'WhileStatement':
    case 'ForStatement':
      return isNode(node.test) ? [condition(node.test, 'false')] : [];
    case 'BinaryExpression': {
      if (!isNode(left) || !isNode(right) || typeof operator !== 'string') return [];
      const to = [
        ...(comparisons.get(operator) ?? []),
        ...(isText(left) || isText(right) ? [] : [arithmetic.get(operator)]),
      ];
      return to.flatMap((sign) =>
        sign === undefined
          ? []
          : [{ operator: `${operator} → ${sign}`, replacement: `(${source(left)}) ${sign} (${source(right)})` }],
      );
    }
    case 'LogicalExpression': {
      if (!isNode(left) || !isNode(right) || typeof operator !== 'string') return [];
      if (operator === '??') return [{ operator: '?? → left', replacement: source(left) }];
      const sign = operator === '&&' ? '||' : '&&';
      return [{ operator: `${operator} → ${sign}`, replacement: `((${source(left)}) ${sign} (${source(right)}))` }];
    }
    case 'UnaryExpression':
      return operator === '!' && isNode(argument) ? [{ operator: '! removed', replacement: source(argument) }] : [];
    case 'UpdateExpression':
      return [{ operator: `${operator} turned`, replacement: source(node).replace(/\+\+|--/, turned) }];
    case 'AwaitExpression':
      // Outside of a `try`, what an async function returns is waited for by its caller all the same.
      if (above.at(-1)?.type === 'ReturnStatement' && !isWithinTry(above)) return [];
      return isNode(argument) ? [{ operator: 'await removed', replacement: source(argument) }] : [];
    case 'AssignmentExpression': {
      const to = typeof operator === 'string' ? assignments.get(operator) : undefined;
      if (to === undefined || !isNode(left) || !isNode(right)) return [];
      return [{ operator: `${operator} → ${to}`, replacement: `${source(left)} ${to} ${source(right)}` }];
    }
    case 'ExpressionStatement':
      return isNode(node.expression) && node.directive === undefined
        ? [{ operator: 'statement removed', replacement: ';' }]
        : [];
    case 'ReturnStatement':
      return isNode(argument) && source(argument) !== 'undefined'
        ? [{ operator: 'nothing returned', replacement: 'return undefined;' }]
        : [];
    case 'ThrowStatement':
      return [{ operator: 'throw removed', replacement: ';' }];
    case 'ContinueStatement':
    case 'BreakStatement':
      return [{ operator: `${source(node).replace(';', '')} removed`, replacement: ';' }];
    case 'MemberExpression': {
      const { property } = node;
      if (!isNode(property) || node.computed === true || above.at(-1)?.type !== 'CallExpression') return [];
      const to = methods.get(source(property));
      return to === undefined ? [] : [{ operator: `${source(property)} → ${to}`, replacement: to, at: property }];
    }
    case 'Literal':
      return literalChanges(node, above);
    default:
      return [];
  }
}

function condition(test: unknown, to: string): Change {
  if (!isNode(test)) throw new Error('a condition that is no node');
  return { operator: `condition → ${to}`, replacement: to, at: test };
}

function isWithinTry(above: readonly Node[]): boolean {
  const nearest = above.findLast(({ type }) => type === 'TryStatement' || /Function/.test(type));
  return nearest?.type === 'TryStatement';
}

const turned = (sign: string) => (sign === '++' ? '--' : '++');

function literalChanges({ value }: Node, above: readonly Node[]): Change[] {
  const parent = above.at(-1);
  if (parent === undefined || /^(Import|Export)/.test(parent.type)) return [];
  if (typeof value === 'boolean') return [{ operator: `${value} → ${!value}`, replacement: String(!value) }];
  // Larger ones are bounds of time and size, where one more or less is the same promise.
  if (typeof value === 'number' && value <= 2)
    return [{ operator: `${value} → ${value + 1}`, replacement: String(value + 1) }];
  // Names that code acts on; words for people, and words of errors, are left alone.
  const isName = typeof value === 'string' && /^[a-z][a-z-]*$/.test(value);
  const isActedOn =
    [
      'BinaryExpression',
      'Property',
      'ReturnStatement',
      'SwitchCase',
      'ArrayExpression',
      'ConditionalExpression',
    ].includes(parent.type) || parent.type === 'CallExpression';
  const isKey = parent.type === 'Property' && (parent.key === above.at(-1) || isKeyOf(parent, value));
  return isName && isActedOn && !isKey ? [{ operator: 'name changed', replacement: "'mutated'" }] : [];
}

function isKeyOf({ key, value }: Node, text: unknown): boolean {
  return isNode(key) && key.type === 'Literal' && key.value === text && !(isNode(value) && value.value === text);
}

/** Adding texts has no opposite. */
function isText(node: Node): boolean {
  if (node.type === 'TemplateLiteral' || typeof node.value === 'string') return true;
  return node.type === 'BinaryExpression' && [node.left, node.right].some((side) => isNode(side) && isText(side));
}

function parse(text: string): Node {
  const tree: unknown = parseAst(text, { lang: 'ts' });
  if (!isNode(tree)) throw new Error('the parser answered with no tree');
  return tree;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value && 'end' in value;
}

/** Types say nothing at run time; these are expressions with a type beside them. */
const typed = new Set(['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression', 'TSTypeAssertion']);

function walk(node: Node, above: readonly Node[], visit: Visit): void {
  if (node.type.startsWith('TS') && !typed.has(node.type)) return;
  visit(node, above);
  const within = [...above, node];
  for (const [field, value] of Object.entries(node)) {
    if (field === 'parent') continue;
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, within, visit);
  }
}
