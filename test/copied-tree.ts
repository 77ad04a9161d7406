import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const original = fileURLToPath(new URL('..', import.meta.url));

/** What a tree needs to be built and tested. `dist` comes along, so that a change of tests alone needs no build. */
const parts = ['bin', 'dist', 'docs', 'runbooks', 'src', 'test', 'README.md', 'package.json', 'tsconfig.json'] as const;

/** One test of a run: its full name, how it ended, and what it counted as attacks. */
type TestResult = {
  file: string;
  name: string;
  status: 'passed' | 'failed' | 'skipped';
  messages: string[];
  tally: { attacks: number; findings: string[] } | undefined;
};

/**
 * How a run of tests ended. `timedOut`: it was ended from outside. `broken`: no test ran, or the runner itself gave up;
 * `output` says why.
 */
export type TestRun = {
  kind: 'ran' | 'broken' | 'timed-out';
  code: number | null;
  tests: TestResult[];
  output: string;
};

/** A copy of this project that may be changed; its dependencies are the original's. */
export type CopiedTree = {
  readonly root: string;
  /** The text of one of its files. */
  read(file: string): string;
  write(file: string, text: string): void;
  /** Builds `dist/` from its sources. Throws what the build said. */
  build(): Promise<void>;
  /** Runs its tests by the runner's own arguments, in a process of its own that is ended after `withinMs`. */
  test(
    args: readonly string[],
    options: { withinMs: number; variables?: Readonly<Record<string, string>> },
  ): Promise<TestRun>;
  remove(): void;
};

/** Copies the project to a temporary directory of its own. */
export function copyTree(): CopiedTree {
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-tree-'));
  const root = join(home, 'tree');
  const scratch = join(home, 'tmp');
  mkdirSync(scratch);
  for (const part of parts) cpSync(join(original, part), join(root, part), { recursive: true });
  symlinkSync(join(original, 'node_modules'), join(root, 'node_modules'));
  const read = (file: string) => readFileSync(join(root, file), 'utf8');
  const run = (args: readonly string[], withinMs: number, variables: Readonly<Record<string, string>>) =>
    runNode(args, { cwd: root, withinMs, variables: { ...variables, TMPDIR: scratch } });
  return {
    root,
    read,
    write: (file, text) => writeFileSync(join(root, file), text),
    async build() {
      const { code, output } = await run(['bin/build.js'], 300_000, {});
      if (code !== 0) throw new Error(`the copy cannot be built: ${output}`);
    },
    async test(args, { withinMs, variables = {} }) {
      const report = join(scratch, 'report.json');
      rmSync(report, { force: true });
      const runner = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts', '--no-cache'];
      const reporting = ['--reporter=json', `--outputFile=${report}`];
      const ended = await run([...runner, ...reporting, ...args], withinMs, variables);
      if (ended.timedOut) return { kind: 'timed-out', code: null, tests: [], output: ended.output };
      const tests = readReport(report, root);
      const hasRun = tests.some(({ status }) => status !== 'skipped');
      return { kind: hasRun ? 'ran' : 'broken', code: ended.code, tests, output: ended.output };
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** What the runner's report in JSON holds of interest; it is this project's own tool, of a pinned version. */
type Report = {
  testResults: {
    name: string;
    message: string;
    assertionResults: {
      fullName: string;
      status: string;
      failureMessages: string[] | null;
      meta?: { tally?: { attacks: number; findings: string[] } };
    }[];
  }[];
};

function readReport(file: string, root: string): TestResult[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return []; // The runner gave up before it could report: that is told by the exit code and its output.
  }
  const report: Report = JSON.parse(text);
  return report.testResults.flatMap(({ name, message, assertionResults }) => {
    const inFile = { file: name.replace(`${root}/`, '') };
    if (assertionResults.length === 0 && message !== '')
      return [
        { ...inFile, name: '(the file itself)', status: 'failed' as const, messages: [message], tally: undefined },
      ];
    return assertionResults.map(({ fullName, status, failureMessages, meta }) => ({
      ...inFile,
      name: fullName.trim(),
      status: status === 'passed' || status === 'failed' ? status : ('skipped' as const),
      messages: failureMessages ?? [],
      tally: meta?.tally,
    }));
  });
}

type Options = { cwd: string; withinMs: number; variables: Readonly<Record<string, string>> };

/** Runs a Node program and everything that it starts as one group, so that nothing outlives its time. */
function runNode(args: readonly string[], { cwd, withinMs, variables }: Options) {
  return new Promise<{ code: number | null; timedOut: boolean; output: string }>((resolve, reject) => {
    const { PATH = '', HOME = '/nonexistent' } = process.env;
    const env = { PATH, HOME, NO_COLOR: '1', ...variables };
    const child = spawn(process.execPath, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let timedOut = false;
    const endGroup = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The whole group has ended by itself.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup();
    }, withinMs);
    const keep = (data: Buffer) => {
      output = (output + data.toString()).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      // What a test left running would otherwise hold the pipes, and outlive us.
      endGroup();
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code, timedOut, output });
    });
  });
}
