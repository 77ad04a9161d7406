import { describe, expect, test } from 'vitest';
import { actions } from '../../src/actions/index.ts';
import { fullLanguage } from '../../src/runbook/full-language.ts';
import { lintRunbook } from '../../src/runbook/lint-runbook.ts';
import { prepareLanguage } from '../../src/runbook/prepare-language.ts';
import { preparedLanguage } from '../../src/runbook/prepared-language.ts';

const full = fullLanguage(actions);
const prepared = preparedLanguage(prepareLanguage(actions));

/** What lint says of a step; by both languages, which must agree on whether it is sound. */
function problemsOf(uses: string, written: string): string[] {
  const inputs = '{ over: { type: duration, default: 5s }, name: { type: string, default: edge } }';
  const text = `title: Try\ninputs: ${inputs}\nsteps:\n  - { id: one, uses: ${uses}, with: ${written} }\n`;
  const { problems } = lintRunbook(full, { file: 'try.yaml', text });
  const proven = lintRunbook(prepared, { file: 'try.yaml', text }).problems.length === 0;
  expect(proven, 'the prepared language').toBe(problems.length === 0);
  return problems.map(({ what }) => what);
}

const over = "'${{ inputs.over }}'";
const name = "'${{ inputs.name }}'";

describe('a rule over several keys is looked at where expressions stand at others', () => {
  test.each(['cloudflare.set-load-balancer', 'manual.change'])('%s: a look and its suite go together', (uses) => {
    const rest = uses === 'manual.change' ? 'instructions: switch' : 'enabled: false';
    expect(problemsOf(uses, `{ ${rest}, last-look: ${name} }`)).toEqual([`${uses} needs "suite" in with`]);
    expect(problemsOf(uses, `{ ${rest}, last-look: edge }`)).toEqual([`${uses} needs "suite" in with`]);
    expect(problemsOf(uses, `{ ${rest}, suite: critical }`)).toEqual([`${uses} needs "last-look" in with`]);
    expect(problemsOf(uses, `{ ${rest}, last-look: ${name}, suite: critical }`)).toEqual([]);
  });

  test('routes differ, and the fallback is one of them', () => {
    const compare = (routes: string, rest = '') =>
      problemsOf('http.compare', `{ suite: critical, over: ${over}, routes: ${routes}${rest} }`);
    expect(compare('[edge, fallback, edge]')).toEqual(['"routes" does not fit']);
    expect(compare('[edge, origin]')).toEqual(['"routes" does not fit']);
    expect(compare('[edge, fallback]')).toEqual([]);
  });

  test('it waits for the run where an expression stands at what it reads', () => {
    const compare = (routes: string, rest = '') =>
      problemsOf('http.compare', `{ suite: critical, routes: ${routes}${rest} }`);
    expect(compare(`[${name}, fallback, ${name}]`)).toEqual([]);
    expect(compare('[edge, origin]', `, fallback: ${name}`)).toEqual([]);
  });
});
