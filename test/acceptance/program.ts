import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/resend-ops.js', import.meta.url));

/** How a process of the program ended, and what it printed. */
type Ended = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

/** A running process of the built program. */
type Running = {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Resolves when stdout or stderr holds a match; rejects when the process ends before. */
  until(pattern: RegExp): Promise<RegExpMatchArray>;
};

/** Starts the built program as a user would, with no terminal. `stdout`: a file descriptor in place of a pipe. */
export function start(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  { stdout: to = 'pipe' }: { stdout?: number | 'pipe' } = {},
): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', NO_COLOR: '1', ...variables },
    stdio: ['ignore', to, 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout?.on('data', (data: Buffer) => {
    stdout += data.toString();
    for (const watcher of watchers) watcher();
  });
  child.stderr?.on('data', (data: Buffer) => {
    stderr += data.toString();
    for (const watcher of watchers) watcher();
  });
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  return {
    child,
    ended,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(stdout + stderr);
          if (match !== null) resolve(match);
        };
        watchers.add(look);
        look();
        ended.then(
          ({ code, stderr: said }) => reject(new Error(`ended with ${code} before ${pattern}: ${said}`)),
          reject,
        );
      }),
  };
}

/**
 * One request over a connection of its own: one that was kept from before may be closed by the server at that moment, which
 * an attack must not take for a finding.
 */
export function sendJson(
  url: string | URL,
  { method, headers = {}, body }: { method: string; headers?: Record<string, string>; body?: unknown },
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => {
        text += data.toString();
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The simulator in a process of its own, with few customers (whoever counts them asks for more), and a state directory for the runs against it. */
export async function startWorld(options: readonly string[] = []) {
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-acceptance-'));
  const state = join(home, 'state');
  const simulator = start(['simulate', '--json', '--customers', '2', ...options]);
  const [line] = await simulator.until(/^\{"type":"simulator".*\}$/m);
  const told: {
    environmentFile: string;
    caFile: string;
    secrets: Record<string, string>;
    control: string;
    endpoints: { name: string; address: string }[];
  } = JSON.parse(line);
  const control = async (method: string, path: string, body?: unknown): Promise<string> =>
    (await sendJson(new URL(path, told.control), { method, body })).text;
  return {
    ...told,
    home,
    state,
    /** A call of the simulator's control port; answers its text. */
    call: control,
    /** Runs the program against the simulator, by `--env`. */
    run: (args: readonly string[], variables: Readonly<Record<string, string>> = {}) =>
      start([...args, '--state-dir', state], { ...told.secrets, ...variables }),
    runbook: (name: string, args: readonly string[] = [], variables: Readonly<Record<string, string>> = {}) =>
      start([name, '--env', told.environmentFile, '--state-dir', state, ...args], { ...told.secrets, ...variables }),
    fault: (component: string, fault: object) => control('PUT', `/faults/${component}`, fault),
    clearFault: (component: string) => control('DELETE', `/faults/${component}`),
    /** Writes of the run that reached Cloudflare's API: the simulator's own log is the witness. */
    async writes(): Promise<{ method: string; path: string; body: string }[]> {
      const answer: unknown = JSON.parse(await control('GET', '/requests?writes=1'));
      const list = Array.isArray(answer) ? answer : (answer as { requests: unknown[] }).requests;
      return list as { server: string; method: string; path: string; body: string }[];
    },
    /** Whether the load balancer of the hostname is enabled, from the simulator's state. */
    async isEnabled(): Promise<boolean> {
      const answer: { hostname: string; loadBalancers: { name: string; enabled: boolean }[] } = JSON.parse(
        await control('GET', '/state'),
      );
      return answer.loadBalancers.find(({ name }) => name === answer.hostname)?.enabled ?? false;
    },
    address(pattern: RegExp): string {
      const found = told.endpoints.find(({ name }) => pattern.test(name));
      if (found === undefined)
        throw new Error(`no endpoint ${pattern}: ${told.endpoints.map(({ name }) => name).join(', ')}`);
      return found.address;
    },
    async stop() {
      simulator.child.kill('SIGINT');
      await simulator.ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}
