import type { Actor } from '../journal/events.ts';
import type { World } from '../world/world.ts';

/** Who the log names for what this process writes: the person, the machine, and the account where it is another's. */
export function actorOf({ user, account, host }: World): Actor {
  return { user, host, ...(account === undefined || account === user ? {} : { identities: { account } }) };
}
