import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import dnsPacket from 'dns-packet';
import { expect, test } from 'vitest';
import { slackLines } from '../../src/actions/slack/slack-text.ts';
import { createPrompts } from '../../src/cli/operator/prompts.ts';
import { program } from '../../src/cli/program.ts';
import { printGoScreen } from '../../src/cli/terminal/go-screen.ts';
import { createPaint } from '../../src/cli/terminal/paint.ts';
import { printDiagnosis } from '../../src/cli/terminal/print-diagnosis.ts';
import { createScreen } from '../../src/cli/terminal/screen.ts';
import { createRedactor } from '../../src/journal/redact.ts';
import { foldRun } from '../../src/journal/state.ts';
import { diagnose } from '../../src/report/doctor/diagnosis.ts';
import { start } from '../acceptance/program.ts';
import { shown as shownMarkdown } from '../actions/statuspage/shown-markdown.ts';
import { createFakeWorld } from '../cli/fake-world.ts';
import { alice, started, stateDirectory, storeOn } from '../journal/support/store-fixture.ts';
import { problemsOfMetrics } from '../report/openmetrics-check.ts';
import { parseJUnit, python } from '../report/parse-junit.ts';
import { faultsOf, markups, payloads } from './payloads.ts';
import { type Sayer, sayers, startSayingWorld } from './saying-world.ts';
import { createTally, isFull } from './tally.ts';
import { hasTerminals, startOnTerminal } from './terminal.ts';

const sampled = ['CSI clear', 'OSC 52 clipboard', 'C1 CSI', 'forged line, CRLF', 'overwritten', 'U+202e'];
const sample = isFull ? payloads : payloads.filter(({ name }) => sampled.includes(name));
const ownCodes = /\x1b\[[?\d;]*[A-Za-z]/g;

test('a question and its choices are drawn with no code but the line editor’s own', { timeout: 600_000 }, async ({
  task,
}) => {
  const tally = createTally(task);
  const fake = await createFakeWorld();
  const drawn = async (text: string) => {
    const [keyboard, display] = [new PassThrough(), new PassThrough()];
    let shown = '';
    // Like the process's own stderr, it is not ended by what is piped into it.
    display.end = () => display;
    display.on('data', (data: Buffer) => {
      shown += data.toString();
    });
    const stderr = { ...fake.world.stderr, isTTY: true, stream: display };
    const screen = createScreen({
      output: stderr,
      redactor: createRedactor([]),
      paint: createPaint({ isTTY: false, variables: {}, color: false }),
      unicode: true,
    });
    const prompts = createPrompts({ ...fake.world, stdin: { isTTY: true, stream: keyboard }, stderr }, screen);
    if (prompts === undefined) throw new Error('there are no prompts');
    for (const ask of [
      () => prompts.input(`asked ${text} once`),
      () => prompts.confirm(`asked ${text} once`),
      () => prompts.select(`asked ${text} once`, [{ value: 'a', label: `choice ${text} one` }]),
    ]) {
      const before = shown.length;
      const answer = ask();
      while (!shown.slice(before).includes('asked')) await once(display, 'data');
      prompts.interrupt();
      expect(await answer).toEqual({ kind: 'interrupted' });
    }
    return shown;
  };
  // The column that the cursor is put to follows from how long the text is.
  const codesOf = (shown: string) => new Set(shown.match(ownCodes)?.map((code) => code.replace(/\d+G$/, 'G')));
  const usual = codesOf(await drawn('plain'));
  for (const { name, text } of sample) {
    const shown = await drawn(text);
    const foreign = [...codesOf(shown)].filter((code) => !usual.has(code)).map((code) => JSON.stringify(code));
    const rest = shown.replace(ownCodes, '').replaceAll('\r\n', '\n').replaceAll('\x07', '');
    const faults = [...foreign.map((code) => `the code ${code}`), ...faultsOf(rest)];
    tally.add(faults.map((fault) => `a prompt with ${name}: ${fault}`));
  }
  await fake.remove();
  tally.close();
});

test('the screen before a decision shows what was found and planned as text', { timeout: 600_000 }, async ({
  task,
}) => {
  const tally = createTally(task);
  for (const { name, text } of payloads) {
    const { directory, remove } = stateDirectory();
    const store = storeOn(directory);
    const hostname = `api.example.com${text}`;
    await store.begin('r1', alice, ['dns'], { ...started(['dns']), hostname, inputs: { reason: `why ${text}` } });
    const lease = await store.drive('r1', alice);
    await lease.append({ type: 'step-started', step: 'look', title: `look ${text}`, uses: 'http.compare' });
    await lease.append({
      type: 'step-succeeded',
      step: 'look',
      output: { verdict: `verdict ${text}`, matrix: [] },
      summary: { headline: `found ${text}`, detail: [`row ${text}`] },
      knowledge: 'known',
    });
    await lease.append({ type: 'step-started', step: 'bad', title: `bad ${text}`, uses: 'http.check' });
    await lease.append({ type: 'step-failed', step: 'bad', error: { code: 'failed', message: `said ${text}` } });
    const guard = { step: 'bad', guard: `guard${text}`, message: `m ${text}` };
    await lease.append({ type: 'guard-overridden', ...guard, reason: `because ${text}` });
    await lease.append({ type: 'step-started', step: 'switch', title: `switch ${text}`, uses: 'manual.change' });
    await lease.append({
      type: 'step-planned',
      step: 'switch',
      uses: 'manual.change',
      before: null,
      after: null,
      diff: [`- old ${text}`, `+ new ${text}`],
      notes: [`note ${text}`],
      digest: '0'.repeat(64),
    });
    const state = foldRun(await store.read('r1'));
    if (state === undefined) throw new Error('the run cannot be folded');
    let shown = '';
    const write = (part: string) => {
      shown += part;
    };
    const output = { write, isTTY: true, columns: () => 100 };
    const paint = createPaint({ isTTY: false, variables: {}, color: false });
    const screen = createScreen({ output, redactor: createRedactor([]), paint, unicode: true });
    printGoScreen(screen, state, 'switch', undefined);
    const missing = ['found', 'row', 'said', 'because', 'old', 'new', 'note'].filter((word) => !shown.includes(word));
    const faults = [...faultsOf(shown), ...missing.map((word) => `“${word} …” is not shown`)];
    tally.add(faults.map((fault) => `the go screen with ${name}: ${fault}`));
    await store.close();
    remove();
  }
  tally.close();
});

test('a message of several lines for Slack: nothing adds a line, and the last ones are never cut off', ({ task }) => {
  const tally = createTally(task);
  for (const { name, text } of payloads) {
    const shown = slackLines([`first ${text}`, `plan ${text}`, `last ${text}`]);
    const faults = faultsOf(shown);
    if (shown.split('\n').length !== 3) faults.push('a line was added');
    tally.add(faults.map((fault) => `slackLines of ${name}: ${fault}`));
  }
  tally.close();
});

test('the tables of `doctor` show what was found as text, a line each', ({ task }) => {
  const tally = createTally(task);
  const shownFor = (text: string) => {
    let shown = '';
    const write = (part: string) => {
      shown += part;
    };
    const paint = createPaint({ isTTY: false, variables: {}, color: false });
    const output = { write, isTTY: false, columns: () => 80 };
    const screen = createScreen({ output, redactor: createRedactor([]), paint, unicode: true });
    const found = (state: 'bad' | 'ok') => ({
      ...{ id: 'cloudflare-token' as const, state, found: `found${text}`, breaks: `breaks${text}` },
      remedy: `remedy${text}`,
    });
    const acceptance = {
      ...{ id: 'cloudflare-token', reason: `reason${text}`, until: '2025-01-01', by: `by${text}` },
    };
    const diagnosis = diagnose({ 'accepted-findings': [acceptance] }, Date.UTC(2026, 0, 1), {
      sections: { machine: [found('ok')], access: [found('bad')], dependencies: [found('bad')] },
      independence: [
        {
          name: `name${text}`,
          neededFor: 'switch',
          byAddress: 'behind',
          bySignature: 'unknown',
          host: `host${text}`,
          addresses: [],
          answered: text,
        },
      ],
    });
    printDiagnosis(screen, diagnosis);
    return shown;
  };
  const lines = shownFor('').split('\n').length;
  for (const { name, text } of payloads) {
    const shown = shownFor(text);
    const missing = ['found', 'breaks', 'remedy', 'reason', 'name'].filter((word) => !shown.includes(word));
    const faults = [...faultsOf(shown), ...missing.map((word) => `“${word} …” is not shown`)];
    if (/^\s*hint: forged/m.test(shown)) faults.push('a forged line');
    // What is made visible is longer, and may be broken once more.
    if (shown.split('\n').length > lines + 12) faults.push(`${shown.split('\n').length} lines for ${lines}`);
    tally.add(faults.map((fault) => `doctor with ${name}: ${fault}`));
  }
  tally.close();
});

/** A resolver that answers every question with a CNAME to a name of these bytes, with an A record behind it. */
async function startResolver(target: string) {
  const socket = createSocket('udp4');
  socket.on('message', (query, { address, port }) => {
    const asked = dnsPacket.decode(query);
    const name = asked.questions?.[0]?.name ?? '';
    const answers: dnsPacket.Answer[] = [
      { type: 'CNAME', name, ttl: 60, data: target },
      { type: 'A', name: target, ttl: 60, data: '192.0.2.1' },
    ];
    const flags = dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE;
    const answer = { type: 'response', id: asked.id ?? 0, flags, questions: asked.questions ?? [], answers } as const;
    socket.send(dnsPacket.encode(answer), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()));
  return { port: socket.address().port, stop: () => new Promise<void>((resolve) => socket.close(() => resolve())) };
}

test('what a DNS server answers reaches no output as it is: screen, JSON, log, JUnit, metrics', {
  timeout: 600_000,
}, async ({ task }) => {
  const tally = createTally(task);
  for (const { name, text } of sample) {
    const fake = await createFakeWorld();
    const resolver = await startResolver(`odd${text.replaceAll('.', '')}.example.net`);
    try {
      const directory = join(fake.home, 'runbooks');
      mkdirSync(join(directory, 'environments'), { recursive: true });
      writeFileSync(
        join(directory, 'ask.yaml'),
        'title: Ask\nsteps:\n  - { id: ask, title: Ask, uses: dns.verify, with: { route: edge, ask: resolvers, must-agree: false }, timeout: 20s }\n',
      );
      writeFileSync(
        join(directory, 'environments', 'odd.yaml'),
        `hostname: api.example.com\nzone: example.com\nroutes:\n  edge: { provider: cloudflare, connect: 127.0.0.1 }\ndns: { resolvers: ["127.0.0.1:${resolver.port}"] }\n`,
      );
      const state = join(fake.home, 'state');
      const [junit, metrics] = [join(fake.home, 'run.xml'), join(fake.home, 'run.prom')];
      const common = ['ask', '--env', 'odd', '--runbooks', directory, '--state-dir', state];
      const code = await program([...common, '--verbose', '--junit', junit, '--metrics', metrics], fake.world);
      const faults = faultsOf(fake.stderr());
      if (!fake.stderr().includes('odd')) faults.push(`the answer is not shown (exit ${code}): ${fake.stderr()}`);
      fake.clear();
      await program([...common, '--json'], fake.world);
      const log = readdirSync(join(state, 'audit')).filter((file) => file.endsWith('.jsonl'));
      const texts = [
        fake.stdout(),
        fake.stderr(),
        ...log.map((file) => readFileSync(join(state, 'audit', file), 'utf8')),
        ...[junit, metrics].map((file) => readFileSync(file, 'utf8')),
      ];
      for (const [at, said] of texts.entries()) {
        faults.push(...faultsOf(said).map((fault) => `${['stdout', 'stderr'][at] ?? said.slice(0, 40)}: ${fault}`));
      }
      for (const line of fake.stdout().trimEnd().split('\n')) JSON.parse(line);
      tally.add(faults.map((fault) => `a DNS answer with ${name}: ${fault}`));
    } finally {
      await resolver.stop();
      await fake.remove();
    }
  }
  tally.close();
});

/** What a process is told on its command line. */
function asArgument(text: string): string {
  return text.replace(/[\0\p{Cs}]/gu, '');
}

/** Texts of a few payloads each, every one behind a mark of its own: short enough that no answer's text is cut. */
function groupsOf(all: readonly { name: string; text: string }[], size: number) {
  const groups: { name: string; text: string }[][] = [];
  for (let at = 0; at < all.length; at += size) groups.push(all.slice(at, at + size));
  return groups;
}

function joined(group: readonly { text: string }[]): string {
  return group.map(({ text }, at) => `q${at}w${text}`).join('');
}

/** What of a group stands in what was shown as it was said, though it must not. A code of our own may follow a mark. */
function rawIn(shown: string, group: readonly { name: string; text: string }[]): string[] {
  const said = shown.replaceAll('\r\n', '\n').replaceAll(/\x1b(?=\[(?:\d*m|\d+G))/g, '');
  return group.flatMap(({ name, text }, at) =>
    faultsOf(text).length > 0 && said.includes(`q${at}w${text}`) ? [`${name} as it is`] : [],
  );
}

type Sent = { path: string; body: string };

/** What is wrong with what Slack was sent, by its own rules (docs.slack.dev, formatting): nothing but text. */
function faultsAtSlack({ path, body }: Sent): string[] {
  const form = new URLSearchParams(body);
  const [text, topic] = [form.get('text') ?? '', form.get('topic') ?? ''];
  // Messages whose whole text a runbook words may have lines of their own.
  const isWorded = (form.get('metadata') ?? '').includes('"resend_ops_run"');
  return [
    ...faultsOf(text).filter((fault) => !isWorded || fault !== 'a forged line'),
    ...faultsOf(topic),
    ...(/[<>]|&(?!amp;|lt;|gt;)/.test(text) ? [`markup: ${text.slice(0, 60)}`] : []),
    ...(path.endsWith('chat.postMessage') && form.get('mrkdwn') !== 'false' ? ['it may be formatted'] : []),
    ...(path.endsWith('chat.postMessage') && form.get('unfurl_media') !== 'false' ? ['addresses are looked up'] : []),
  ];
}

/** The same of a status page and of PagerDuty. */
function faultsAtJson({ path, body }: Sent, provider: 'atlassian' | 'incident-io'): string[] {
  const sent: Record<string, unknown> & { payload?: { summary: string; custom_details: { said: string } } } =
    JSON.parse(body);
  const { incident = sent } = sent as { incident?: Record<string, unknown> };
  const line = path.endsWith('/enqueue') ? sent.payload?.summary : incident.name;
  const text = path.endsWith('/enqueue') ? sent.payload?.custom_details.said : (incident.message ?? incident.body);
  if (typeof line !== 'string' || typeof text !== 'string') return ['it says nothing'];
  const more = provider === 'incident-io' && path.startsWith('/v2/status') ? shownMarkdown(text).more : [];
  return [
    ...faultsOf(line),
    ...(line.includes('\n') ? ['a title of several lines'] : []),
    ...faultsOf(text).filter((fault) => fault !== 'a forged line'),
    ...[...new Set(more)].map((kind) => `Markdown: ${kind}`),
  ];
}

/** Runs the program on a terminal; nobody is asked anything, and nothing takes half a minute. */
async function onTerminal(argv: readonly string[], variables: Readonly<Record<string, string>>) {
  const run = await startOnTerminal(argv, variables);
  const timer = setTimeout(() => process.kill(run.pid, 'SIGKILL'), 30_000);
  try {
    return await run.ended;
  } finally {
    clearTimeout(timer);
  }
}

test.skipIf(!hasTerminals || python.status !== 0)(
  'what endpoints, providers and inputs say reaches nothing as it is: terminal, pipe, log, JUnit, metrics, Slack, status pages, PagerDuty',
  { timeout: 3_600_000 },
  async ({ task }) => {
    const tally = createTally(task);
    const marked = markups.map((text) => ({ name: `markup ${text}`, text }));
    const few = marked.filter(({ text }) =>
      ['<!channel>', '`code` ```more', '[x](https://evil.test)', '\n# heading'].includes(text),
    );
    const groups = isFull ? [...groupsOf(payloads, 10), ...groupsOf(marked, 4)] : [[...sample.slice(0, 4), ...few]];
    const codesOf = (text: string) => new Set(text.match(ownCodes)?.map((code) => code.replace(/\d+G$/, 'G')));
    let group: readonly { name: string; text: string }[] = [];
    // What Slack and endpoints say is cut where it is long: its mark comes first.
    const say = (by: Sayer) =>
      by === 'slack' || by === 'endpoint' ? `zz${by}${joined(group)}` : `${joined(group)}zz${by}`;
    let usual: Set<string> | undefined;
    for (const [round, next] of [[], ...groups].entries()) {
      group = next;
      const provider = round % 2 === 1 ? 'incident-io' : 'atlassian';
      for (const how of round === 0 ? (['terminal'] as const) : (['terminal', 'pipe'] as const)) {
        const world = await startSayingWorld(provider, say);
        const name = `${how}, ${next.map((one) => one.name).join(', ')}`;
        const faults: string[] = [];
        try {
          const [junit, metrics] = [join(world.home, 'run.xml'), join(world.home, 'run.prom')];
          const text = asArgument(`said ${joined(group)}`);
          const argv = [
            ...world.argv(text, Array.from(text).slice(0, 180).join('')),
            '--junit',
            junit,
            '--metrics',
            metrics,
          ];
          const ended =
            how === 'terminal'
              ? { stdout: '', stderr: '', ...(await onTerminal(argv, world.variables)) }
              : { output: '', ...(await start([...argv, '--json'], world.variables).ended) };
          if (ended.code !== 1 && ended.code !== 0) faults.push(`exit ${ended.code}: ${ended.output}${ended.stderr}`);
          if (!existsSync(junit) || !existsSync(world.state))
            throw new Error(`${name}: exit ${ended.code}, nothing was written: ${ended.output}${ended.stderr}`);
          const shown = ended.output + ended.stderr + ended.stdout;
          usual ??= codesOf(ended.output);
          const codes = [...codesOf(shown)].filter((code) => usual?.has(code) !== true);
          faults.push(...codes.map((code) => `the code ${JSON.stringify(code)}`), ...rawIn(shown, group));
          faults.push(...faultsOf(shown.replace(ownCodes, '').replaceAll('\r\n', '\n')));
          const bare = shown.replace(ownCodes, '').replace(/\s+/g, '');
          for (const by of sayers) if (!bare.includes(`zz${by}`)) faults.push(`nothing is shown of what ${by} said`);
          const lines = ended.stdout.split('\n').slice(0, -1);
          for (const line of lines) JSON.parse(line);
          if (how === 'pipe' && lines.length < 10) faults.push('there are no lines of JSON');
          for (const [file, content] of world.files()) {
            faults.push(...[...faultsOf(content), ...rawIn(content, group)].map((fault) => `${file}: ${fault}`));
            if (file.endsWith('.jsonl')) for (const line of content.split('\n').slice(0, -1)) JSON.parse(line);
          }
          const [xml, told] = [junit, metrics].map((file) => readFileSync(file, 'utf8'));
          faults.push(...faultsOf(xml ?? ''), ...faultsOf(told ?? ''), ...problemsOfMetrics(told ?? ''));
          const [, cases] = parseJUnit(xml ?? '');
          if (!JSON.stringify(cases).includes('zzroute53')) faults.push('JUnit does not tell what was said');
          const sent = world.arrived.filter(({ method }) => method === 'POST');
          const toSlack = sent.filter(({ path }) => path.startsWith('/api/'));
          const others = sent.filter(({ path }) => /enqueue|incidents/.test(path));
          if (others.length < 2) faults.push('status page or PagerDuty were sent nothing');
          if (toSlack.every(({ body }) => !body.includes('zzcloudflare'))) faults.push('Slack was told nothing of it');
          faults.push(...toSlack.flatMap((one) => faultsAtSlack(one).map((fault) => `Slack, ${one.path}: ${fault}`)));
          faults.push(...others.flatMap((one) => faultsAtJson(one, provider).map((fault) => `${one.path}: ${fault}`)));
        } finally {
          world.stop();
        }
        if (next.length === 0) tally.add(faults);
        for (const [at] of next.entries()) tally.add(at === 0 ? faults.map((fault) => `${name}: ${fault}`) : []);
      }
    }
    tally.close();
  },
);
