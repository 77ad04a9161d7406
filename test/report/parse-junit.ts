import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';

/** Without it `parseJUnit` cannot be used: its `status` is not 0. */
export const python = spawnSync('python3', ['-c', 'import xml.etree.ElementTree'], { encoding: 'utf8' });
const reader = `
import json, sys, xml.etree.ElementTree as tree
def told(case):
    return [case.get('classname'), case.get('name'), case.get('time')] + [[c.tag, c.get('type'), c.get('message'), c.text] for c in case]
print(json.dumps([[dict(suite.attrib), [told(case) for case in suite.iter('testcase')]] for suite in tree.fromstring(sys.stdin.buffer.read()).iter('testsuite')]))`;

type Read = [
  Record<string, string>,
  [string, string, string, ...[string, string | null, string | null, string | null][]][],
];

/** The file as another XML parser reads it: the suite's attributes, and each case with its class name, name, time and children. */
export function parseJUnit(text: string): Read {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', reader], { input: text, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  const [suite]: Read[] = JSON.parse(stdout);
  if (suite === undefined) throw new Error('no test suite');
  return suite;
}
