import { sendJson, startWorld } from '../acceptance/program.ts';
import type { Providers } from './write-order.ts';

/** A request that changed the simulated world, as the simulator's own log has it. */
export type Witnessed = {
  receivedAt: string;
  server: string;
  method: string;
  path: string;
  body: string;
  status: number | null;
};

/** A simulated world that many attacks use, one after the other. */
export type AttackedWorld = {
  readonly environmentFile: string;
  readonly secrets: Readonly<Record<string, string>>;
  /** Where Cloudflare's API is, `host:port`. */
  readonly cloudflare: string;
  /** Every provider that a run may write to. */
  readonly providers: Providers;
  /** Writing requests since the last {@link AttackedWorld.reset}. */
  writes(): Promise<Witnessed[]>;
  /** Whether the load balancer of the hostname answers. */
  isEnabled(): Promise<boolean>;
  /** Enables the load balancer; what was written so far is forgotten. */
  reset(): Promise<void>;
  stop(): Promise<void>;
};

/** The name whose DNS the attacked runs switch. */
export const hostname = 'api.resend.com';

/** Starts a simulator for attacks. At `speed` N what resolvers keep expires N times faster; the attacked program's own time is real. */
export async function startAttackedWorld({ speed = 1 }: { speed?: number } = {}): Promise<AttackedWorld> {
  const world = await startWorld(['--speed', String(speed)]);
  const cloudflare = world.address(/cloudflare.*api/i);
  const placeOf = (name: RegExp) =>
    world
      .address(name)
      .replace(/^\w+:\/\//, '')
      .replace(/\/.*$/, '');
  const token = world.secrets.CLOUDFLARE_API_TOKEN;
  let forgotten = 0;

  async function log(): Promise<Witnessed[]> {
    return JSON.parse(await world.call('GET', '/requests?writes=1'));
  }

  async function balancer(): Promise<{ id: string; enabled: boolean; zone: string }> {
    const state: { zone: { id: string }; loadBalancers: { id: string; name: string; enabled: boolean }[] } = JSON.parse(
      await world.call('GET', '/state'),
    );
    const own = state.loadBalancers.find(({ name }) => name === hostname);
    if (own === undefined) throw new Error(`the simulated world has no load balancer ${hostname}`);
    return { ...own, zone: state.zone.id };
  }

  return {
    environmentFile: world.environmentFile,
    secrets: world.secrets,
    cloudflare: placeOf(/cloudflare.*api/i),
    providers: new Map([
      [placeOf(/cloudflare.*api/i), 'cloudflare-api'],
      [placeOf(/slack/i), 'slack-api'],
      [placeOf(/statuspage/i), 'statuspage-api'],
      [placeOf(/pagerduty events/i), 'pagerduty-api'],
    ]),
    async writes() {
      return (await log()).slice(forgotten);
    },
    async isEnabled() {
      return (await balancer()).enabled;
    },
    async reset() {
      const { id, enabled, zone } = await balancer();
      if (!enabled) {
        const answer = await sendJson(`${cloudflare}/zones/${zone}/load_balancers/${id}`, {
          method: 'PATCH',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: { enabled: true },
        });
        if (answer.status !== 200) throw new Error(`the world cannot be reset: HTTP ${answer.status}`);
      }
      forgotten = (await log()).length;
    },
    stop: () => world.stop(),
  };
}
