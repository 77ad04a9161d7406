import { OpsError } from '../../errors.ts';
import type { ActionContext, LastWord } from '../action.ts';
import type { EmptyEnding } from '../afterwards.ts';
import { saysTheSame } from './notice-text.ts';
import { statusPageOf, statusPageSettings } from './page-of.ts';
import type { Phase, PublicIncident } from './status-page.ts';

/** What a notice of the run's own goes back to. */
const ownPhase = 'investigating';

/** The words for each ending, as the runbook has them. */
type WordsAtEnd = { unchanged?: string | undefined; undone?: string | undefined };

/** What the run has made of a notice that it did not open; none in logs from before notices were taken over. */
type TakenOver = { phase: Phase; posted: boolean; last: string | null };
type Notice = { incident: string; 'taken-over'?: TakenOver | null };

/**
 * Posts on the notice how the run ended. The phase of one that the run has opened goes back to `investigating`, whatever
 * was said meanwhile, and never to `resolved`: that nothing was moved says nothing of how customers are served. One that
 * it took over keeps the phase that others gave it, unless that says of an undone change that it holds; and where the run
 * has said nothing there, nor anybody since, there is nothing to take back.
 */
export const lastWord: LastWord<{ 'at-end'?: WordsAtEnd | undefined }, Notice> = {
  words: ({ 'at-end': words }, ending) => words?.[ending],
  async say({ output, words, ending }, ctx) {
    const { incident: id } = output;
    const taken = output['taken-over'] ?? undefined;
    const page = await statusPageOf(ctx);
    const incident = await page.find(id);
    if (incident === undefined || incident.phase === 'resolved') return undefined;
    if (isSaid(incident, words)) return incident.phase;
    if (taken?.posted === false && (ending === 'unchanged' || isQuiet(incident, taken))) return undefined;
    assertOurs(incident, { ending, taken });
    const phase = taken === undefined ? ownPhase : phaseToKeep(incident.phase, taken);
    const known = incident.updates.map((update) => update.id);
    const { notify } = statusPageSettings(ctx);
    try {
      await page.update(id, { phase, message: words, components: {}, notify }, known);
    } catch (error) {
      if (!(error instanceof OpsError) || error.code !== 'lost-answer') throw error;
      await assertArrived(ctx, id, { words, cause: error });
    }
    return phase;
  },
};

/** What was undone makes a word on it wrong, whoever said it; what was never changed leaves the word to whoever has it. */
function assertOurs(
  incident: PublicIncident,
  { ending, taken }: { ending: EmptyEnding; taken: TakenOver | undefined },
): void {
  if (ending === 'undone') return;
  const { id, updates } = incident;
  if (taken === undefined ? updates.length <= 1 : isQuiet(incident, taken)) return;
  throw new OpsError('drift', `others have posted on the notice ${id} since this run has: it is left to them`, {
    hint: 'read the page, then say what has become of it: `resend-ops announce --stage update`',
  });
}

/** Nobody has posted since the run took the notice over. */
function isQuiet({ updates }: PublicIncident, { last }: TakenOver): boolean {
  return updates.at(-1)?.id === (last ?? undefined);
}

/** `monitoring` says that a cure holds: where that was said since, it goes back with what was undone. */
function phaseToKeep(now: Phase, { phase }: TakenOver): Phase {
  return now === 'monitoring' ? phase : now;
}

async function assertArrived(
  ctx: ActionContext,
  id: string,
  { words, cause }: { words: string; cause: OpsError },
): Promise<void> {
  const incident = await (await statusPageOf(ctx)).find(id);
  if (incident === undefined || !isSaid(incident, words)) throw cause;
}

function isSaid({ updates }: PublicIncident, words: string): boolean {
  return saysTheSame(updates.at(-1)?.message ?? '', words);
}
