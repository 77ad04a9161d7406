import { expect, test } from 'vitest';
import { actions } from '../../src/actions/index.ts';
import { loadRunbook } from '../../src/runbook/load-runbook.ts';
import { environment, problemsOf } from './small-actions.ts';

const withPage = {
  ...environment,
  statuspage: {
    provider: 'atlassian' as const,
    'page-id': 'kctbh9vrtdwd',
    components: { api: '8kbf7d35c070', smtp: 'vtnh60py4yd7' },
    notify: true,
  },
};

function problems(components: string, given: typeof environment = withPage): string[] {
  const text = `title: t\nsteps:\n  - id: a\n    uses: statuspage.open\n    with: { title: t, message: m, components: ${components} }\n`;
  return problemsOf(
    loadRunbook({ file: 'x.yaml', text, actions, environment: given, suites: new Map<string, never>() }),
  );
}

test('a component that the environment’s status page does not have is told, with the one that is meant', () => {
  expect(problems('{ apii: major-outage }')).toEqual([
    expect.stringContaining('the environment’s status page has no component "apii"; did you mean "api"?'),
  ]);
  expect(problems('{ api: major-outag }')).toEqual([expect.stringContaining('major-outag')]);
  expect(problems('{ api: major-outage, smtp: operational }')).toEqual([]);
  // Without a status page the step is skipped, or refused when it is planned.
  expect(problems('{ web: major-outage }', environment)).toEqual([]);
});
