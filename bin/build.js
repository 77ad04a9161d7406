// Bundles src/ into dist/: minified CommonJS with lazy chunks (the fastest to start of what was measured), so that an
// operator's machine needs nothing from a registry. Then prepares the answers to --version and --help, what the
// command line must know of each built-in runbook, and the definitions that sound files are read by.
'use strict';
const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');

const root = dirname(__dirname);
const dist = join(root, 'dist');
const runbooks = join(root, 'runbooks');

/** What the program itself says; it runs from dist/ by then. */
function ask(...args) {
  return execFileSync(process.execPath, [join(root, 'bin/resend-ops.js'), ...args, '--runbooks', runbooks], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
}

/** What is never used of packages that most commands load is left out of the bundle. */
const leaveOut = {
  name: 'leave-out',
  resolveId(source, importer = '') {
    // Messages in forty languages: the program words its own.
    const isLocales = source === '../locales/index.js' && /[\\/]zod[\\/]v4[\\/]/.test(importer);
    // For subcommands that are programs of their own.
    const isSpawning = source === 'node:child_process' && /[\\/]commander[\\/]/.test(importer);
    return isLocales || isSpawning ? `\0left-out ${source}` : undefined;
  },
  load: (id) => (id.startsWith('\0left-out ') ? 'export {}' : undefined),
};

/**
 * What is loaded together is one file, for each costs its own search, reading and compiling: what every command begins
 * with, and what reads runbooks.
 */
const chunkGroups = [
  { name: 'start', priority: 2, from: 'src/main.ts', of: /./ },
  // Without what also words a problem that was not found by reading YAML.
  {
    name: 'language',
    priority: 1,
    from: 'src/runbook/lint-runbook.ts',
    of: /[\\/](runbook[\\/](?!problem\.ts)|yaml[\\/]|cel-js[\\/])/,
  },
].map(({ name, priority, from, of }) => ({
  name: (id, context) => {
    const isLoaded = of.test(id) && reachedFrom(join(root, from), context).has(id);
    return isLoaded && !context.getModuleInfo(id).isEntry ? name : undefined;
  },
  debugName: name,
  priority,
  includeDependenciesRecursively: false,
}));

const reached = new Map();

/** The modules that are loaded with one, without those that are loaded when they are needed. */
function reachedFrom(from, context) {
  const known = reached.get(from) ?? new Set();
  if (known.size > 0) return known;
  reached.set(from, known);
  const visit = (id) => {
    if (known.has(id)) return;
    known.add(id);
    for (const imported of context.getModuleInfo(id)?.importedIds ?? []) visit(imported);
  };
  visit(from);
  return known;
}

async function bundle() {
  const { build } = await import('rolldown');
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  const { output } = await build({
    input: { main: join(root, 'src/main.ts') },
    cwd: root,
    platform: 'node',
    preserveEntrySignatures: 'allow-extension',
    plugins: [leaveOut],
    resolve: {
      mainFields: ['module', 'main'],
      alias: {
        // Its build in ES modules, of which only what is used is kept.
        yaml: join(root, 'node_modules/yaml/browser/dist/index.js'),
        '@aws-sdk/credential-provider-node': join(root, 'bin/no-credential-chain.js'),
      },
    },
    output: {
      dir: dist,
      format: 'cjs',
      minify: true,
      chunkFileNames: '[name]-[hash].js',
      comments: { legal: false },
      codeSplitting: { groups: chunkGroups },
    },
  });
  // The full Cloudflare client costs more to load than the rest of the program; one import of it brings it all in.
  const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  const resources = modules.filter((id) => /[\\/]cloudflare[\\/]resources[\\/]/.test(id));
  if (resources.length > 60)
    throw new Error(`the full cloudflare client is in the bundle: ${resources.length} resources`);
}

/** Of all code and definitions: what tells two builds apart. */
function digestOfBuild() {
  const hash = createHash('sha256');
  for (const name of readdirSync(dist).sort()) hash.update(`${name}\n`).update(readFileSync(join(dist, name)));
  return hash.digest('hex');
}

async function main() {
  await bundle();
  writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(dist, 'version.txt'), `${version}\n`);

  writeFileSync(join(dist, 'language.json'), await require(join(dist, 'main.js')).preparedLanguageText());

  writeFileSync(join(dist, 'build.txt'), `${digestOfBuild()}\n`);

  const heads = {};
  for (const line of ask('list', '--json').trim().split('\n')) {
    const { file, ...head } = JSON.parse(line);
    heads[basename(file)] = { text: readFileSync(file, 'utf8'), head };
  }
  writeFileSync(join(dist, 'heads.json'), JSON.stringify(heads));

  const names = readdirSync(runbooks).filter((name) => name.endsWith('.yaml'));
  const fingerprint = names.sort().map((name) => `${name} ${statSync(join(runbooks, name)).size}`);
  writeFileSync(join(dist, 'help.txt'), `${fingerprint.join(', ')}\n${ask('--help')}`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
