import type { CelProblem } from './cel.ts';
import { quote } from './closest.ts';

const symbols: Readonly<Record<string, string>> = {
  EOF: 'the end',
  LPAREN: '(',
  RPAREN: ')',
  LBRACKET: '[',
  RBRACKET: ']',
  LBRACE: '{',
  RBRACE: '}',
  IDENTIFIER: 'a name',
  NUMBER: 'a number',
  STRING: 'a text',
  COLON: ':',
  COMMA: ',',
  DOT: '.',
};

/** A CEL type for people: `double` and `int` are numbers, whatever has keys is a map. */
export function typeInWords(type: string): string {
  const bare = type.replace(/^dyn<(.*)>$/, '$1');
  if (bare === 'double' || bare === 'int' || bare === 'uint') return 'a number';
  if (bare === 'string') return 'text';
  if (bare === 'bool') return 'true or false';
  if (bare === 'null') return 'null';
  if (bare === 'dyn') return 'a value of any kind';
  if (bare.startsWith('list')) return 'a list';
  if (bare.endsWith('Timestamp')) return 'a timestamp';
  if (bare.endsWith('Duration')) return 'a duration';
  if (bare === 'bytes' || bare === 'type') return `a ${bare} value`;
  return 'a map';
}

/** What an expression's problem is and what to do about it. */
export function explainCelProblem({ code, message }: CelProblem): { what: string; remedy: string } {
  switch (code) {
    case 'no_such_overload':
      return explainOverload(message);
    case 'no_matching_overload': {
      const name = /'(?:[^']*\.)?([A-Za-z_]\w*)\(/.exec(message)?.[1] ?? 'this function';
      return {
        what: `the function ${shownName(name)}(…) does not exist, or not for what it is given`,
        remedy: 'check its name, and the number and kind of its values',
      };
    }
    case 'no_such_key':
      return {
        what: `there is no ${quote(message.replace(/^No such key: /, ''))} there`,
        remedy: 'check the name; ask with has(…) first where it may be missing, and put spaces around a minus',
      };
    case 'unknown_variable':
      return {
        what: `${quote(message.replace(/^Unknown variable: /, ''))} is not known here`,
        remedy: 'begin with inputs, env, steps, outputs or run; put text in quotes',
      };
    case 'cannot_index_type':
      return { what: `${typeInWords(message.replace(/^.*'(.*)'$/, '$1'))} has no keys`, remedy: 'read it as it is' };
    case 'invalid_condition_type':
    case 'invalid_logical_operand':
      return { what: 'a condition is not true or false', remedy: 'compare it, for example with == or >' };
    case 'limit_exceeded':
    case 'too_long':
    case 'too_large':
    case 'too_slow':
      return { what: code === 'limit_exceeded' ? 'the expression is too large' : message, remedy: 'make it simpler' };
    case 'not_plain':
      return { what: message, remedy: 'turn it into text with string(…), or into a number with int(…)' };
    case 'invalid_pattern':
      return {
        what: `the pattern of matches(…) is not understood: ${message}`,
        remedy: 'use the common syntax of RE2',
      };
    case 'unexpected_token':
      return explainToken(/Unexpected token: (\w+)/.exec(message)?.[1] ?? '');
    case 'expected_token': {
      const [, wanted = '', got = ''] = /Expected (\w+), got (\w+)/.exec(message) ?? [];
      return {
        what: `${symbol(got)} stands where ${symbol(wanted)} should`,
        remedy: 'check the brackets and the spelling',
      };
    }
    case 'unexpected_character':
      return {
        what: `the character ${quote(message.replace(/^Unexpected character: '?|'$/g, ''))} is not expected here`,
        remedy: 'use && for and, || for or, == for equal; put text in quotes',
      };
    default:
      return {
        what: `${message.charAt(0).toLowerCase()}${message.slice(1)}`,
        remedy: 'correct the expression',
      };
  }
}

function explainOverload(message: string): { what: string; remedy: string } {
  const unary = /^no such overload: ([!-])(\S+)$/.exec(message);
  if (unary) {
    return {
      what: `${unary[1]} does not work on ${typeInWords(unary[2] ?? '')}`,
      remedy: 'compare it first, or remove the sign',
    };
  }
  const [, left = '', operator = '', right = ''] =
    /^no such overload: (.+?) (==|!=|<=|>=|<|>|\+|-|\*|\/|%|in) (.+)$/.exec(message) ?? [];
  if (operator === '') return { what: message, remedy: 'compare like with like' };
  const kinds = [typeInWords(left), typeInWords(right)];
  const asText = operator === '+' && kinds.includes('text');
  return {
    what: `${operator} does not work between ${kinds[0]} and ${kinds[1]}`,
    remedy: asText
      ? 'turn the other into text with string(…)'
      : 'compare like with like; text stands in quotes, numbers do not',
  };
}

function explainToken(token: string): { what: string; remedy: string } {
  return token === 'EOF'
    ? { what: 'the expression ends too early', remedy: 'complete it' }
    : { what: `${symbol(token)} is not expected here`, remedy: 'check the brackets and what stands before it' };
}

function symbol(token: string): string {
  return symbols[token] ?? `${token.toLowerCase()}`;
}

function shownName(name: string): string {
  return name === 'Matches' || name === 'Has' ? name.toLowerCase() : name;
}
