import { OpsError } from '../../errors.ts';
import type { Environment } from '../../world/environment.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import type { ActionContext } from '../action.ts';
import { atlassianPage } from './atlassian.ts';
import { incidentIoPage } from './incident-io.ts';
import type { StatusPage } from './status-page.ts';

type Settings = NonNullable<Environment['statuspage']>;

/** What the environment says of its status page. Throws `refused` where it says nothing, or not yet which page. */
export function statusPageSettings({ env }: Pick<ActionContext, 'env'>): Settings {
  const { statuspage } = env;
  if (statuspage === undefined) {
    throw new OpsError('refused', 'the environment names no status page', {
      hint: 'add `statuspage` to the environment file',
    });
  }
  if (isPlaceholder(statuspage['page-id'])) {
    throw new OpsError('refused', 'the id of the status page is still a placeholder', {
      hint: 'fill in statuspage.page-id in the environment file',
    });
  }
  return statuspage;
}

/** The environment's status page. Throws `refused` where there is none, `credentials` where its key is not set. */
export async function statusPageOf(ctx: Pick<ActionContext, 'env' | 'clients' | 'signal'>): Promise<StatusPage> {
  const { provider, 'page-id': pageId } = statusPageSettings(ctx);
  const api = await ctx.clients.statuspage();
  return provider === 'atlassian' ? atlassianPage(api, pageId, ctx.signal) : incidentIoPage(api, pageId, ctx.signal);
}

/** Throws `credentials` when the provider refuses the key. Any other trouble is no finding: a notice never blocks. */
export async function verifyStatusPageKey(ctx: ActionContext): Promise<void> {
  try {
    const page = await statusPageOf(ctx);
    await page.unresolved();
  } catch (error) {
    if (!(error instanceof OpsError) || error.code === 'credentials') throw error;
  }
}

/** Components by their ids on the page. Throws `invalid` for a name that the environment does not have, `refused` for a placeholder. */
export function componentIds<Status>(
  { components }: Settings,
  wanted: Readonly<Record<string, Status>>,
): Record<string, Status> {
  const entries = Object.entries(wanted).map(([name, status]): [string, Status] => {
    const id = Object.hasOwn(components, name) ? components[name] : undefined;
    if (id === undefined) {
      throw new OpsError('invalid', `the environment has no component ${name} on its status page`, {
        hint: `it has ${Object.keys(components).join(', ') || 'none'}; add it under statuspage.components`,
      });
    }
    if (isPlaceholder(id)) {
      throw new OpsError('refused', `the id of the component ${name} is still a placeholder`, {
        hint: `fill in statuspage.components.${name} in the environment file`,
      });
    }
    return [id, status];
  });
  return Object.fromEntries(entries);
}
