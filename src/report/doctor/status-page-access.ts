import { statusPageOf } from '../../actions/statuspage/page-of.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import { ask, type Means, withoutAnswer } from './asking.ts';
import { type Finding, fine } from './finding.ts';

/**
 * The key of the public status page, by reading what is open there: the call that a notice begins with. Neither provider
 * tells of a key of one page whether it may write; that shows only when something is posted.
 */
export async function examineStatusPage(means: Means): Promise<Finding[]> {
  const { statuspage } = means.env;
  if (statuspage === undefined || isPlaceholder(statuspage['page-id'])) return [];
  const id = 'status-page-key';
  const asked = await ask(means, async (ctx) => (await statusPageOf(ctx)).unresolved());
  if (!('answer' in asked)) {
    return [
      withoutAnswer(id, asked, {
        breaks: 'customers are not told on the status page; the switch does not wait for that',
        remedy: 'make a new key for the page, put it where the environment file says, and check statuspage.page-id',
      }),
    ];
  }
  const open = asked.answer.incidents.length;
  const notices = open === 0 ? 'no notice is open' : `${open} ${open === 1 ? 'notice is' : 'notices are'} open`;
  return [fine(id, `the key may read the page ${statuspage['page-id']}: ${notices}`)];
}
