import { program } from '../../src/cli/program.ts';
import { createFakeWorld } from '../cli/fake-world.ts';

/** How a command line ended in this process, and the processor's time that it took. */
export type Ended = { code: number; stdout: string; stderr: string; cpuMs: number };

/** Runs the program on a command line, in a directory, with a home of its own and no terminal. */
export async function runProgram(argv: readonly string[], cwd: string): Promise<Ended> {
  const fake = await createFakeWorld({ cwd });
  try {
    const before = process.cpuUsage();
    const code = await program(argv, fake.world);
    const { user, system } = process.cpuUsage(before);
    return { code, stdout: fake.stdout(), stderr: fake.stderr(), cpuMs: (user + system) / 1_000 };
  } finally {
    await fake.remove();
  }
}

const problemLine = /^(.+):(\d+):(\d+): (.+); (.+)$/;

/** What of the promises does not hold for a file that was linted: `at` and `says` are those of its first problem. */
export function findingsOfLint(ended: Ended, file: string, { at, says }: { at: string; says: string }): string[] {
  const lines = ended.stdout.split('\n').filter((line) => line !== '');
  const [first = ''] = lines;
  const findings = findingsOfWords(ended, file);
  const placed = problemLine.exec(first);
  if (placed === null)
    return [...findings, `${file}: its first problem is not file:line:column: what; remedy: ${first}`];
  const place = `${placed[2]}:${placed[3]}`;
  if (!first.startsWith(`${file}:`)) findings.push(`${file}: another file is blamed: ${first}`);
  if (at !== '' && place !== at) findings.push(`${file}: the problem stands at ${at}, and is told at ${place}`);
  if (!(placed[4] ?? '').includes(says)) findings.push(`${file}: “${says}” is not said: ${first}`);
  const others = lines.slice(1, -1).filter((line) => !problemLine.test(line));
  if (others.length > 0) findings.push(`${file}: a line has no place or no remedy: ${others[0]}`);
  return findings;
}

/** What does not hold for a command that was given a malformed file: it names the place and what to do, and stops. */
export function findingsOfRefusal(ended: Ended, what: string, at: string): string[] {
  const findings = findingsOfWords(ended, what);
  if (!ended.stderr.includes(`${at}:`)) findings.push(`${what}: ${at} is not named: ${ended.stderr.slice(0, 300)}`);
  if (!/^hint: \S/m.test(ended.stderr)) findings.push(`${what}: no hint: ${ended.stderr.slice(0, 300)}`);
  return findings;
}

function findingsOfWords({ code, stdout, stderr, cpuMs }: Ended, what: string): string[] {
  const said = stdout + stderr;
  const findings: string[] = [];
  if (code !== 2) findings.push(`${what}: exit code ${code} instead of 2: ${said.slice(0, 300)}`);
  if (/^\s+at .+:\d+:\d+\)?$/m.test(said) || said.includes('unexpected:')) {
    findings.push(`${what}: a stack trace, or a bug of the program: ${said.slice(0, 300)}`);
  }
  const leak = /\bundefined\b|\[object |Invalid (input|discriminator)|\breceived\b|\bzod\b/i.exec(said);
  if (leak !== null) findings.push(`${what}: words of the program's inside: ${leak[0]}`);
  if (cpuMs > 1_000) findings.push(`${what}: took ${Math.round(cpuMs)} ms of the processor`);
  return findings;
}
