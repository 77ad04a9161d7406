import { answerFromHostedZone } from './hosted-zone-answers.ts';
import type { SimulatedWorld } from './state.ts';
import { answerFromZone, answerWhileSettling, type NameAnswer } from './zone-answers.ts';

/**
 * What one authoritative server answers at `nowMs`. `server` is its place among the hosted zone's, which hear of a change
 * one by one; Cloudflare's follow their control plane, where a change of a record's type takes a moment.
 */
export function authoritativeAnswer(
  world: SimulatedWorld,
  query: { name: string; type: string; server: number; nowMs: number },
): NameAnswer {
  if (world.servedBy === 'route53') return answerFromHostedZone(world, query);
  return answerWhileSettling(world, query.name, query.nowMs) ?? answerFromZone(world, query.name, query.type);
}
