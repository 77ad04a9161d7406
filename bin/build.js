// Bundles src/ into dist/: minified CommonJS with lazy chunks (the fastest to start of what was measured), so that an
// operator's machine needs nothing from a registry. Then prepares the answers to --version and --help.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
const { output } = await build({
  input: { main: join(root, 'src/main.ts') },
  cwd: root,
  platform: 'node',
  output: { dir: dist, format: 'cjs', minify: true, chunkFileNames: '[name]-[hash].js', comments: { legal: false } },
});

// The full Cloudflare client costs more to load than the rest of the program; one import of it anywhere brings it in.
const full = output
  .flatMap((chunk) => Object.keys(chunk.modules ?? {}))
  .filter((id) => /cloudflare\/index\.m?js$/.test(id));
if (full.length > 0) throw new Error(`the full cloudflare client got into the bundle: ${full.join(', ')}`);

writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
writeFileSync(join(dist, 'version.txt'), `${version}\n`);

const runbooks = join(root, 'runbooks');
const fingerprint = readdirSync(runbooks)
  .filter((name) => name.endsWith('.yaml'))
  .sort()
  .map((name) => `${name} ${statSync(join(runbooks, name)).size}`)
  .join(', ');
const help = execFileSync(process.execPath, [join(root, 'bin/resend-ops.js'), '--help', '--runbooks', runbooks], {
  encoding: 'utf8',
});
writeFileSync(join(dist, 'help.txt'), `${fingerprint}\n${help}`);
