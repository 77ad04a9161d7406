/**
 * What probes call themselves. Without a User-Agent Cloudflare refuses the request by itself (403, error 1010), and the
 * API never sees it (Resend docs, API reference, introduction).
 */
export const userAgent = 'resend-ops/0.1.0 (probe)';
