import type { Logger, WebClient } from '@slack/web-api';
import { z } from 'zod';
import { OpsError } from '../errors.ts';
import { assertToken } from './assert-token.ts';
import { boundedText } from './bounded-text.ts';
import type { Fetch } from './https-fetch.ts';
import { parseJson } from './parse-json.ts';

/** The official client, limited to the families of methods in use. */
export type SlackClient = Pick<WebClient, 'auth' | 'chat' | 'conversations' | 'pins' | 'reactions'>;

/** Where Slack's Web API is, unless the environment file names another endpoint. */
export const slackApi = 'https://slack.com/api/';

/** Methods that only read (docs.slack.dev, methods). Whatever is not listed counts as writing. */
const readingMethods: ReadonlySet<string> = new Set([
  'api.test',
  'auth.test',
  'bookmarks.list',
  'conversations.history',
  'conversations.info',
  'conversations.list',
  'conversations.members',
  'conversations.replies',
  'pins.list',
  'reactions.get',
  'users.info',
  'users.lookupByEmail',
]);

/** Whether a call of Slack's API changes anything. Every method is a POST: the path's last part tells. */
export function isSlackWrite(_method: string, url: URL): boolean {
  return !readingMethods.has(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));
}

/**
 * Builds the client. Everything that it sends is masked. It never retries, never waits out a rate limit, and never prints. An answer that is not the API's
 * JSON becomes `lost-answer`, a rate limit `refused`; `ok: false` stays the SDK's own error.
 * Throws `credentials` for a token that cannot be one.
 */
export async function createSlackClient(options: {
  token: string;
  slackApiUrl?: string;
  fetch: Fetch;
  mask: (text: string) => string;
}): Promise<SlackClient> {
  const { token, slackApiUrl = slackApi, fetch, mask } = options;
  assertToken(token, 'Slack');
  const { default: slack } = await import('@slack/web-api');
  let level = slack.LogLevel.ERROR;
  const logger: Logger = {
    debug: silent,
    info: silent,
    warn: silent,
    error: silent,
    setLevel: (wanted) => {
      level = wanted;
    },
    getLevel: () => level,
    setName: silent,
  };
  return new slack.WebClient(token, {
    slackApiUrl,
    allowAbsoluteUrls: false,
    logger,
    retryConfig: { retries: 0 },
    timeout: 3_000,
    rejectRateLimitedCalls: true,
    fetch: async (url, init = {}) => {
      if (typeof init.body !== 'string') throw new TypeError('only forms are sent to Slack');
      const { method = 'POST', headers = {}, signal } = init;
      const body = maskForm(init.body, mask);
      return withResult(await fetch(url, { method, headers, body, ...(signal === undefined ? {} : { signal }) }));
    },
  });
}

/** A room has more readers than the log: no field of a form holds a secret. */
function maskForm(body: string, mask: (text: string) => string): string {
  const fields = [...new URLSearchParams(body)].map(([name, value]): [string, string] => [name, mask(value)]);
  return new URLSearchParams(fields).toString();
}

const result = z.object({ ok: z.boolean(), error: z.string().optional() });

/** Lets only Slack's own answers through: the SDK would take a page of HTML for the name of an error. */
async function withResult(response: Response): Promise<Response> {
  if (response.status === 429) {
    const after = boundedText(response.headers.get('retry-after') ?? 'some', 20);
    throw new OpsError('refused', 'Slack takes no more calls for now (HTTP 429)', {
      hint: `try again after ${after} seconds`,
    });
  }
  const text = await response.text();
  if (response.status === 200 && result.safeParse(parseJson(text)).success) {
    return new Response(text, { status: 200, headers: response.headers });
  }
  const type = boundedText(response.headers.get('content-type') ?? 'no content type', 60);
  throw new OpsError('lost-answer', `the answer is not one of Slack's API (HTTP ${response.status}, ${type})`, {
    hint: 'Slack, or something in front of it, is unwell; look at the channel before trying again',
  });
}

function silent(): void {}
