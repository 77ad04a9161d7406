import { readSlack } from '../../actions/slack/call-slack.ts';
import { boundedText } from '../../world/bounded-text.ts';
import type { Environment } from '../../world/environment.ts';
import { ask, type Means, withoutAnswer } from './asking.ts';
import { type Finding, fine, trouble } from './finding.ts';

/** What a missing scope costs (docs.slack.dev, reference of each method). */
function scopesOf(env: Environment): Readonly<Record<string, string>> {
  const prefix = env.slack?.private === true ? 'groups' : 'channels';
  return {
    [prefix === 'groups' ? 'groups:write' : 'channels:manage']: 'no war room can be opened',
    'chat:write': 'nothing can be posted in the war room',
    [`${prefix}:history`]: 'after a lost answer a message may be posted twice',
    'pins:write': 'the first message is not pinned',
    ...(env.approvals === undefined ? {} : { 'reactions:read': 'approvals by a reaction in the room are not seen' }),
  };
}

/** Who Slack takes the token for, and which scopes it has (header `x-oauth-scopes`; docs.slack.dev, auth.test). */
export async function examineSlack(means: Means): Promise<Finding[]> {
  if (means.env.secrets.slack === undefined) return [];
  const asked = await ask(means, (ctx) => readSlack(ctx, 'ask Slack who the token is', (client) => client.auth.test()));
  const id = 'slack-identity';
  if (!('answer' in asked)) {
    return [
      withoutAnswer(id, asked, {
        breaks: 'there is no war room; the switch does not wait for one',
        remedy: 'install the app anew, and put its bot token where the environment file says',
      }),
    ];
  }
  const { user, team, response_metadata: metadata } = asked.answer;
  const who = fine(id, boundedText(`${user ?? 'somebody'} in ${team ?? 'a workspace'}`, 80));
  return [who, judgeScopes(scopesOf(means.env), metadata?.scopes)];
}

function judgeScopes(wanted: Readonly<Record<string, string>>, given: readonly string[] | undefined): Finding {
  const id = 'slack-scopes';
  if (given === undefined) {
    return trouble(id, 'unknown', {
      found: 'Slack does not say which scopes the token has',
      breaks: 'it cannot be told whether a war room can be opened',
      remedy: 'look at the app’s scopes, under OAuth & Permissions',
    });
  }
  const missing = Object.keys(wanted).filter((scope) => !given.includes(scope));
  if (missing.length === 0) return fine(id, Object.keys(wanted).join(', '));
  return trouble(id, 'warn', {
    found: `the token lacks ${missing.join(', ')}`,
    breaks: missing.map((scope) => wanted[scope]).join('; '),
    remedy: 'add the scopes to the app, under OAuth & Permissions, and install it anew',
  });
}
