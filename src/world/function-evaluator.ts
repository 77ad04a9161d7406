/** What of `node:vm` an evaluator needs. */
export type VmModule = Pick<typeof import('node:vm'), 'createContext' | 'runInContext'>;

/**
 * Loads a function's code into a context of its own, which holds the language and nothing else, and answers what runs one
 * event (JSON) and gives a line of JSON that `readOutcome` reads. Only texts cross over, so that no object of the outside
 * can be reached from within, and no code can be made from text. Each run has `limitMs` of real time. `node:vm` is no
 * security boundary: code that others may have written belongs into a process of its own besides (see
 * `openFunctionSandbox`), for which this function's own source is sent there: it must use nothing from outside itself.
 */
export function createEvaluator(vm: VmModule, code: string, limitMs: number): (event: string) => string {
  const prelude = `
delete globalThis.WebAssembly; delete globalThis.SharedArrayBuffer; delete globalThis.Atomics;
globalThis.__state = { origin: null, logs: [], outcome: null };
globalThis.console = (() => {
  const text = (part) => typeof part === 'object' ? JSON.stringify(part) : String(part);
  const log = (...parts) => {
    if (__state.logs.length < 100) __state.logs.push(parts.map(text).join(' ').slice(0, 1000));
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
`;
  const messageOf = (error: unknown): string => {
    const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
    return String(hasMessage ? error.message : error).slice(0, 500);
  };
  const context = vm.createContext(Object.create(null), {
    codeGeneration: { strings: false, wasm: false },
    // Promises settle within the time limit of the run that made them.
    microtaskMode: 'afterEvaluate',
  });
  const evaluate = (text: string): unknown =>
    vm.runInContext(text, context, { timeout: limitMs, filename: 'function.js' });
  let broken: string | undefined;
  try {
    evaluate(prelude);
    evaluate(code);
  } catch (error) {
    broken = JSON.stringify({ failed: messageOf(error) });
  }
  return (event) => {
    if (broken !== undefined) return broken;
    try {
      evaluate(`__run(${JSON.stringify(event)})`);
      const told = evaluate('__told()');
      return JSON.stringify(typeof told === 'string' ? { told } : { failed: 'the function did not answer with JSON' });
    } catch (error) {
      const isLate =
        typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
      return JSON.stringify(isLate ? { late: true } : { failed: messageOf(error) });
    }
  };
}
