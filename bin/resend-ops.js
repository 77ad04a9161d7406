#!/usr/bin/env node
// Thin on purpose, and CommonJS because that starts faster: it answers the two questions that need no program, and
// otherwise hands over to the bundle.
'use strict';
const { existsSync, readdirSync, readFileSync, statSync } = require('node:fs');
const { dirname, join } = require('node:path');

const packageDirectory = dirname(__dirname);
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

/** Asked for only where something is to be kept. */
function cacheDirectory() {
  return require('./private-cache.js').privateCache();
}

/** Node 22.8 and later keep the code that they have compiled from one start to the next. */
function keepCompiledCode() {
  const { enableCompileCache } = require('node:module');
  const directory = enableCompileCache && cacheDirectory();
  if (directory !== undefined) enableCompileCache(join(directory, 'compiled'));
}

function start() {
  if (!existsSync(join(dist, 'main.js'))) {
    process.stderr.write(`error: ${join(dist, 'main.js')} is missing: this checkout has not been built\n`);
    process.stderr.write('hint: run: npm ci && npm run build\n');
    process.exitCode = 2;
    return;
  }
  const answer =
    process.argv.length === 3 && existsSync(join(dist, 'help.txt')) ? fastAnswer(process.argv[2]) : undefined;
  if (answer !== undefined) {
    // A reader that is gone (`--help | head -1`) is no error.
    process.stdout.on('error', () => {});
    process.stdout.write(answer);
    return;
  }
  keepCompiledCode();
  require(join(dist, 'main.js')).main({ packageDirectory, cacheDirectory });
}

start();
