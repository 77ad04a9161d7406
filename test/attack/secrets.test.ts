import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRedactor } from '../../src/journal/redact.ts';
import { start, startWorld } from '../acceptance/program.ts';
import { started, stateDirectory, storeOn } from '../journal/support/store-fixture.ts';
import { problemsOfMetrics } from '../report/openmetrics-check.ts';
import { encodings, hits } from './encodings.ts';
import { type Sayer, sayers, startSayingWorld } from './saying-world.ts';
import { createTally, isFull } from './tally.ts';

const bin = fileURLToPath(new URL('../../bin/resend-ops.js', import.meta.url));

test('the mask finds every encoding, at every place of a text, cut or whole', ({ task }) => {
  const tally = createTally(task);
  const hard = `p&ss"w<o>rd'/+ =%${'x'.repeat(6)}_Zq`;
  const random = fc.sample(fc.string({ unit: 'grapheme-ascii', minLength: 14, maxLength: 60 }), {
    numRuns: isFull ? 400 : 20,
    seed: 7,
  });
  for (const secret of ['cf_0123456789abcdefABCDEF', hard, ...random.filter((one) => one.trim() === one)]) {
    const redactor = createRedactor([secret]);
    for (const [name, encode] of Object.entries(encodings)) {
      const form = encode(secret);
      const texts = { whole: `before ${form} after`, alone: form, cut: `said ${form.slice(0, form.length - 3)}…` };
      for (const [how, text] of Object.entries(texts)) {
        const found = [...hits(redactor.text(text), secret), ...hits(JSON.stringify(redactor.json({ text })), secret)];
        tally.add(found.map((hit) => `${name}, ${how}, of ${JSON.stringify(secret)}: ${hit} is left`));
      }
    }
  }
  const plain = 'the cloudflare token is not set; see *.example.com at 03:12, {"a":[1,true]}';
  tally.add(createRedactor(['tok', 'cf_0123456789abcdef']).text(plain) === plain ? [] : ['ordinary text is masked']);
  tally.close();
});

/** A provider that refuses, and repeats in its error what the caller sent, in every encoding at once. */
async function startEcho() {
  const server = http.createServer((request, response) => {
    const sent = request.headers.authorization ?? '';
    const secret = sent.replace(/^Bearer /, '');
    const errors = Object.entries(encodings).map(([name, encode], at) => ({
      code: 1000 + at,
      message: `${name}: ${encode(secret)}`,
    }));
    const isLook = (request.url ?? '').includes('verify');
    response.writeHead(isLook ? 200 : 400, {
      'content-type': 'application/json',
      'x-echo': encodeURIComponent(sent),
      'cf-ray': secret,
    });
    response.end(
      JSON.stringify({
        success: isLook,
        errors: isLook ? [] : errors,
        messages: [],
        result: isLook ? { id: 'a', status: 'active' } : null,
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const runbook = JSON.stringify({
  title: 'Echo',
  inputs: { reason: { type: 'string', required: true } },
  lock: 'echo',
  steps: [
    {
      id: 'room',
      uses: 'slack.open-room',
      with: { name: 'echo', topic: '${{ inputs.reason }}', message: '${{ inputs.reason }}' },
    },
    { id: 'switch', uses: 'cloudflare.set-load-balancer', with: { enabled: false }, timeout: '5s' },
  ],
});

function getText(url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false }, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => {
        text += data.toString();
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
  });
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((file) => statSync(file).isFile());
}

test('no sink of the program holds a secret in any encoding', { timeout: 3_600_000 }, async ({ task }) => {
  const tally = createTally(task);
  const world = await startWorld();
  const echo = await startEcho();
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-attack-'));
  try {
    const directory = join(home, 'runbooks');
    mkdirSync(directory);
    writeFileSync(join(directory, 'echo.yaml'), runbook);
    const environment = join(home, 'echo-environment.yaml');
    const text = readFileSync(world.environmentFile, 'utf8')
      .replace(/cloudflare: http:\S+/, `cloudflare: ${echo.address}`)
      .replace('ca: ca.pem', `ca: ${world.caFile}`);
    writeFileSync(environment, text);
    const secrets = Object.values(world.secrets);
    const check = (sink: string, said: string) => {
      const found = secrets.flatMap((secret) => hits(said, secret));
      tally.add([...new Set(found)].map((hit) => `${sink}: ${hit}`));
    };
    const names = Object.keys(encodings);
    const groups = isFull ? names.map((name) => [name]) : [names];
    for (const [round, group] of groups.entries()) {
      const reason = secrets.flatMap((secret) => group.map((name) => encodings[name]?.(secret) ?? '')).join(' ; ');
      const flags = ['--runbooks', directory, '--env', environment, '--reason', reason, '--yes', '--verbose'];
      for (const more of isFull ? [['--json'], [], ['--dry-run']] : [round % 2 === 0 ? ['--json'] : []]) {
        const ended = await world.run(['echo', ...flags, ...more]).ended;
        if (ended.code === 2) tally.add([`the run did not start: ${ended.stderr.slice(0, 300)}`]);
        check(`stdout of a run${more.join()}`, ended.stdout);
        check(`stderr of a run${more.join()}`, ended.stderr);
      }
      const misused = await world.run(['echo', `--${reason}`, '--runbooks', directory]).ended;
      check('a usage error', misused.stderr + misused.stdout);
    }
    const commands = ['status', 'audit show', 'audit export', 'runs', 'watch', 'audit verify'];
    for (const command of commands.slice(0, isFull ? undefined : 2)) {
      for (const json of command === 'audit export' || !isFull ? [[]] : [[], ['--json']]) {
        const { stdout, stderr } = await world.run([...command.split(' '), ...json]).ended;
        check(`${command} ${json.join()}`, stdout + stderr);
      }
    }
    const files = filesIn(world.state);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) check(file.slice(world.state.length), readFileSync(file, 'utf8'));
    const requests: { server: string; path: string; body: string }[] = JSON.parse(
      await getText(new URL('/requests', world.control)),
    );
    const toSlack = requests.filter(({ server }) => server === 'slack-api');
    expect(toSlack.length).toBeGreaterThan(2);
    for (const { path, body } of toSlack) {
      check(`Slack, ${path}`, `${body}\n${[...new URLSearchParams(body).values()].join('\n')}`);
    }
    for (const { server, path } of requests) check(`the URL of a request to ${server}`, path);

    const preload = join(home, 'crash.cjs');
    writeFileSync(
      preload,
      `const said = JSON.parse(process.env.SAID); setTimeout(() => { throw new Error(said); }, Number(process.env.AFTER));`,
    );
    for (const name of isFull ? names : names.slice(1, 2)) {
      const said = JSON.stringify(secrets.map((secret) => encodings[name]?.(secret)).join('\n'));
      const flags = ['--runbooks', directory, '--env', environment, '--reason', 'x', '--yes', '--verbose'];
      const variables = { NODE_OPTIONS: `--require ${preload}`, SAID: said, AFTER: '1500' };
      const crashed = await world.run(['echo', ...flags], variables).ended;
      check(`a crash with ${name}`, crashed.stdout + crashed.stderr);
    }
  } finally {
    echo.close();
    await world.stop();
    rmSync(home, { recursive: true, force: true });
  }
  tally.close();
});

/** Secrets in their encodings, in texts that an input takes: each next to others, and by other secrets than its neighbours. */
function batchesOf(secrets: readonly string[]): string[][] {
  const names = Object.keys(encodings);
  const batches: string[][] = [[]];
  for (const [turn] of secrets.entries()) {
    for (const [at, name] of names.entries()) {
      const form = encodings[name]?.(secrets[(at + turn) % secrets.length] ?? '') ?? '';
      const last = batches.at(-1) ?? [];
      if ([...last, form].join(' ; ').length < 1_000) last.push(form);
      else batches.push([form]);
    }
  }
  return batches;
}

/** What somebody reads of a body: of a form each field, of JSON all but the key that is asked for there. */
function readIn(path: string, body: string): string {
  if (path.startsWith('/api/')) return [...new URLSearchParams(body).values()].join('\n');
  if (body === '') return '';
  const { routing_key: _, ...fields } = JSON.parse(body) as Record<string, unknown>;
  const texts: string[] = [];
  JSON.parse(JSON.stringify(fields), (key, value) => texts.push(key, String(value)) && value);
  return `${JSON.stringify(fields)}\n${texts.join('\n')}`;
}

test('errors of every provider, JUnit, metrics, and what Slack, status page and PagerDuty are sent hold none', {
  timeout: 3_600_000,
}, async ({ task }) => {
  const tally = createTally(task);
  let forms: string[] = [];
  let asked = 0;
  // What is said is cut where it is long: each time another one comes first.
  const say = (by: Sayer) => {
    asked += 1;
    const from = asked % Math.max(1, forms.length);
    return `zz${by} ${[...forms.slice(from), ...forms.slice(0, from)].join(' ; ')}`;
  };
  const worlds = await Promise.all((['incident-io', 'atlassian'] as const).map((page) => startSayingWorld(page, say)));
  try {
    const all = batchesOf(worlds[0]?.secrets ?? []);
    const batches = isFull ? all : all.slice(0, 1);
    for (const [round, batch] of batches.entries()) {
      const world = worlds[round % 2];
      if (world === undefined) throw new Error('there is no world');
      forms = batch;
      const check = (sink: string, said: string) => {
        const found = world.secrets.flatMap((secret) => hits(said, secret));
        tally.add([...new Set(found)].map((hit) => `${sink}, batch ${round}: ${hit}`));
      };
      const [junit, metrics] = [join(world.home, 'run.xml'), join(world.home, 'run.prom')];
      const json = round % 4 < 2 ? ['--json'] : [];
      const argv = world.argv(batch.join(' ; '), batch.join(' ; ').slice(0, 150));
      const ended = await start([...argv, ...json, '--junit', junit, '--metrics', metrics], world.variables).ended;
      const shown = ended.stdout + ended.stderr;
      if (ended.code !== 0 && ended.code !== 1) tally.add([`batch ${round}: exit ${ended.code}: ${ended.stderr}`]);
      for (const by of sayers) if (!shown.includes(`zz${by}`)) tally.add([`nothing is shown of what ${by} said`]);
      check('stdout', ended.stdout);
      check('stderr', ended.stderr);
      const [xml, told] = [junit, metrics].map((file) => readFileSync(file, 'utf8'));
      check(
        'JUnit',
        `${xml}\n${(xml ?? '').replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&')}`,
      );
      check('metrics', told ?? '');
      tally.add(xml?.includes('zzroute53') === true ? [] : ['JUnit tells nothing of what was said']);
      tally.add(problemsOfMetrics(told ?? ''));
      for (const [file, content] of world.files()) check(file, content);
      const sent = world.takeArrived();
      for (const { path, body } of sent) {
        check(`the URL of ${path.slice(0, 30)}`, `${path}\n${decodeURIComponent(path)}`);
        if (body !== '') check(`the body of ${path}`, readIn(path, body));
      }
      for (const place of [/chat\.postMessage/, /setTopic/, /enqueue/, /incidents$/]) {
        const masked = sent.some(({ path, body }) => place.test(path) && body.includes('***'));
        tally.add(masked ? [] : [`${place}: nothing masked was sent there, batch ${round}`]);
      }
    }
  } finally {
    for (const world of worlds) world.stop();
  }
  tally.close();
});

test('files are private, under any umask, and links are not followed', { timeout: 120_000 }, async ({ task }) => {
  const tally = createTally(task);
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-attack-'));
  try {
    for (const umask of isFull ? ['000', '022', '077'] : ['000']) {
      const state = join(home, umask);
      for (const folder of ['audit', 'documents', 'append-lock'])
        mkdirSync(join(state, folder), { recursive: true, mode: 0o755 });
      const line = `umask ${umask}; exec '${process.execPath}' '${bin}' rehearse validate-fallback --scenario healthy --speed 20 --state-dir '${state}' --json --junit '${state}.xml' --metrics '${state}.prom'`;
      const env = { PATH: process.env.PATH ?? '', HOME: home };
      // What the rehearsal finds is not the matter here, only what it leaves on disk.
      spawnSync('sh', ['-c', line], { env, stdio: 'ignore' });
      tally.add(readdirSync(join(state, 'audit')).includes('HEAD') ? [] : [`nothing was logged under umask ${umask}`]);
      // The collector of metrics runs as another user.
      for (const [file, wanted] of [
        [`${state}.xml`, 0o600],
        [`${state}.prom`, 0o644],
      ] as const) {
        const mode = statSync(file).mode & 0o777;
        tally.add(mode === wanted ? [] : [`${file} is ${mode.toString(8)} under umask ${umask}`]);
      }
      for (const name of readdirSync(state, { recursive: true, encoding: 'utf8' })) {
        const found = statSync(join(state, name));
        const wanted = found.isDirectory() ? 0o700 : 0o600;
        const mode = found.mode & 0o777;
        tally.add(mode === wanted ? [] : [`${name} is ${mode.toString(8)} under umask ${umask}`]);
      }
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  for (const planted of ['audit', 'append-lock', 'documents', 'audit/00000001.jsonl', 'audit/HEAD.next']) {
    const { directory, remove } = stateDirectory();
    const victim = join(directory, '..', 'victim');
    const isFolder = !planted.includes('/');
    mkdirSync(join(directory, isFolder ? '.' : 'audit'), { recursive: true });
    if (isFolder) mkdirSync(victim);
    else writeFileSync(victim, '');
    symlinkSync(victim, join(directory, planted));
    const store = storeOn(directory);
    await store.pin('a text').catch(() => undefined);
    await store.begin('r1', { user: 'a', host: 'b' }, [], started()).catch(() => undefined);
    await store.close();
    const followed = isFolder ? readdirSync(victim).length > 0 : readFileSync(victim, 'utf8') !== '';
    tally.add(followed ? [`a link planted at ${planted} was followed`] : []);
    remove();
  }
  tally.close();
});
