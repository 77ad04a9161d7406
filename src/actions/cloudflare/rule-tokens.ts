import { OpsError } from '../../errors.ts';

/** A token of the Rules language; `at` is its first character's offset in the condition. */
export type RuleToken = { kind: 'string' | 'word' | 'symbol'; text: string; at: number };

const token = /\s+|"((?:[^"\\]|\\.)*)"|([A-Za-z_][A-Za-z0-9_.]*)|(==|!=|&&|\|\||\^\^|[(){},!])/y;

/**
 * Cuts a condition of Cloudflare's Rules language into tokens. Texts lose their quotes and escapes (`\"`, `\\`).
 * Throws `invalid` at the first character that starts none.
 */
export function readTokens(condition: string): RuleToken[] {
  const tokens: RuleToken[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < condition.length) {
    const at = token.lastIndex;
    const match = token.exec(condition);
    if (match === null) {
      throw new OpsError(
        'invalid',
        `cannot read the load balancer rule at character ${at + 1}: ${condition.slice(at)}`,
        {
          hint: 'texts go in double quotes; known are fields, comparisons, and, or, not and parentheses',
        },
      );
    }
    const [, quoted, word, symbol] = match;
    if (quoted !== undefined) tokens.push({ kind: 'string', text: quoted.replace(/\\(.)/g, '$1'), at });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, at });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol, at });
  }
  return tokens;
}
