import type { ServerAnswer } from './http-server.ts';

const titles: Readonly<Record<number, string>> = {
  403: 'Access denied',
  500: 'Internal server error',
  502: 'Bad gateway',
  503: 'Service temporarily unavailable',
  504: 'Gateway time-out',
  520: 'Web server is returning an unknown error',
  521: 'Web server is down',
  522: 'Connection timed out',
  524: 'A timeout occurred',
  525: 'SSL handshake failed',
  530: 'Origin DNS error',
};

/**
 * Cloudflare's page for a failure of its own (a crashed proxy): HTML that names Cloudflare, and none of the headers
 * that its designed error pages carry (as on 18 November 2025).
 */
export function crashPage(status: number, hostname: string): Omit<ServerAnswer, 'status'> {
  return page(status, titles[status] ?? 'Error', hostname, [
    'There is an internal server error on Cloudflare’s network.',
    'Please try again in a few minutes.',
  ]);
}

/** Cloudflare's branded page for an origin that failed (Cloudflare docs, 5xx errors); it replaces origin 502 and 504 pages too. */
export function originErrorPage(status: number, hostname: string): ServerAnswer {
  const lines = [`The origin web server of ${hostname} does not answer as it should.`, 'Cloudflare works.'];
  return designed(
    status,
    { type: String(status), origin: 'origin' },
    page(status, titles[status] ?? 'Error', hostname, lines),
  );
}

/** Cloudflare's page for a request that it does not take: an error of the 1xxx series (Cloudflare docs, 1xxx errors). */
export function refusalPage(error: { status: number; code: number; title: string; hostname: string }): ServerAnswer {
  const { status, code, title, hostname } = error;
  return designed(
    status,
    { type: String(code), origin: 'cloudflare' },
    page(code, title, hostname, [`error code: ${code}`]),
  );
}

/** `cf-error-type` and `cf-error-origin` are on Cloudflare's own error pages only; their values here are simplified. */
function designed(
  status: number,
  error: { type: string; origin: string },
  shown: Omit<ServerAnswer, 'status'>,
): ServerAnswer {
  return {
    status,
    headers: { ...shown.headers, 'cf-error-type': error.type, 'cf-error-origin': error.origin },
    ...(shown.body === undefined ? {} : { body: shown.body }),
  };
}

function page(code: number, title: string, hostname: string, lines: readonly string[]): Omit<ServerAnswer, 'status'> {
  const body = [
    '<!DOCTYPE html>',
    '<html lang="en-US">',
    `<head><title>${escapeHtml(hostname)} | ${code}: ${title}</title></head>`,
    '<body>',
    `<h1>${title} <span>Error code ${code}</span></h1>`,
    ...lines.map((line) => `<p>${escapeHtml(line)}</p>`),
    '<p>Performance &amp; security by <a href="https://www.cloudflare.com/">Cloudflare</a></p>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
  return {
    headers: {
      'content-type': 'text/html; charset=UTF-8',
      'cache-control': 'no-store, no-cache',
      'referrer-policy': 'same-origin',
    },
    body,
  };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** What a site beside the API answers while its edge works: a page, whatever is asked for. */
export function sitePage(hostname: string): ServerAnswer {
  const body = `<!doctype html><html><head><title>${hostname}</title></head><body>Simulated site</body></html>\n`;
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}
