import { createEvaluator } from './function-evaluator.ts';

/**
 * The program of the child process that runs a CloudFront function, for `node -e`. It reads lines of JSON from its
 * standard input, the first `{ code, limitMs }`, each later one an event, and answers each event with a line of JSON.
 */
export const functionChild = `
'use strict';
const vm = require('node:vm');
const { stdin, stdout } = process;
const createEvaluator = ${createEvaluator.toString()};
let evaluate;
let rest = '';
stdin.setEncoding('utf8');
stdin.on('data', (data) => {
  const lines = (rest + data).split('\\n');
  rest = lines.pop();
  for (const line of lines) {
    if (evaluate !== undefined) stdout.write(evaluate(line) + '\\n');
    else {
      const { code, limitMs } = JSON.parse(line);
      evaluate = createEvaluator(vm, code, limitMs);
    }
  }
});
`;
