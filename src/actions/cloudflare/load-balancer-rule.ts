import { OpsError } from '../../errors.ts';
import { type RuleToken, readTokens } from './rule-tokens.ts';

/** What a rule sees of a request. */
export type RuleRequest = {
  method: string;
  /** Path without query, normalized. */
  path: string;
  /** Path without query, as it was sent. */
  rawPath: string;
  /** Query without `?`; empty when there is none. */
  query: string;
  host: string;
};

type Value = (request: RuleRequest) => string;
type Predicate = (request: RuleRequest) => boolean;

const fields: Readonly<Record<string, Value>> = {
  'http.request.method': (request) => request.method,
  'http.request.uri.path': (request) => request.path,
  'raw.http.request.uri.path': (request) => request.rawPath,
  'raw.http.request.uri': ({ rawPath, query }) => withQuery(rawPath, query),
  'http.request.uri.query': (request) => request.query,
  'http.request.uri': ({ path, query }) => withQuery(path, query),
  'http.host': (request) => request.host,
};

function withQuery(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`;
}

const textTests: Readonly<Record<string, (text: string, part: string) => boolean>> = {
  starts_with: (text, part) => text.startsWith(part),
  ends_with: (text, part) => text.endsWith(part),
};

const comparisons: Readonly<Record<string, (left: string, right: string) => boolean>> = {
  eq: (left, right) => left === right,
  '==': (left, right) => left === right,
  ne: (left, right) => left !== right,
  '!=': (left, right) => left !== right,
  contains: (left, right) => left.includes(right),
};

/**
 * Reads the condition of a load balancer rule into a predicate: the part of Cloudflare's Rules language that routes by
 * method, path, query and host (`eq`, `ne`, `contains`, `in {…}`, `starts_with`, `ends_with`, `lower`, `upper`, `not`,
 * `and`, `xor`, `or` in that order of precedence, parentheses). An empty condition is always true (API reference,
 * load balancers, `condition`). Throws `invalid`, naming the place, for everything else.
 */
export function readRuleCondition(condition: string): Predicate {
  if (condition.trim() === '') return () => true;
  const tokens = readTokens(condition);
  let position = 0;

  const fail = (expected: string): never => {
    const token = tokens[position];
    const found = token === undefined ? 'the end' : `"${token.text}" at character ${token.at + 1}`;
    throw new OpsError('invalid', `cannot read the load balancer rule: expected ${expected}, found ${found}`, {
      hint: `only the part of Cloudflare's Rules language that routes by method, path, query and host is known; it is: ${condition}`,
    });
  };
  const take = (...texts: string[]): string | undefined => {
    const token = tokens[position];
    if (token === undefined || token.kind === 'string' || !texts.includes(token.text)) return undefined;
    position += 1;
    return token.text;
  };
  const need = (text: string) => take(text) ?? fail(`"${text}"`);
  const text = (): string => {
    const token = tokens[position];
    if (token?.kind !== 'string') return fail('a text in double quotes');
    position += 1;
    return token.text;
  };
  const value = (): Value => {
    const change = take('lower', 'upper');
    if (change !== undefined) {
      need('(');
      const inner = value();
      need(')');
      return (request) => (change === 'lower' ? inner(request).toLowerCase() : inner(request).toUpperCase());
    }
    const field = take(...Object.keys(fields));
    return (field === undefined ? undefined : fields[field]) ?? fail(`a field (${Object.keys(fields).join(', ')})`);
  };
  const listed = (): Set<string> => {
    need('{');
    const items = new Set<string>();
    while (take('}') === undefined) items.add(text());
    return items;
  };
  const comparison = (): Predicate => {
    const left = value();
    if (take('in') !== undefined) {
      const items = listed();
      return (request) => items.has(left(request));
    }
    const operator = take(...Object.keys(comparisons));
    const compare = operator === undefined ? undefined : comparisons[operator];
    if (compare === undefined) return fail(`a comparison (${Object.keys(comparisons).join(', ')}, in)`);
    const right = text();
    return (request) => compare(left(request), right);
  };
  const primary = (): Predicate => {
    if (take('(') !== undefined) {
      const inner = either();
      need(')');
      return inner;
    }
    if (take('true') !== undefined) return () => true;
    if (take('false') !== undefined) return () => false;
    const name = take(...Object.keys(textTests));
    const test = name === undefined ? undefined : textTests[name];
    if (test === undefined) return comparison();
    need('(');
    const subject = value();
    need(',');
    const part = text();
    need(')');
    return (request) => test(subject(request), part);
  };
  const negation = (): Predicate => {
    if (take('not', '!') === undefined) return primary();
    const inner = negation();
    return (request) => !inner(request);
  };
  const chain = (operand: () => Predicate, operators: string[], join: (a: boolean, b: boolean) => boolean) => () => {
    let left = operand();
    while (take(...operators) !== undefined) {
      const before = left;
      const right = operand();
      left = (request) => join(before(request), right(request));
    }
    return left;
  };
  const both = chain(negation, ['and', '&&'], (a, b) => a && b);
  const exclusive = chain(both, ['xor', '^^'], (a, b) => a !== b);
  const either = chain(exclusive, ['or', '||'], (a, b) => a || b);

  const predicate = either();
  const rest: RuleToken | undefined = tokens[position];
  return rest === undefined ? predicate : fail('"and", "or", "xor" or the end');
}
