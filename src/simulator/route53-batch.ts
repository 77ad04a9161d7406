import { isIPv4, isIPv6 } from 'node:net';
import type { AwsRefusal } from './aws-answers.ts';
import { cloudFrontZoneId } from './hosted-zone.ts';
import { readRecordSet } from './record-set-xml.ts';
import type { SimulatedRecordSet, SimulatedWorld } from './state.ts';
import { childOf, parseXml, textOf } from './xml.ts';

/** One change of a batch. */
export type BatchChange = { action: 'CREATE' | 'DELETE' | 'UPSERT'; set: SimulatedRecordSet };

const types: ReadonlySet<string> = new Set([
  ...[
    'SOA',
    'A',
    'TXT',
    'NS',
    'CNAME',
    'MX',
    'NAPTR',
    'PTR',
    'SRV',
    'SPF',
    'AAAA',
    'CAA',
    'DS',
    'TLSA',
    'SSHFP',
    'SVCB',
    'HTTPS',
  ],
]);

/** Reads the body of ChangeResourceRecordSets. What is no such document, or lacks what every change needs, is refused as a whole. */
export function readBatch(body: string): { changes: BatchChange[]; comment: string | undefined } | AwsRefusal {
  const root = parseXml(body);
  if (root?.name !== 'ChangeResourceRecordSetsRequest')
    return invalidInput('Invalid XML ; the request is no ChangeResourceRecordSetsRequest');
  const batch = childOf(root, 'ChangeBatch');
  const changes: BatchChange[] = [];
  for (const element of childOf(batch, 'Changes')?.children ?? []) {
    const action = textOf(element, 'Action');
    const given = childOf(element, 'ResourceRecordSet');
    if (given === undefined || (action !== 'CREATE' && action !== 'DELETE' && action !== 'UPSERT')) {
      return invalidInput('Invalid XML ; a Change needs an Action and a ResourceRecordSet');
    }
    const set = readRecordSet(given);
    const place = `Change with [Action=${action}, Name=${set.name}, Type=${set.type}, SetIdentifier=${set.setIdentifier ?? 'null'}]`;
    if (!types.has(set.type)) return invalidInput(`Invalid XML ; '${set.type}' is no record type`);
    const choices = [set.alias !== undefined, set.ttl !== undefined && (set.values ?? []).length > 0].filter(
      Boolean,
    ).length;
    if (choices !== 1 || (set.alias !== undefined && (set.ttl !== undefined || set.values !== undefined))) {
      const found = choices === 0 ? 'found none' : 'found more than one';
      return invalidInput(
        `Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but ${found} in ${place}`,
      );
    }
    changes.push({ action, set });
  }
  if (changes.length === 0) return invalidInput('Invalid XML ; a ChangeBatch needs Changes');
  return { changes, comment: textOf(batch, 'Comment') };
}

/**
 * Carries a batch out on a copy of the zone's record sets, change after change, as Route 53 does: the order matters, and
 * one change that is not permitted leaves everything as it was. All objections are told together (InvalidChangeBatch).
 */
export function applyBatch(world: SimulatedWorld, changes: readonly BatchChange[]): SimulatedRecordSet[] | AwsRefusal {
  let sets = [...world.hostedZone.recordSets];
  const objections: string[] = [];
  for (const { action, set } of changes) {
    const existing = sets.find((other) => isSameKey(other, set));
    const objection =
      protectionOf(world, set) ??
      (action === 'DELETE'
        ? objectionToDelete(world, set, existing)
        : objectionToWrite(world, { action, set, existing, others: sets.filter((other) => other !== existing) }));
    if (objection !== undefined) {
      objections.push(objection);
      continue;
    }
    sets = sets.filter((other) => other !== existing);
    if (action !== 'DELETE') sets.push(set);
  }
  if (objections.length > 0) return { status: 400, code: 'InvalidChangeBatch', message: `[${objections.join(', ')}]` };
  return sets;
}

function invalidInput(message: string): AwsRefusal {
  return { status: 400, code: 'InvalidInput', message };
}

function isSameKey(left: SimulatedRecordSet, right: SimulatedRecordSet): boolean {
  return left.name === right.name && left.type === right.type && left.setIdentifier === right.setIdentifier;
}

function protectionOf({ hostedZone }: SimulatedWorld, { name, type }: SimulatedRecordSet): string | undefined {
  const protection = hostedZone.protections.find((one) => one.name === name && one.type === type);
  if (protection === undefined) return undefined;
  const comment = protection.comment === undefined ? '' : ` (${protection.comment})`;
  return `The resource record set [name='${name}', type='${type}'] is protected${comment}`;
}

function objectionToDelete(
  { hostedZone }: SimulatedWorld,
  set: SimulatedRecordSet,
  existing: SimulatedRecordSet | undefined,
): string | undefined {
  if (existing === undefined) return `Tried to delete resource record set ${keyOf(set)} but it was not found`;
  if (fingerprint(existing) !== fingerprint(set)) {
    return `Tried to delete resource record set ${keyOf(set)} but the values provided do not match the current values`;
  }
  if (set.name === hostedZone.name && (set.type === 'NS' || set.type === 'SOA')) {
    return `A HostedZone must contain ${set.type === 'SOA' ? 'exactly one SOA' : 'at least one NS'} record for the zone itself.`;
  }
  return undefined;
}

type Write = {
  action: 'CREATE' | 'UPSERT';
  set: SimulatedRecordSet;
  existing: SimulatedRecordSet | undefined;
  others: readonly SimulatedRecordSet[];
};

function objectionToWrite(world: SimulatedWorld, { action, set, existing, others }: Write): string | undefined {
  const zone = world.hostedZone.name;
  if (set.name !== zone && !set.name.endsWith(`.${zone}`)) {
    return `RRSet with DNS name ${set.name} is not permitted in zone ${zone}`;
  }
  if (action === 'CREATE' && existing !== undefined) {
    return `Tried to create resource record set ${keyOf(set)} but it already exists`;
  }
  if (set.type === 'CNAME' && set.name === zone) {
    return `RRSet of type CNAME with DNS name ${set.name} is not permitted at apex in zone ${zone}`;
  }
  const beside = others.filter(({ name }) => name === set.name);
  if (set.type === 'CNAME' && beside.some(({ type }) => type !== 'CNAME')) {
    return `RRSet of type CNAME with DNS name ${set.name} is not permitted as it conflicts with other records with the same DNS name in zone ${zone}`;
  }
  if (set.type !== 'CNAME' && beside.some(({ type }) => type === 'CNAME')) {
    return `RRSet of type ${set.type} with DNS name ${set.name} is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone ${zone}`;
  }
  const kin = beside.filter(({ type }) => type === set.type);
  if (kin.some(({ setIdentifier }) => (setIdentifier === undefined) !== (set.setIdentifier === undefined))) {
    return `RRSet with DNS name ${set.name}, type ${set.type} cannot be created as other RRSets exist with the same name and type.`;
  }
  return set.alias === undefined ? objectionToValues(set) : objectionToAlias(world, set);
}

function objectionToValues({ type, values = [] }: SimulatedRecordSet): string | undefined {
  const bad = (isSound: (value: string) => boolean) => values.find((value) => !isSound(value));
  const fatal = (code: string, what: string, value: string) =>
    `Invalid Resource Record: 'FATAL problem: ${code} (${what}) encountered with '${value}''`;
  const v4 = type === 'A' ? bad(isIPv4) : undefined;
  if (v4 !== undefined) return fatal('ARRDATAIllegalIPv4Address', 'Value is not a valid IPv4 address', v4);
  const v6 = type === 'AAAA' ? bad(isIPv6) : undefined;
  if (v6 !== undefined) return fatal('AAAARRDATAIllegalIPv6Address', 'Value is not a valid IPv6 address', v6);
  if (type === 'CNAME' && values.length > 1) {
    return fatal('CNAMEMultipleValues', 'A CNAME record has exactly one value', values.join(','));
  }
  return undefined;
}

/** Aliases lead to a distribution in CloudFront's zone, or to another name and type of the same zone. */
function objectionToAlias(world: SimulatedWorld, { type, alias }: SimulatedRecordSet): string | undefined {
  if (alias === undefined) return undefined;
  const what = `Tried to create an alias that targets ${alias.dnsName}, type ${type} in zone ${alias.hostedZoneId},`;
  if (alias.hostedZoneId === cloudFrontZoneId) {
    if (!alias.dnsName.endsWith('.cloudfront.net.'))
      return `${what} but the alias target name does not lie within the target zone`;
    const isKnown = alias.dnsName === `${world.distribution.domain.toLowerCase()}.`;
    return isKnown ? undefined : `${what} but that target was not found`;
  }
  const target = world.hostedZone.recordSets.some((set) => set.name === alias.dnsName && set.type === type);
  return alias.hostedZoneId === world.hostedZone.id && target ? undefined : `${what} but that target was not found`;
}

function keyOf({ name, type, setIdentifier }: SimulatedRecordSet): string {
  const identifier = setIdentifier === undefined ? '' : `, set-identifier='${setIdentifier}'`;
  return `[name='${name}', type='${type}'${identifier}]`;
}

/** Everything that a DELETE must match; values in any order. */
function fingerprint(set: SimulatedRecordSet): string {
  const values = set.values
    ?.map((value) => (set.type === 'CNAME' ? value.toLowerCase().replace(/\.$/, '') : value))
    .sort();
  return JSON.stringify(
    Object.entries({ ...set, values })
      .filter(([, value]) => value !== undefined)
      .sort(),
  );
}
