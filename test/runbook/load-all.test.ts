import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listRunbooks } from '../../src/runbook/list-runbooks.ts';
import { environmentFileOf, loadAll } from '../../src/runbook/load-all.ts';
import { formatProblem } from '../../src/runbook/problem.ts';
import { actions } from './small-actions.ts';

const runbook = `title: Try it
inputs:
  reason: { type: string, required: true, prompt: Why? }
  window: { type: duration, default: 5m }
steps:
  - { id: look, uses: test.look, with: { suite: critical, route: edge } }
  - { id: again, uses: test.look, with: { suite: critical } }
`;
const environment = `hostname: api.example.com
zone: example.com
routes: { edge: { provider: cloudflare, connect: api.example.com } }
dns: { resolvers: [192.0.2.53] }
cloudflare: { zone-id: PLACEHOLDER-zone }
`;
const suite = 'title: Critical\nrequests: [{ id: root, method: GET, path: /, expect: { status: 200 } }]\n';

const files = (more: Record<string, string | undefined> = {}) =>
  new Map(
    Object.entries({
      [join('rb', 'try.yaml')]: runbook,
      [join('rb', 'environments', 'prod.yaml')]: environment,
      [join('rb', 'suites', 'critical.yaml')]: suite,
      ...more,
    }),
  );

const from = (texts: ReadonlyMap<string, string | undefined>) =>
  loadAll({
    runbookFile: join('rb', 'try.yaml'),
    environmentFile: environmentFileOf('rb', 'prod'),
    readText: async (file) => texts.get(file),
    actions,
  });

describe('everything that a run needs, loaded together', () => {
  test('all is well', async () => {
    const loaded = await from(files());
    if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'));
    expect(loaded.runbook.name).toBe('try');
    expect([...loaded.suites.keys()]).toEqual(['critical']);
    expect(loaded.documents.map(({ kind, name, file }) => [kind, name, file])).toEqual([
      ['runbook', 'try', join('rb', 'try.yaml')],
      ['environment', 'prod', join('rb', 'environments', 'prod.yaml')],
      ['suite', 'critical', join('rb', 'suites', 'critical.yaml')],
    ]);
    expect(loaded.warnings.map(formatProblem)).toEqual([
      `${join('rb', 'environments', 'prod.yaml')}:5:24: cloudflare.zone-id is still a placeholder (PLACEHOLDER-zone); fill it in before a live run`,
    ]);
  });

  test('the texts that it loaded load again, without the disk', async () => {
    const first = await from(files());
    if ('problems' in first) throw new Error('refused');
    const again = await from(new Map(first.documents.map(({ file, text }) => [file, text])));
    expect(again).toEqual(first);
  });

  test('problems of all files are told together', async () => {
    const loaded = await from(
      files({
        [join('rb', 'try.yaml')]: runbook.replace('route: edge', 'route: egde'),
        [join('rb', 'suites', 'critical.yaml')]: suite.replace('GET', 'GIT'),
      }),
    );
    expect('problems' in loaded ? loaded.problems.map(formatProblem) : []).toEqual([
      `${join('rb', 'suites', 'critical.yaml')}:2:32: "method" cannot be the text "GIT"; did you mean "GET"?`,
      `${join('rb', 'try.yaml')}:6:66: the environment has no route "egde"; did you mean "edge"?`,
    ]);
  });

  test('missing files', async () => {
    const noSuite = await from(files({ [join('rb', 'suites', 'critical.yaml')]: undefined }));
    expect('problems' in noSuite ? noSuite.problems.map(formatProblem) : []).toEqual([
      `${join('rb', 'try.yaml')}:6:49: there is no suite "critical"; write ${join('rb', 'suites', 'critical.yaml')}, or correct the name`,
    ]);
    const nothing = await from(new Map());
    expect('problems' in nothing ? nothing.problems.map(formatProblem) : []).toEqual([
      `${join('rb', 'environments', 'prod.yaml')}:1:1: there is no such file; name another environment with --env`,
      `${join('rb', 'try.yaml')}:1:1: there is no such file; see the runbooks there are with \`resend-ops list\``,
    ]);
  });

  test('a suite cannot lead out of its folder', async () => {
    const loaded = await from(
      files({ [join('rb', 'try.yaml')]: runbook.replaceAll('suite: critical', 'suite: ../secret') }),
    );
    expect('problems' in loaded ? loaded.problems.map(({ what }) => what) : []).toEqual([
      '"../secret" is not the name of a suite',
    ]);
  });

  test('an environment may be named by its path', () => {
    expect(environmentFileOf('rb', '/tmp/sim.yaml')).toBe('/tmp/sim.yaml');
    expect(environmentFileOf('rb', 'prod')).toBe(join('rb', 'environments', 'prod.yaml'));
  });
});

test('runbooks are listed with their inputs; a broken one says why', async () => {
  const texts = files({ [join('rb', 'broken.yaml')]: 'title: [x\n' });
  const listed = await listRunbooks({
    directory: 'rb',
    listFiles: async () => ['try.yaml', 'broken.yaml', 'notes.md', 'Upper.yaml'],
    readText: async (file) => texts.get(file),
  });
  expect(listed).toEqual([
    {
      name: 'broken',
      file: join('rb', 'broken.yaml'),
      title: '',
      inputs: [],
      problem: expect.stringContaining('broken.yaml:2:1: the indentation does not fit, or a bracket is not closed'),
    },
    {
      name: 'try',
      file: join('rb', 'try.yaml'),
      title: 'Try it',
      inputs: [
        { name: 'reason', type: 'string', required: true, prompt: 'Why?' },
        { name: 'window', type: 'duration', required: false, default: '5m' },
      ],
    },
  ]);
});
