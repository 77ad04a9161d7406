import { expect, test } from 'vitest';
import { isEdgeOwnPath } from '../../../src/actions/http/edge-own-path.ts';
import { suitePageSchema, suiteSchema } from '../../../src/actions/http/suite.ts';

test.each([
  '/cdn-cgi/trace',
  '/cdn-cgi',
  '/cdn-cgi?x',
  '//cdn-cgi/trace',
  '/./cdn-cgi/trace',
  '/emails/../cdn-cgi/trace',
  '/../cdn-cgi/trace',
  '/CDN-CGI/trace',
  '/cdn%2Dcgi/trace',
  '/%63dn-cgi/trace',
  '/%2563dn-cgi/trace',
  '/cdn-cgi%2Ftrace',
  '/%2Fcdn-cgi/trace',
  '/%2e%2e/cdn-cgi/trace',
  '/emails/%2E%2E/cdn-cgi/trace',
  '\\cdn-cgi\\trace',
  '/cdn-cgi;v=1/trace',
  '/cdn-cgi/trace/../trace',
])('%s leads to what the edge answers itself, and is no critical request', (path) => {
  expect(isEdgeOwnPath(path)).toBe(true);
  const suite = (critical: boolean) =>
    suiteSchema.safeParse({
      title: 'Critical',
      requests: [
        {
          id: 'trace',
          method: 'GET',
          path: path.startsWith('/') ? path : `/${path}`,
          critical,
          expect: { status: 200 },
        },
      ],
    });
  expect(suite(true).error?.issues.map(({ message }) => message)).toEqual([
    expect.stringContaining('no critical request may ask for /cdn-cgi/'),
  ]);
  expect(suite(false).success).toBe(true);
});

test.each([
  '/',
  '/emails',
  '/emails?next=/cdn-cgi/trace',
  '/v1/cdn-cgi/trace',
  '/cdn-cgi-like',
  '/cdn-cgi/../emails',
  '/%zz',
])('%s does not', (path) => {
  expect(isEdgeOwnPath(path)).toBe(false);
});

test('nor is it a page', () => {
  const page = (url: string) => suitePageSchema.safeParse({ id: 'page', url }).success;
  expect([page('https://example.com/cdn-cgi/trace'), page('https://example.com//cdn-cgi/trace')]).toEqual([
    false,
    false,
  ]);
  expect(page('https://example.com/login')).toBe(true);
});
