import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { functionChild } from './function-child.ts';
import { type FunctionOutcome, type FunctionRequest, readOutcome } from './function-outcome.ts';
import { readFunctionSource } from './function-source.ts';

/** A viewer-request event (CloudFront docs, functions event structure). */
export type FunctionEvent = {
  version: '1.0';
  context: { distributionDomainName: string; distributionId: string; eventType: 'viewer-request'; requestId: string };
  viewer: { ip: string };
  request: FunctionRequest;
};

/** A function, loaded once and run for many events. */
export type FunctionSandbox = {
  /** Runs it for one event. Never rejects: whatever happens is an outcome. */
  run(event: FunctionEvent): Promise<FunctionOutcome>;
  /** Ends the process. Safe to call twice. */
  close(): void;
};

/** Of one event's run; CloudFront's own limit is some milliseconds of another machine, which no clock here can tell. */
const runLimitMs = 1_000;
/** From an event to its answer, the start of the process included; then it is killed. */
const answerLimitMs = 5_000;
const longestAnswer = 1024 * 1024;

/**
 * Loads a CloudFront function's code to run it here. It is code that came over the network, so it gets a process of its
 * own: under Node's permission model (no files, no processes, no threads, no add-ons), with an empty environment, 32 MiB
 * of heap and a time box, killed when it does not answer; and within it a context without any object of Node's
 * (see `createEvaluator`). Before Node 25 the permission model does not cover the network. Imports of
 * anything but `cloudfront` make every outcome `unsupported`.
 */
export function openFunctionSandbox(code: string): FunctionSandbox {
  const source = readFunctionSource(code);
  if ('obstacle' in source) {
    const { obstacle } = source;
    return { run: async () => ({ kind: 'unsupported', message: `it uses ${obstacle}` }), close: () => undefined };
  }
  let child: Promise<Child> | undefined;
  let isClosed = false;
  let last: Promise<unknown> = Promise.resolve();
  const runOnce = async (event: FunctionEvent): Promise<FunctionOutcome> => {
    if (isClosed) return { kind: 'limit', message: 'it was stopped' };
    // A process that was killed is replaced: one bad event must not be the end of all.
    child ??= start(source.code);
    const answer = await (await child).ask(JSON.stringify(event));
    if (answer.kind === 'line') return readOutcome(answer.line);
    (await child).kill();
    child = undefined;
    return { kind: 'limit', message: answer.why };
  };
  return {
    run: (event) => {
      const run = last.then(() => runOnce(event));
      last = run.catch(() => undefined);
      return run;
    },
    close: () => {
      isClosed = true;
      void child?.then((running) => running.kill());
    },
  };
}

type Answer = { kind: 'line'; line: string } | { kind: 'none'; why: string };
type Child = { ask(line: string): Promise<Answer>; kill(): void };

async function start(code: string): Promise<Child> {
  const { spawn } = await import('node:child_process');
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const options = [permission, '--no-warnings', '--max-old-space-size=32', '--stack-size=500', '-e', functionChild];
  const child = spawn(process.execPath, options, { env: {}, stdio: ['pipe', 'pipe', 'ignore'] });
  // Without reference: a sandbox that was left open must not keep the program alive.
  child.unref();
  // It may be gone before it was written to; that it does not answer is seen below.
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify({ code, limitMs: runLimitMs })}\n`);
  return { ask: (line) => ask(child, line), kill: () => child.kill('SIGKILL') };
}

function ask(child: ChildProcessByStdio<Writable, Readable, null>, line: string): Promise<Answer> {
  return new Promise((resolve) => {
    let text = '';
    const end = (answer: Answer) => {
      clearTimeout(timer);
      child.stdout.off('data', onData);
      child.off('close', onClose);
      child.off('error', onClose);
      resolve(answer);
    };
    const onClose = () => end({ kind: 'none', why: 'it ended its process: too much memory, or a crash' });
    const onData = (data: Buffer) => {
      text += data.toString('utf8');
      const at = text.indexOf('\n');
      if (at >= 0) end({ kind: 'line', line: text.slice(0, at) });
      else if (text.length > longestAnswer) end({ kind: 'none', why: 'its answer is too large' });
    };
    const timer = setTimeout(() => end({ kind: 'none', why: 'it did not end' }), answerLimitMs);
    if (child.exitCode !== null || child.signalCode !== null) {
      onClose();
      return;
    }
    child.stdout.on('data', onData);
    child.once('close', onClose);
    child.once('error', onClose);
    child.stdin.write(`${line}\n`);
  });
}
