import { z } from 'zod';
import type { AnsweredPlaces } from './answered-places.ts';
import type { Matrix } from './matrix.ts';
import type { RequestResult } from './request-result.ts';
import { stateOf } from './route-evidence.ts';

/** How the primary did, in the same rounds, at what DNS answers for it. */
export const answeredSchema = z
  .strictObject({
    state: z
      .enum(['same', 'asked', 'away', 'unknown'])
      .describe(
        '`same`: its `connect` is what DNS answers; `asked`: DNS answers other addresses, which were asked; `away`: DNS leads elsewhere',
      ),
    addresses: z.array(z.string()).describe('those that were asked in turns'),
    rounds: z.array(z.boolean()).describe('each round: was every critical request met there'),
    passed: z.int().nonnegative().default(0).describe('critical requests that were met there'),
    of: z.int().nonnegative().default(0).describe('critical requests that were sent there'),
  })
  .describe('the primary once more at what DNS answers for its hostname, where the environment dials another address');

/** See {@link answeredSchema}. */
export type Answered = z.output<typeof answeredSchema>;

/** Gathers what was sent to the addresses of DNS in the rounds that count. */
export function answeredOf(
  { state, places }: AnsweredPlaces,
  sent: readonly (readonly RequestResult[])[],
  counted: readonly number[],
): Answered {
  const asked = counted
    .map((round) => (sent[round] ?? []).filter((result) => result.critical && result.outcome !== 'skipped'))
    .filter((critical) => critical.length > 0);
  const isMet = ({ outcome }: RequestResult) => outcome === 'passed';
  return {
    state,
    addresses: places.map(({ address }) => address),
    rounds: asked.map((critical) => critical.every(isMet)),
    passed: asked.flat().filter(isMet).length,
    of: asked.flat().length,
  };
}

/**
 * Why the primary's failures are no provider's fault as far as these requests tell, or undefined: at what DNS answers it
 * works, so that only the environment's address for it fails; or no request fails in half of the rounds but for 429, so that it limits whoever asks.
 */
export function doubtPrimary(primary: string, answered: Answered, matrix: Matrix): string | undefined {
  const { addresses, rounds } = answered;
  const met = rounds.filter((good) => good).length;
  if (rounds.length > 0 && stateOf(rounds) !== 'bad') {
    return `${primary} met everything in ${met} of ${rounds.length} rounds at what DNS answers, ${addresses.join(', ')}: only the address that the environment dials fails`;
  }
  const cells = matrix.flatMap(({ critical, cells }) => (critical ? (cells[primary] ?? []) : []));
  const limited = cells.reduce((sum, cell) => sum + cell.limited, 0);
  const isBeyond = cells.some(({ of, passed, limited: without }) => of > 0 && (of - passed - without) * 2 >= of);
  if (limited === 0 || isBeyond) return undefined;
  return `${primary} answered 429 to ${limited} requests: it limits who asks it`;
}
