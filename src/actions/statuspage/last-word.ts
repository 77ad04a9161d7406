import { OpsError } from '../../errors.ts';
import type { ActionContext, LastWord } from '../action.ts';
import type { EmptyEnding } from '../afterwards.ts';
import { saysTheSame } from './notice-text.ts';
import { statusPageOf, statusPageSettings } from './page-of.ts';
import type { PublicIncident } from './status-page.ts';

/** What the notice goes back to. */
const phase = 'investigating';

/** The words for each ending, as the runbook has them. */
type WordsAtEnd = { unchanged?: string | undefined; undone?: string | undefined };

/**
 * Posts on the notice that was opened how the run ended. The phase goes back to `investigating`, whatever was said
 * meanwhile, and never to `resolved`: that nothing was moved says nothing of how customers are served.
 */
export const lastWord: LastWord<{ 'at-end'?: WordsAtEnd | undefined }, { incident: string }> = {
  words: ({ 'at-end': words }, ending) => words?.[ending],
  async say({ output: { incident: id }, words, ending }, ctx) {
    const page = await statusPageOf(ctx);
    const incident = await page.find(id);
    if (incident === undefined || incident.phase === 'resolved') return undefined;
    if (isSaid(incident, words)) return incident.phase;
    assertOurs(incident, ending);
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
function assertOurs({ id, updates }: PublicIncident, ending: EmptyEnding): void {
  if (ending === 'undone' || updates.length <= 1) return;
  throw new OpsError('drift', `others have posted on the notice ${id} since it was opened: it is left to them`, {
    hint: 'read the page, then say what has become of it: `resend-ops announce --stage update`',
  });
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
