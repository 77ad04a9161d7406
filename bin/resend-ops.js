#!/usr/bin/env node
// Thin on purpose: it answers the two questions that need no program, and otherwise hands over to the bundle.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import module from 'node:module';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageDirectory = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(packageDirectory, 'dist');

/** Names and sizes of a directory's runbooks: what the prepared help was made from. */
function fingerprint(directory) {
  if (!existsSync(directory)) return '';
  return readdirSync(directory)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => `${name} ${statSync(join(directory, name)).size}`)
    .join(', ');
}

/** The help as prepared at build time, unless this directory has runbooks of its own, or other ones than then. */
function preparedHelp() {
  const own = fingerprint(join(packageDirectory, 'runbooks'));
  const local = process.cwd() === packageDirectory ? own : fingerprint(join(process.cwd(), 'runbooks'));
  if (local !== '' && local !== own) return undefined;
  const text = readFileSync(join(dist, 'help.txt'), 'utf8');
  const end = text.indexOf('\n');
  return text.slice(0, end) === own ? text.slice(end + 1) : undefined;
}

function fastAnswer(argument) {
  if (argument === '--version' || argument === '-V') return readFileSync(join(dist, 'version.txt'), 'utf8');
  return argument === '--help' || argument === '-h' ? preparedHelp() : undefined;
}

if (existsSync(join(dist, 'main.js'))) {
  const answer = process.argv.length === 3 ? fastAnswer(process.argv[2]) : undefined;
  if (answer === undefined) {
    module.enableCompileCache?.();
    await module
      .createRequire(import.meta.url)(join(dist, 'main.js'))
      .main(packageDirectory);
  } else {
    process.stdout.write(answer);
  }
} else {
  process.stderr.write(
    `error: ${dist}${sep}main.js is missing: this checkout has not been built\nhint: run: npm ci && npm run build\n`,
  );
  process.exitCode = 2;
}
