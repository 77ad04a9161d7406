import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sendJson, startWorld } from '../acceptance/program.ts';

/** The runbooks of these attacks: a switch, a switch with a second way, one that is undone, and messages. */
const runbooks: Readonly<Record<string, string>> = {
  switch: `
  - { id: switch, title: Switch, uses: cloudflare.set-load-balancer, with: { enabled: false }, timeout: 3s }
`,
  'two-ways': `
  - id: ways
    title: Switch, or say so
    first-of:
      - { id: switch, title: Switch, uses: cloudflare.set-load-balancer, with: { enabled: false }, timeout: 3s }
      - { id: second, title: Say so, uses: slack.post, with: { channel: "\${{ inputs.channel }}", text: the second way } }
`,
  undo: `
  - { id: switch, title: Switch, uses: cloudflare.set-load-balancer, with: { enabled: false }, timeout: 3s }
  - { id: hold, title: Hold, uses: wait, with: { for: 2s }, expect: outputs.waitedMs < 0 }
`,
  move: `
  - { id: move, title: Move, uses: route53.set-record, with: { route: fallback }, timeout: 3s }
`,
  'undo-move': `
  - { id: move, title: Move, uses: route53.set-record, with: { route: fallback }, timeout: 3s }
  - { id: hold, title: Hold, uses: wait, with: { for: 2s }, expect: outputs.waitedMs < 0 }
`,
  post: `
  - { id: post, title: Say so, uses: slack.post, with: { channel: "\${{ inputs.channel }}", text: told }, timeout: 3s }
`,
  room: `
  - { id: room, title: Open a room, uses: slack.open-room, with: { name: a-room }, timeout: 3s }
`,
  typed: `
  - id: switch
    title: Switch
    confirm: { type: "\${{ env.hostname }}" }
    uses: cloudflare.set-load-balancer
    with: { enabled: false }
`,
  plain: `
  - { id: switch, title: Switch, confirm: true, uses: cloudflare.set-load-balancer, with: { enabled: false } }
`,
  pausing: `
  - { id: switch, title: Switch, uses: cloudflare.set-load-balancer, with: { enabled: false } }
  - { id: hold, title: Hold, uses: wait, with: { for: 1s } }
  - { id: hold-again, title: Hold, uses: wait, with: { for: 1s } }
`,
  slow: `
  - { id: hold, title: Hold, uses: wait, with: { for: 120s } }
`,
  probe: `
  - { id: probe, title: Probe, uses: dns.verify, with: { route: fallback, ask: resolvers, every: 1s }, timeout: 120s }
`,
  changed: `
  - { id: switch, title: Switch, uses: cloudflare.set-load-balancer, with: { enabled: false } }
  - { id: hold, title: Hold, uses: wait, with: { for: 120s } }
`,
  'told-and-changed': `
  - { id: room, title: Open a room, uses: slack.open-room, optional: true, with: { name: a-room } }
  - { id: switch, title: Switch, uses: cloudflare.set-load-balancer, with: { enabled: false } }
  - { id: hold, title: Hold, uses: wait, with: { for: 120s } }
`,
};

/** One line of the log, as far as the attacks look at it. */
export type LogEntry = {
  seq: number;
  time: string;
  type: string;
  step?: string;
  signal?: string;
  message?: string;
  exitCode?: number;
  left?: string[];
};

/** The `result` line of `--json`. */
export type Result = {
  run: string;
  outcome: string;
  exitCode: number;
  message: string;
  steps: { id: string; outcome: string; recovery: string | null }[];
};

/** A way to switch the hostname, and what it takes to attack it. */
export type Way = {
  name: string;
  /** What is broken. */
  component: 'cloudflare-api' | 'aws-api';
  /** The runbooks that switch by it, and that switch and undo it. */
  runbooks: { switch: string; undo: string };
  /** How the request that writes begins. */
  request: string;
  /** A simulated world in which the hostname is switched so. */
  world: readonly string[];
};

/** By Cloudflare's load balancer. */
export const byLoadBalancer: Way = {
  name: 'load balancer',
  component: 'cloudflare-api',
  runbooks: { switch: 'switch', undo: 'undo' },
  request: 'PATCH /',
  world: [],
};

/** By the record set in a zone at Route 53. */
export const byRecordSet: Way = {
  name: 'record set',
  component: 'aws-api',
  runbooks: { switch: 'move', undo: 'undo-move' },
  request: 'POST /2013-04-01/hostedzone/',
  world: ['--runbooks', fileURLToPath(new URL('../acceptance/partial-zone', import.meta.url)), '--scenario', 'quiet'],
};

/** Starts a simulator of its own, with the runbooks above, and what the attacks ask of it. */
export async function startFaultyWorld(way: Way = byLoadBalancer) {
  const world = await startWorld(way.world);
  const directory = join(world.home, 'runbooks');
  mkdirSync(directory);
  for (const [name, steps] of Object.entries(runbooks)) {
    const inputs = steps.includes('inputs.channel') ? 'inputs:\n  channel: { type: string, required: true }\n' : '';
    writeFileSync(
      join(directory, `${name}.yaml`),
      `title: ${name}\n${inputs}lock: dns/\${{ env.hostname }}\nsteps:${steps}`,
    );
  }
  const state = async (): Promise<{
    hostname: string;
    loadBalancers: { name: string; enabled: boolean }[];
    channels: { name: string; messages: { text: string }[] }[];
    hostedZone: { recordSets: { name: string; values?: string[] }[]; changes: object[] };
  }> => JSON.parse(await world.call('GET', '/state'));
  const writes = async (): Promise<{ server: string; method: string; path: string; body: string }[]> =>
    JSON.parse(await world.call('GET', '/requests?writes=1'));
  return {
    ...world,
    runbooks: directory,
    /** What an attacked command line begins and ends with. */
    common: ['--runbooks', directory] as const,
    truth: state,
    /** The switches that reached the provider, in order; true of each that leads back to the edge. */
    async switches(): Promise<boolean[]> {
      if (way === byRecordSet) {
        const batches = (await writes()).filter(({ path }) => path.endsWith('/rrset'));
        return batches.map(({ body }) => leadsToEdge(body.slice(body.indexOf('<Action>CREATE'))));
      }
      const patches = (await writes()).filter(({ path }) => path.includes('/load_balancers/'));
      return patches.map(({ body }) => (JSON.parse(body) as { enabled: boolean }).enabled);
    },
    /** Whether the hostname leads to the edge, from the simulator's state. */
    async isOn(): Promise<boolean> {
      if (way !== byRecordSet) return world.isEnabled();
      const { hostname, hostedZone } = await state();
      const sets = hostedZone.recordSets.filter(({ name }) => name === `${hostname}.`);
      return sets.flatMap(({ values = [] }) => values).some(leadsToEdge);
    },
    async writesTo(part: string): Promise<number> {
      return (await writes()).filter(({ path }) => path.includes(part)).length;
    },
    async messages(text: string): Promise<number> {
      const { channels } = await state();
      return channels.flatMap(({ messages }) => messages).filter((message) => message.text === text).length;
    },
    async makeChannel(): Promise<string> {
      const base = world.address(/slack/i).replace(/\/$/, '');
      const url = /\/api$/.test(base) ? `${base}/conversations.create` : `${base}/api/conversations.create`;
      const token = Object.values(world.secrets).find((value) => value.startsWith('xoxb')) ?? '';
      const answer = await sendJson(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: { name: 'the-channel' },
      });
      const made: { channel: { id: string } } = JSON.parse(answer.text);
      return made.channel.id;
    },
    /** The log as it is on disk. */
    log(): LogEntry[] {
      const audit = join(world.state, 'audit');
      return readdirSync(audit)
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
        .flatMap((name) => readFileSync(join(audit, name), 'utf8').split('\n'))
        .filter((line) => line !== '')
        .map((line): LogEntry => JSON.parse(line));
    },
  };
}

function leadsToEdge(text: string): boolean {
  return text.includes('.cdn.cloudflare.net');
}

/** A world whose provider is made to misbehave. */
export type FaultyWorld = Awaited<ReturnType<typeof startFaultyWorld>>;

/** The last line of `--json`, if it is a result. */
export function resultOf(stdout: string): Result | undefined {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    const value: { type?: string } & Result = JSON.parse(last);
    return value.type === 'result' ? value : undefined;
  } catch {
    return undefined;
  }
}
