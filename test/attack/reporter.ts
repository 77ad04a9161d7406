import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pageFile = `${root}/docs/attacks.md`;

/**
 * Prints a line for each attack as it ends, then the sums; keeps the last full result of each in `docs/attacks.md`.
 * Attacks that did not run this time keep the line of the run in which they last did.
 */
export default class AttackReporter implements Reporter {
  /** The run is of all attacks in its files: what is skipped lacks its means here, and was not merely left out. */
  private isOfAll = true;

  onInit(vitest: Vitest): void {
    this.isOfAll = vitest.config.testNamePattern === undefined;
  }

  onTestCaseResult(test: TestCase): void {
    const { attacks, findings, outcome } = resultOf(test);
    // What this machine lacks the means for (strace, mounts) is said, so that nobody takes it for made.
    if (outcome === 'skipped') {
      if (this.isOfAll) console.log(`skipped  ${nameOf(test)}`);
      return;
    }
    console.log(`${outcome}  ${nameOf(test)}: ${attacks} attacks, ${findings.length} findings`);
    for (const finding of findings) console.log(`        ${finding}`);
    // At once: a run takes hours, and what was made of one that is cut off counts.
    keep({ name: nameOf(test), outcome, attacks, findings });
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const broken = modules.flatMap((module) => module.errors().map(({ message }) => `${module.moduleId}: ${message}`));
    for (const message of broken) console.log(`broken  ${message}`);
    const rows = modules
      .flatMap((module) => [...module.children.allTests()])
      .filter((test) => test.result().state !== 'skipped')
      .map((test) => ({ name: nameOf(test), ...resultOf(test) }));
    const attacks = rows.reduce((sum, row) => sum + row.attacks, 0);
    const findings = rows.reduce((sum, row) => sum + row.findings.length, broken.length);
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]).length;
    if (skipped > 0 && this.isOfAll)
      console.log(`${skipped} skipped: their lines on the page are of an earlier run, if any`);
    console.log(`${attacks} attacks, ${findings} findings`);
  }
}

type Row = { name: string; outcome: string; attacks: number; findings: string[] };

function nameOf(test: TestCase): string {
  return `${relative(`${root}/test/attack`, test.module.moduleId).replace(/\.test\.ts$/, '')}: ${test.name}`;
}

function resultOf(test: TestCase): Omit<Row, 'name'> {
  const { state, errors = [] } = test.result();
  const { attacks = 0, findings = [] } = test.meta().tally ?? {};
  // A test that broke before it could report is a finding, too.
  const broke = findings.length === 0 ? errors.map(({ message }) => message) : [];
  return { outcome: state === 'passed' ? 'held   ' : state, attacks, findings: [...findings, ...broke] };
}

/** Renews the line of an attack on the page. */
function keep(row: Row): void {
  const before = existsSync(pageFile) ? readFileSync(pageFile, 'utf8') : '';
  writeFileSync(pageFile, page(merge(before, row)));
}

/** The lines of the page's table by the names of the attacks: those that it had, and over one of them the new one. */
function merge(before: string, { name, outcome, attacks, findings }: Row): string[] {
  const lines = new Map<string, string>();
  for (const line of before.split('\n')) {
    const [, name] = /^\| (\S+: .*?) \| \d+ \|/.exec(line) ?? [];
    if (name !== undefined) lines.set(name, line);
  }
  const when = `${new Date().toISOString().slice(0, 10)}, ${tree()}`;
  const cell = name.replaceAll('|', '\\|');
  lines.set(cell, `| ${cell} | ${attacks} | ${findings.length} | ${outcome.trim()} | ${when} |`);
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}

/** The commit that was attacked, with a `+` where files differed from it. */
function tree(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  try {
    return (
      git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', 'src', 'runbooks', 'test') === '' ? '' : '+')
    );
  } catch {
    return 'not in a repository';
  }
}

function page(lines: readonly string[]): string {
  const sum = (column: number) => lines.reduce((total, line) => total + Number(line.split(' | ').at(column)), 0);
  return `# The last full attack

What \`npm run attack\` found of each attack when it was last made in full: ${sum(-4)} attacks, ${sum(-3)} findings. The last
column says when, and which commit was attacked (\`+\`: with changes that were in no commit). Written by the run itself (Node ${process.version}, ${process.platform}, ${cpus().length} processors); a
run of some of the attacks renews their lines alone. What each attack is and which promise it tries to break:
\`safety.md\`.

| attack | made | findings | result | when |
| --- | ---: | ---: | --- | --- |
${lines.join('\n')}
`;
}
