import { type Environment, environmentSchema } from '../../src/world/environment.ts';

/** An environment as an operator would write it, partly with placeholders. */
export function sampleEnvironment(): Environment {
  return environmentSchema.parse({
    title: 'Example API',
    hostname: 'api.example.com',
    zone: 'example.com',
    routes: {
      edge: { provider: 'cloudflare', connect: 'api.example.com' },
      'edge-canary': { provider: 'cloudflare', hostname: 'canary.example.com', connect: 'canary.example.com' },
      fallback: {
        provider: 'cloudfront',
        connect: 'd111111abcdef8.cloudfront.net',
        answers: { cname: 'd111111abcdef8.cloudfront.net' },
      },
      origin: { provider: 'load-balancer', connect: 'alb.example.com' },
    },
    backends: {
      'email-api': { header: 'x-api', value: 'email' },
      'resend-api': { header: 'x-api', value: 'resend' },
    },
    cloudflare: { 'zone-id': '0123456789abcdef0123456789abcdef', 'load-balancer-id': 'PLACEHOLDER-load-balancer' },
    slack: { invite: ['U024BE7LH', 'PLACEHOLDER-incident-lead'] },
    dns: { resolvers: ['1.1.1.1', '8.8.8.8'] },
    secrets: { cloudflare: 'CF_TOKEN', slack: 'SLACK_TOKEN', resend: 'RESEND_API_KEY' },
  });
}
