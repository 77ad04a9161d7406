/**
 * The program of the child process that runs a CloudFront function: plain JavaScript for `node -e`. It reads lines of
 * JSON from its standard input, the first `{ code, limitMs }`, each later one an event, and answers each event with a line
 * of JSON. The function runs in a context of its own that holds the language and nothing else: only texts cross over, so
 * that no object of the outside can be reached from within, and no code can be made from text.
 */
export const functionChild = String.raw`
'use strict';
const vm = require('node:vm');
const { stdin, stdout } = process;
let context;
let limitMs = 50;
const evaluate = (text) => vm.runInContext(text, context, { timeout: limitMs, filename: 'function.js' });
const literal = (text) => JSON.stringify(text);

const prelude = ${'`'}
delete globalThis.WebAssembly; delete globalThis.SharedArrayBuffer; delete globalThis.Atomics;
globalThis.__state = { origin: null, logs: [], outcome: null };
globalThis.console = (() => {
  const log = (...parts) => {
    if (__state.logs.length < 100) __state.logs.push(parts.map((part) => typeof part === 'object' ? JSON.stringify(part) : String(part)).join(' ').slice(0, 1000));
  };
  return { log, error: log, warn: log, info: log, debug: log };
})();
globalThis.__cloudfront = Object.freeze({
  updateRequestOrigin(changes) { __state.origin = { by: 'update', changes: changes ?? {} }; },
  selectRequestOriginById(originId, changes) { __state.origin = { by: 'id', originId, changes: changes ?? {} }; },
  createRequestOriginGroup(group) {
    const members = (group && group.originIds) || [];
    __state.origin = { by: 'group', originIds: members.map((one) => typeof one === 'string' ? one : one.originId) };
  },
  kvs() { throw new Error('unsupported: key value store'); },
});
globalThis.__run = (text) => {
  __state = { origin: null, logs: [], outcome: null };
  const settle = (kind, value) => { __state.outcome = { kind, value }; };
  const failed = (error) => settle('threw', String((error && error.message) || error).slice(0, 500));
  try {
    if (typeof handler !== 'function') throw new Error('there is no function named handler');
    const result = handler(JSON.parse(text));
    if (result && typeof result.then === 'function') result.then((value) => settle('returned', value), failed);
    else settle('returned', result);
  } catch (error) { failed(error); }
};
globalThis.__told = () => JSON.stringify(__state);
${'`'};

function open({ code, limitMs: limit }) {
  limitMs = limit;
  context = vm.createContext(Object.create(null), {
    codeGeneration: { strings: false, wasm: false },
    microtaskMode: 'afterEvaluate',
  });
  evaluate(prelude);
  evaluate(code);
}

function answer(event) {
  try {
    evaluate('__run(' + literal(literal(event)) + ')');
    const told = evaluate('__told()');
    return typeof told === 'string' ? { told } : { failed: 'the function did not answer with JSON' };
  } catch (error) {
    const isLate = error !== null && typeof error === 'object' && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    return isLate ? { late: true } : { failed: String((error && error.message) || error).slice(0, 500) };
  }
}

let broken;
let isOpen = false;
let rest = '';
stdin.setEncoding('utf8');
stdin.on('data', (data) => {
  const lines = (rest + data).split('\n');
  rest = lines.pop();
  for (const line of lines) {
    const message = JSON.parse(line);
    if (!isOpen) {
      isOpen = true;
      try { open(message); } catch (error) { broken = { failed: String((error && error.message) || error).slice(0, 500) }; }
      continue;
    }
    stdout.write(JSON.stringify(broken ?? answer(message)) + '\n');
  }
});
`;
