import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { DnsAnswer } from '../../src/world/dns.ts';

/** A record in one spelling, whichever tool printed it: name, TTL, type and data, without quotes and final dots. */
export type PlainRecord = string;

/** Whether a tool is on this machine. */
export function hasTool(command: string, ...args: string[]): boolean {
  return spawnSync(command, args).error === undefined;
}

/** What `dig` or `kdig` reads of one answer. Both print records alike. */
export async function askByTool(
  tool: 'dig' | 'kdig',
  server: { address: string; port: number },
  { name, type, flags }: { name: string; type: string; flags: readonly string[] },
): Promise<{ rcode: string; flags: string[]; answers: PlainRecord[]; authorities: PlainRecord[] }> {
  const own = tool === 'dig' ? ['+tries=1'] : ['+retry=0', '+noidn'];
  const args = [`@${server.address}`, '-p', String(server.port), '+time=3', ...own, ...flags, name, type];
  const { stdout } = await promisify(execFile)(tool, args);
  const section = (title: string) =>
    (new RegExp(`;; ${title} SECTION:\\n([\\s\\S]*?)\\n(?:\\n|;;)`).exec(stdout)?.[1] ?? '')
      .split('\n')
      .filter((line) => /^[^;\s]/.test(line))
      .map((line) => {
        const [owner = '', ttl = '', , kind = '', ...data] = line.split(/\s+/);
        return plainRecord(owner, Number(ttl), kind, data.join(' '));
      });
  return {
    rcode: /status: (\w+)/.exec(stdout)?.[1] ?? 'none',
    flags: (/[Ff]lags: ([\w ]+);/.exec(stdout)?.[1] ?? '').trim().split(/\s+/),
    answers: section('ANSWER').sort(),
    authorities: section('AUTHORITY').sort(),
  };
}

/** What our own client read, in the same spelling. */
export function asPlain(answer: DnsAnswer): { rcode: string; answers: PlainRecord[]; authorities: PlainRecord[] } {
  if (!answer.answered) throw new Error(`no answer: ${answer.message}`);
  const plain = (records: typeof answer.answers) =>
    records.map(({ name, ttl, type, data }) => plainRecord(name, ttl, type, data)).sort();
  return { rcode: answer.rcode, answers: plain(answer.answers), authorities: plain(answer.authorities) };
}

function plainRecord(name: string, ttl: number, type: string, data: string): PlainRecord {
  const kind = type === 'TYPE65' ? 'HTTPS' : type;
  const words = data
    .replaceAll('"', '')
    .split(' ')
    .map((word) => (word.length > 1 ? word.replace(/\.$/, '') : word));
  return `${name.toLowerCase().replace(/\.$/, '')} ${ttl} ${kind} ${words.join(' ')}`;
}
