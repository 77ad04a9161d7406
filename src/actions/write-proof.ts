import { z } from 'zod';
import { OpsError } from '../errors.ts';
import { boundedText } from '../world/bounded-text.ts';
import type { ActionContext, Summary } from './action.ts';
import { type Found, findingCounts, holdFindings, renderFindings } from './finding.ts';
import { headlineWidth, toWidth } from './http/text-columns.ts';

/** What is wrong when the same value is written back; the provider's name comes before the stroke. */
const kinds = ['write-refused', 'write-not-proven', 'write-changed-something'] as const;

/** The ids of a provider's findings. */
export function proofFindingIds<Provider extends string>(provider: Provider) {
  return kinds.map((kind): `${Provider}/${(typeof kinds)[number]}` => `${provider}/${kind}`);
}

/** What writing back the same value came to. */
export const proofOutput = z.strictObject({
  proven: z.boolean().describe('the provider took the write, and nothing is other than before'),
  object: z.string().describe('what was written back, in words'),
  ...findingCounts,
});

/** See {@link proofOutput}. */
export type ProofOutput = z.output<typeof proofOutput>;

type Proof = { provider: string; object: string };

/** The provider took the write; `changed` names what is other than before, and should not be. */
export function proofOf(ctx: ActionContext, { provider, object }: Proof, changed: readonly string[]): ProofOutput {
  const found: Found[] =
    changed.length === 0
      ? []
      : [
          {
            id: `${provider}/write-changed-something`,
            severity: 'critical',
            where: object,
            breaks: `the same value was written back, and now this is other than before: ${boundedText(changed.join(', '), 300)}`,
            remedy: 'find out who else changes it, or what the provider makes of a write, before anything is switched',
          },
        ];
  return { proven: found.length === 0, object, ...holdFindings(ctx, found) };
}

/** The provider said no: surely nothing was written. `retry`: it says nothing of the right to write. */
export function refusedProof(
  ctx: ActionContext,
  { provider, object }: Proof,
  error: OpsError,
  { remedy, isPause }: { remedy: string; isPause: boolean },
): ProofOutput {
  const said = boundedText(error.message, 400);
  const found: Found = isPause
    ? unproven(provider, object, said)
    : {
        id: `${provider}/write-refused`,
        severity: 'critical',
        where: object,
        breaks: `a switch would be refused as this was: ${said}`,
        remedy,
      };
  return { proven: false, object, ...holdFindings(ctx, [found]) };
}

/** The answer was lost; what the object is now is known, whether the write was taken is not. */
export function lostProof(ctx: ActionContext, proof: Proof, changed: readonly string[]): ProofOutput {
  const { provider, object } = proof;
  const seen = proofOf(ctx, proof, changed);
  const found = [unproven(provider, object, 'its answer was lost'), ...seen.findings];
  return { proven: false, object, ...holdFindings(ctx, found) };
}

function unproven(provider: string, where: string, why: string): Found {
  return {
    id: `${provider}/write-not-proven`,
    severity: 'warning',
    where,
    breaks: `nobody knows whether a switch may write it: ${why}`,
    remedy: 'run it again in a minute',
  };
}

/** The provider's own no, which is what a proof is after; anything else is thrown on by whoever catches it. */
export function isProvidersNo(error: unknown): error is OpsError {
  return error instanceof OpsError && (error.code === 'credentials' || error.code === 'refused');
}

/** What a person reads of a proof. */
export function summariseProof({ proven, object, findings }: ProofOutput): Summary {
  const told = proven ? 'it may write: the same value was written back, nothing changed' : 'writing is not proven';
  return {
    headline: toWidth(told, headlineWidth).trimEnd(),
    detail: [toWidth(object, 64).trimEnd(), ...renderFindings(findings)],
    evidence: renderFindings(findings),
  };
}
