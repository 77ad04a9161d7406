import type { ResourceRecordSet, ResourceRecordSetProtection } from '@aws-sdk/client-route-53';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import type { ActionContext } from '../action.ts';
import { type AwsCallContext, readWithRetry } from '../aws/call-aws.ts';
import { findAuthoritativeServers } from '../dns/find-servers.ts';
import { routeAnswers } from '../dns/route-answers.ts';
import type { GuardFinding } from '../guard-finding.ts';
import type { HostedZone } from './hosted-zone.ts';
import type { SetsAtName } from './list-record-sets.ts';
import { describeSet, plainName, type RecordSet, targetsOf } from './record-set.ts';
import { knownTarget } from './wanted-sets.ts';

/** A zone with more protections than these many pages of 300 tells the rest when it is asked to change. */
const mostProtectionPages = 10;

/**
 * The sets at the name that are to be switched: the simple ones, or those that `setIdentifier` names. Throws `refused`
 * where policies route the name and none is named, where the named one is not there, or a traffic policy owns the sets.
 */
export function chooseSets({ switched }: SetsAtName, name: string, setIdentifier: string | undefined): RecordSet[] {
  const identifiers = [...new Set(switched.flatMap(({ SetIdentifier }) => SetIdentifier ?? []))].sort();
  const list = identifiers.map((identifier) => boundedText(identifier, 40)).join(', ');
  if (setIdentifier === undefined && identifiers.length > 0) {
    throw new OpsError('refused', `${name} is routed by policy (sets ${list}): which one to switch was not said`, {
      hint: 'name it by `set-identifier`; the others are left alone',
    });
  }
  const chosen = setsOf({ switched }, setIdentifier);
  if (setIdentifier !== undefined && chosen.length === 0) {
    throw new OpsError('refused', `there is no record set "${boundedText(setIdentifier, 130)}" at ${name}`, {
      hint:
        identifiers.length > 0 ? `there are: ${list}` : 'the name is not routed by policy: leave `set-identifier` out',
    });
  }
  if (chosen.some(({ TrafficPolicyInstanceId }) => TrafficPolicyInstanceId !== undefined)) {
    throw new OpsError('refused', `a traffic policy made the record sets at ${name}, and would make them again`, {
      hint: 'switch the traffic policy instead',
    });
  }
  return chosen;
}

/** The simple sets, or those of one identifier. */
export function setsOf({ switched }: Pick<SetsAtName, 'switched'>, setIdentifier: string | undefined): RecordSet[] {
  return switched.filter(({ SetIdentifier }) => SetIdentifier === setIdentifier);
}

/** Throws `refused` where Route 53 would not take the wanted sets beside what stays at the name (RFC 1034, section 3.6.2: a CNAME is alone). */
export function assertFits(found: SetsAtName, before: readonly RecordSet[], wanted: readonly RecordSet[]): void {
  const stays: (RecordSet | ResourceRecordSet)[] = [
    ...found.others,
    ...found.switched.filter((set) => !before.includes(set)),
  ];
  const isCname = (sets: readonly { Type?: string | undefined }[]) => sets.some(({ Type }) => Type === 'CNAME');
  const clash = isCname(wanted)
    ? stays.filter(({ Type }) => Type !== 'CNAME')
    : stays.filter(({ Type }) => Type === 'CNAME');
  if (clash.length === 0) return;
  const what = clash.map(
    ({ Type, SetIdentifier }) => `${Type}${SetIdentifier === undefined ? '' : ` "${boundedText(SetIdentifier, 40)}"`}`,
  );
  throw new OpsError(
    'refused',
    `a CNAME cannot stand beside other records, and ${what.join(', ')} would stay at the name`,
    {
      hint: isCname(wanted) ? 'use `as: alias`, which can' : 'use `as: cname`, which keeps the type',
    },
  );
}

/** Objections that an operator may pass: what is there is no route's, an HTTPS record says otherwise, the zone is not asked. */
export async function findObjections(
  ctx: ActionContext,
  { zone, name, found, before }: { zone: HostedZone; name: string; found: SetsAtName; before: readonly RecordSet[] },
): Promise<{ guards: GuardFinding[]; notes: string[] }> {
  const strange = before.filter((set) => !leadsToSomeRoute(ctx, set, name));
  const https = found.others.filter(({ Type }) => Type === 'HTTPS' || Type === 'SVCB');
  const delegation = await checkDelegation(ctx, zone);
  const guards: GuardFinding[] = [];
  if (strange.length > 0) {
    guards.push({
      guard: 'dns-drift',
      message: `${name} leads to no route of this environment: ${strange.map(describeSet).join('; ')}`,
      hint: 'someone changed it: find out who and why before it is overwritten',
    });
  }
  if (https.length > 0) {
    guards.push({
      guard: 'https-record',
      message: `an ${https[0]?.Type} record at ${name} stays, and may send browsers to the old place`,
      hint: 'take it out at Route 53 first, and wait out its TTL',
    });
  }
  return { guards: [...guards, ...delegation.guards], notes: delegation.notes };
}

function leadsToSomeRoute({ env }: ActionContext, set: RecordSet, name: string): boolean {
  const targets = targetsOf(set);
  const names = [
    `${name}.cdn.cloudflare.net`,
    ...Object.values(env.routes).flatMap((route) => knownTarget(route) ?? []),
  ];
  if (set.Type === 'CNAME' || set.AliasTarget !== undefined) return targets.every((target) => names.includes(target));
  return Object.keys(env.routes).some((route) => {
    const includes = rangesOf(env, route);
    return targets.every((address) => includes?.(address) === true);
  });
}

function rangesOf(env: ActionContext['env'], route: string): ((address: string) => boolean) | undefined {
  try {
    return routeAnswers(env, route).includes;
  } catch (error) {
    // A route whose answers nobody can tell has none that could be recognised.
    if (error instanceof OpsError) return undefined;
    throw error;
  }
}

/** Whether resolvers are sent to this zone's servers at all: a change in a zone that nobody asks reaches no client. */
async function checkDelegation(
  ctx: ActionContext,
  zone: HostedZone,
): Promise<{ guards: GuardFinding[]; notes: string[] }> {
  if (zone.name !== ctx.env.zone) return { guards: [], notes: [`the delegation of ${zone.name} was not looked at`] };
  let asked: string[];
  try {
    const { addresses, unaddressed } = await findAuthoritativeServers(ctx);
    asked = [...new Set([...addresses.map(({ server }) => plainName(server)), ...unaddressed.map(plainName)])].sort();
  } catch (error) {
    if (!(error instanceof OpsError) || ctx.signal.aborted) throw error;
    return { guards: [], notes: [`no resolver told which servers the zone is delegated to: ${error.message}`] };
  }
  const foreign = asked.filter((server) => !zone.nameservers.includes(server));
  if (foreign.length === 0) return { guards: [], notes: [] };
  const share = foreign.length === asked.length ? 'not' : 'only partly';
  const finding: GuardFinding = {
    guard: 'delegation',
    message: `${zone.name} is ${share} served by this hosted zone: resolvers are sent to ${foreign.slice(0, 4).join(', ')}`,
    hint: 'a change here does not reach every client: correct `aws.hosted-zone-id`, or switch where the zone is served',
  };
  return { guards: [finding], notes: [] };
}

/**
 * Throws `refused` where a protection would make Route 53 reject the batch. Answers a note where they cannot be listed:
 * that is no reason not to switch, for Route 53 tells it too (Route 53 API Reference, ListResourceRecordSetProtections).
 */
export async function assertUnprotected(
  ctx: AwsCallContext,
  { zoneId, name, types }: { zoneId: string; name: string; types: ReadonlySet<string> },
): Promise<string | undefined> {
  let protections: ResourceRecordSetProtection[];
  try {
    protections = await listProtectionsAt(ctx, zoneId, name);
  } catch (error) {
    if (!(error instanceof OpsError) || ctx.signal.aborted) throw error;
    return `protections could not be listed (${error.message}): Route 53 tells when it is asked to change`;
  }
  const protection = protections.find(({ RecordType = '' }) => types.has(RecordType));
  if (protection === undefined) return undefined;
  const why = protection.Comment === undefined ? '' : ` ("${boundedText(protection.Comment, 120)}")`;
  throw new OpsError('refused', `${protection.RecordType} at ${name} is protected at Route 53${why}`, {
    hint: 'delete the protection first (DeleteResourceRecordSetProtections), with whoever set it',
  });
}

/** The protections of the name; a listing starts there, and goes on with other names. */
async function listProtectionsAt(
  ctx: AwsCallContext,
  zoneId: string,
  name: string,
): Promise<ResourceRecordSetProtection[]> {
  const client = await ctx.clients.route53();
  const found: ResourceRecordSetProtection[] = [];
  let start: { StartRecordName?: string; NextToken?: string } = { StartRecordName: name };
  for (let page = 1; page <= mostProtectionPages; page += 1) {
    const input = { HostedZoneId: zoneId, ...start };
    const answer = await readWithRetry(ctx, 'list the record set protections', (options) =>
      client.listProtections(input, options),
    );
    const listed = answer.ResourceRecordSetProtections ?? [];
    found.push(...listed.filter(({ RecordName = '' }) => plainName(RecordName) === name));
    if (answer.NextToken === undefined) return found;
    start = { NextToken: answer.NextToken };
  }
  return found;
}
