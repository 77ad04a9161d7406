import type { Monitors, Paths, Vantage, Words } from './evidence.ts';

/** What was seen beside the paths, from elsewhere; undefined where it is missing or was not asked for. */
export type Elsewhere = {
  words?: Words | undefined;
  monitors?: Monitors | undefined;
  vantage?: Vantage | undefined;
};

/** Why a failing primary is not told to be the provider's fault: seen from here alone, or kept from us by its limits. */
export type Doubt = { doubt: 'only-from-here' | 'rate-limited'; because: string[] };

/** The primary as the paths show it: failing in `failed` of `rounds` rounds that count, of which `needed` decide. */
export type Failing = {
  name: string;
  failed: number;
  rounds: number;
  needed: number;
  /** No critical request gets through in most rounds. */
  isWhole: boolean;
  /** Requests that decide are among them that were not answered 429. */
  isBeyondLimits: boolean;
  /** It failed in the first round, beside which the vantage points were asked. */
  isFromStart: boolean;
};

/**
 * Whether a primary that fails as an outage does may fail from here alone. A fault of this machine (a pinned address that
 * has gone stale, a network that does not lead there) looks the same over the paths; what tells is what others see, and what
 * the primary does where DNS leads. The first row that holds:
 *
 * | what the primary does here | elsewhere | recommended |
 * | --- | --- | --- |
 * | answers 429 where it decides | anything: our own requests are what it limits | look again |
 * | fails | works where DNS leads, in more rounds than may be met | look again |
 * | fails for every request | most requests get through where DNS leads: there it is noisy, here it is closed | look again |
 * | fails for every request, from the first round on | vantage points: nearly all (7 of 8) served by it; and not both: monitors alert, its vendor says major trouble | look again |
 * | is not reached: no TLS session in nine of ten failures | nothing: no vantage point fails, no monitor alerts, the vendor is silent, and where DNS leads could not be asked | look again |
 * | is not reached | fails where DNS leads, too (or the environment dials just that); or a quarter of the vantage points fail; or monitors alert; or its vendor says major trouble | fail over |
 * | answers, or breaks off | none of the above, or missing: the paths decide, as no source beside them is a gate | fail over |
 *
 * Some requests that fail while others pass are not what a closed way looks like, nor what a vantage point asks (one GET
 * without a key): it does not speak against them. Vantage points see one moment, at the beginning of a look; monitors and
 * vendors lag. So one of these alone outweighs nothing that is seen, and both together do (FACTS A6, A7, H16). Pure.
 */
export function doubtOf(paths: Paths, primary: Failing, elsewhere: Elsewhere): Doubt | undefined {
  if (!primary.isBeyondLimits) return limited(paths, primary);
  const { answered } = paths;
  const { name } = primary;
  const failedThere = answered.rounds.filter((met) => !met).length;
  const wasAsked = answered.rounds.length > 0;
  if (wasAsked && failedThere * primary.rounds < primary.needed * answered.rounds.length) {
    const met = answered.rounds.length - failedThere;
    const seen = `${name} met everything in ${met} of ${answered.rounds.length} rounds at what DNS answers (${answered.addresses.join(', ')}), and in ${primary.rounds - primary.failed} of ${primary.rounds} at the address that the environment dials`;
    return onlyFromHere(name, seen);
  }
  if (primary.isWhole && answered.passed * 2 > answered.of) {
    const seen = `${name} met ${answered.passed} of ${answered.of} requests at what DNS answers (${answered.addresses.join(', ')}), and none gets through at the address that the environment dials`;
    return onlyFromHere(name, seen);
  }
  const speaks = isTroubled(paths, name, elsewhere.words);
  const alerts = (elsewhere.monitors?.alerting ?? 0) > 0;
  const points = lookFrom(elsewhere.vantage, name);
  if (primary.isWhole && primary.isFromStart && points.areServed && !(speaks && alerts)) {
    return onlyFromHere(name, `${points.served} of ${points.told} vantage points are served by ${name}`);
  }
  if (!isUnreached(paths, name)) return undefined;
  const failsThere = wasAsked || answered.state === 'same';
  if (failsThere || points.fail || alerts || speaks) return undefined;
  return onlyFromHere(name, `no connection to ${name} comes about from here, and nobody else tells that it fails`);
}

function onlyFromHere(name: string, seen: string): Doubt {
  const check = `check routes.${name}.connect of the environment against what DNS answers, and ask from elsewhere: triage on another machine`;
  return { doubt: 'only-from-here', because: [seen, check, override] };
}

function limited({ matrix }: Paths, { name }: Failing): Doubt {
  const cells = matrix.flatMap(({ critical, cells }) => (critical ? (cells[name] ?? []) : []));
  const answers = cells.reduce((sum, cell) => sum + cell.limited, 0);
  const seen = `${name} answered 429 to ${answers} requests: it limits who asks it, and says nothing of what others get`;
  const check = 'ask from elsewhere, or later: triage on another machine';
  return { doubt: 'rate-limited', because: [seen, check, override] };
}

const override = 'where you know that it fails for others, too: failover with --override verdict=REASON';

/** What the vantage points say of the primary; one that another route served says nothing of it. */
function lookFrom(vantage: Vantage | undefined, primary: string) {
  if (vantage === undefined || vantage.verdict === 'unknown')
    return { told: 0, served: 0, areServed: false, fail: false };
  const by = vantage.probes.filter(({ saw, route }) => saw === 'failed' || route === null || route === primary);
  const served = by.filter(({ saw }) => saw === 'served').length;
  const failed = by.filter(({ saw }) => saw === 'failed').length;
  const told = served + failed;
  return { told, served, areServed: served >= 2 && failed * 8 <= told, fail: failed > 0 && failed * 4 >= told };
}

/** Whether the vendor of the primary says itself that it is in trouble; minor trouble is always somewhere. */
function isTroubled({ routes }: Paths, primary: string, words: Words | undefined): boolean {
  const vendor = routes[primary]?.provider === 'cloudflare' ? 'cloudflare' : 'aws';
  const said = words?.vendors.find((each) => each.vendor === vendor && each.reachable)?.says;
  return said === 'major' || said === 'critical';
}

/** Nine of ten failures: one request that is lost on the way of another does not change what the way is. */
function isUnreached({ matrix }: Paths, primary: string): boolean {
  const cells = matrix.flatMap(({ critical, cells }) => (critical ? (cells[primary] ?? []) : []));
  const lost = cells.reduce((sum, cell) => sum + cell.of - cell.passed, 0);
  const unreached = cells.reduce((sum, cell) => sum + cell.unreached, 0);
  return lost > 0 && unreached * 10 >= lost * 9;
}
