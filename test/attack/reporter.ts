import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Prints a line for each attack as it ends, then the sums; keeps the last full result in `docs/attacks.md`. */
export default class AttackReporter implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { attacks, findings, outcome } = resultOf(test);
    console.log(`${outcome}  ${nameOf(test)}: ${attacks} attacks, ${findings.length} findings`);
    for (const finding of findings) console.log(`        ${finding}`);
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const broken = modules.flatMap((module) => module.errors().map(({ message }) => `${module.moduleId}: ${message}`));
    for (const message of broken) console.log(`broken  ${message}`);
    const tests = modules
      .flatMap((module) => [...module.children.allTests()])
      .sort((a, b) => compare(nameOf(a), nameOf(b)));
    const rows = tests.map((test) => ({ name: nameOf(test), ...resultOf(test) }));
    const attacks = rows.reduce((sum, row) => sum + row.attacks, 0);
    const findings = rows.reduce((sum, row) => sum + row.findings.length, broken.length);
    const total = `${attacks} attacks, ${findings} findings`;
    if (rows.length > 0) writeFileSync(`${root}/docs/attacks.md`, page(rows, total));
    console.log(total);
  }
}

type Row = { name: string; outcome: string; attacks: number; findings: string[] };

function nameOf(test: TestCase): string {
  return `${relative(`${root}/test/attack`, test.module.moduleId).replace(/\.test\.ts$/, '')}: ${test.name}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : 1;
}

function resultOf(test: TestCase): Omit<Row, 'name'> {
  const { state, errors = [] } = test.result();
  const { attacks = 0, findings = [] } = test.meta().tally ?? {};
  // A test that broke before it could report is a finding, too.
  const broke = findings.length === 0 ? errors.map(({ message }) => message) : [];
  return { outcome: state === 'passed' ? 'held   ' : state, attacks, findings: [...findings, ...broke] };
}

function page(rows: readonly Row[], total: string): string {
  const lines = rows.map(({ name, outcome, attacks, findings }) => {
    return `| ${name.replaceAll('|', '\\|')} | ${attacks} | ${findings.length} | ${outcome.trim()} |`;
  });
  return `# The last full attack

What \`npm run attack\` found when it was last run in full: ${total}. Node ${process.version}, Linux ${release()}, ${cpus().length} processors.
Written by the run itself. What each attack is and which promise it tries to break: \`safety.md\`.

| attack | made | findings | result |
| --- | ---: | ---: | --- |
${lines.join('\n')}
`;
}
