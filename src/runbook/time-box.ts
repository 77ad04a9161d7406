import { type Context, createContext, Script } from 'node:vm';

let box: { context: Context; script: Script } | undefined;

/**
 * Does synchronous work, and gives up on it where it has not ended after `ms` milliseconds. The work must leave
 * nothing behind that matters when it is cut off in the middle.
 */
export function withinTime<Value>(ms: number, work: () => Value): { value: Value } | 'too-slow' {
  // The runtime's only way to stop code that never returns to the event loop is the time box of a script.
  box ??= { context: createContext({ work: undefined }), script: new Script('work()') };
  const { context, script } = box;
  let done: { value: Value } | undefined;
  context.work = () => {
    done = { value: work() };
  };
  try {
    script.runInContext(context, { timeout: ms });
  } catch (error) {
    // It is raised in the script's own realm, so that `instanceof Error` does not know it.
    const isTooSlow = typeof error === 'object' && error !== null && 'code' in error && error.code === timedOut;
    if (isTooSlow) return 'too-slow';
    throw error;
  } finally {
    context.work = undefined;
  }
  return done ?? 'too-slow';
}

const timedOut = 'ERR_SCRIPT_EXECUTION_TIMEOUT';
