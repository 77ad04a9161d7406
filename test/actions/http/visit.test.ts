import { afterEach, beforeEach, expect, test } from 'vitest';
import { suiteSchema } from '../../../src/actions/http/suite.ts';
import { httpVisit } from '../../../src/actions/http/visit.ts';
import { failureOf, runCheck } from '../action-context.ts';
import { contextFor, environment, startRouteServers, suite } from './route-servers.ts';

let servers: ReturnType<typeof startRouteServers>;
beforeEach(() => {
  servers = startRouteServers();
});
afterEach(() => servers.stop());

const request = { id: 'one', method: 'GET', path: '/', expect: { status: 200 } };
const host = 'api.example.com';

type Page = { id: string; status: number | null; why: string };
type Output = {
  passed: number;
  total: number;
  critical: number;
  warnings: number;
  pages: Page[];
  findings: { id: string; where: string; severity: string }[];
};

async function visit(pages: readonly object[], sites: object) {
  const ctx = contextFor({
    probe: servers.probe,
    env: environment({ edge: { provider: 'cloudflare', connect: '127.0.0.1:1' } }, { sites }),
    suite: suite([request], { pages, 'timeout-ms': 2_000 }),
  });
  const { output, summary } = await runCheck(httpVisit, { suite: 'critical' }, ctx);
  return { output: output as Output, summary };
}

test('plain URLs, each with what it must answer; only what customers cannot do without is critical', async () => {
  const seen: (string | undefined)[] = [];
  const connect = await servers.serve((message, response) => {
    seen.push(`${message.method} ${message.headers.host}${message.url}`);
    const status = message.url === '/gone' ? 503 : message.url === '/moved' ? 307 : 200;
    response.writeHead(status, { location: 'https://elsewhere.example.com/' }).end('<title>Dashboard</title>');
  });
  const at = (path: string) => `https://${host}${path}`;
  const { output, summary } = await visit(
    [
      { id: 'site', url: at('/?from=ops') },
      { id: 'login', url: at('/login'), expect: { text: 'Dashboard' } },
      { id: 'head', url: at('/'), method: 'HEAD' },
      { id: 'moved', url: at('/moved'), expect: { status: [200, 307] } },
      { id: 'other', url: at('/other'), expect: { text: 'Sign in' } },
      { id: 'gone', url: at('/gone'), critical: true },
    ],
    { [host]: { connect } },
  );
  expect(output).toMatchObject({ passed: 4, total: 6, critical: 1, warnings: 1 });
  expect(output.findings.map(({ id, where, severity }) => [id, where, severity])).toEqual([
    ['http/page-failed', 'gone', 'critical'],
    ['http/page-failed', 'other', 'warning'],
  ]);
  expect(output.pages.find(({ id }) => id === 'gone')).toMatchObject({ status: 503, why: 'expected 200, got 503' });
  expect(summary.headline).toBe('4 of 6 pages answer as they should');
  expect(seen.sort()).toEqual(
    ['GET /', 'GET /gone', 'GET /login', 'GET /moved', 'GET /other', 'HEAD /']
      .map((text) => text.replace(' ', ` ${host}`))
      .map((text) => (text === `GET ${host}/` ? `${text}?from=ops` : text))
      .sort(),
  );
});

test('nobody there is told as unreachable; a host that the environment does not name is not asked', async () => {
  const connect = await servers.refuse();
  const page = { id: 'site', url: `https://${host}/` };
  const { output } = await visit([page], { [host]: { connect } });
  expect([output.pages[0], output.findings[0]]).toMatchObject([{ status: null }, { id: 'http/page-unreachable' }]);
  const error = await failureOf(
    visit([page, { id: 'other', url: 'https://www.example.org/' }], { [host]: { connect } }),
  );
  expect([error.code, error.message]).toEqual(['invalid', expect.stringContaining('www.example.org')]);
  expect((await failureOf(visit([], {}))).message).toContain('has no pages');
});

const refused: [string, object[]][] = [
  ['plain http', [{ url: 'http://example.com/' }]],
  ['a user', [{ url: 'https://ana@example.com/' }]],
  ['a fragment', [{ url: 'https://example.com/#top' }]],
  ['two of one id', [{ url: 'https://example.com/' }, { url: 'https://example.com/2' }]],
];
test.each(refused)('a suite is refused for %s', (_, pages) => {
  const made = { title: 'Critical', requests: [request], pages: pages.map((page) => ({ id: 'one', ...page })) };
  expect(suiteSchema.safeParse(made).success).toBe(false);
});
