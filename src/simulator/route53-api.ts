import { type AwsRefusal, awsDocument, awsErrorAnswer } from './aws-answers.ts';
import { isInSync, storedName, submitChange } from './hosted-zone.ts';
import type { ServerAnswer, ServerRequest } from './http-server.ts';
import { recordSetXml } from './record-set-xml.ts';
import { applyBatch, readBatch } from './route53-batch.ts';
import type { SimulatedRecordSet, SimulatedWorld } from './state.ts';
import { tag } from './xml.ts';

/** The namespace of Route 53's documents. */
export const route53Namespace = 'https://route53.amazonaws.com/doc/2013-04-01/';

const prefix = '/2013-04-01/';
const mostItems = 300;
/** For so long after a batch the zone takes no other one. */
const processingMs = 300;

/** Answers a call of Route 53's API as far as this program uses it; the signature is checked by then. */
export function answerRoute53(world: SimulatedWorld, request: ServerRequest, nowMs: number): ServerAnswer {
  const url = new URL(`https://route53.amazonaws.com${request.path}`);
  const path = url.pathname.slice(prefix.length).replace(/\/$/, '');
  const [collection, id = '', part, ...rest] = path.split('/');
  const call = rest.length > 0 ? '' : `${request.method} ${collection}${part === undefined ? '' : `/${part}`}`;
  if (call === 'GET change') return getChange(world, id, nowMs);
  const isZoneCall = [
    'GET hostedzone',
    'GET hostedzone/rrset',
    'POST hostedzone/rrset',
    'GET hostedzone/rrsetprotection',
  ];
  if (!isZoneCall.includes(call)) {
    return refuse({
      status: 404,
      code: 'UnknownOperationException',
      message: `no ${request.method} ${url.pathname} here`,
    });
  }
  if (id !== world.hostedZone.id) {
    return refuse({ status: 404, code: 'NoSuchHostedZone', message: `No hosted zone found with ID: ${id}` });
  }
  switch (call) {
    case 'GET hostedzone/rrset':
      return listRecordSets(world, url.searchParams);
    case 'POST hostedzone/rrset':
      return changeRecordSets(world, request.body, nowMs);
    case 'GET hostedzone/rrsetprotection':
      return listProtections(world);
    default:
      return getHostedZone(world);
  }
}

function refuse(refusal: AwsRefusal): ServerAnswer {
  return awsErrorAnswer(refusal, route53Namespace);
}

function answer(root: string, body: string): ServerAnswer {
  return awsDocument({ root, namespace: route53Namespace, body });
}

function getHostedZone({ hostedZone: zone }: SimulatedWorld): ServerAnswer {
  return answer(
    'GetHostedZoneResponse',
    `<HostedZone>${tag('Id', `/hostedzone/${zone.id}`)}${tag('Name', zone.name)}${tag('CallerReference', zone.callerReference)}` +
      `<Config>${tag('PrivateZone', false)}</Config>${tag('ResourceRecordSetCount', zone.recordSets.length)}</HostedZone>` +
      `<DelegationSet><NameServers>${zone.nameservers.map((name) => tag('NameServer', name)).join('')}</NameServers></DelegationSet>`,
  );
}

function getChange({ hostedZone: zone }: SimulatedWorld, id: string, nowMs: number): ServerAnswer {
  const change = zone.changes.find((candidate) => candidate.id === id);
  if (change === undefined) {
    return refuse({ status: 404, code: 'NoSuchChange', message: `Could not find resource with ID: ${id}` });
  }
  const status = isInSync(zone, change.submittedMs, nowMs) ? 'INSYNC' : 'PENDING';
  return answer('GetChangeResponse', changeInfo({ ...change, status }));
}

function changeInfo(change: { id: string; status: string; submittedMs: number; comment: string | undefined }): string {
  const { id, status, submittedMs, comment } = change;
  const submitted = new Date(submittedMs).toISOString();
  return `<ChangeInfo>${tag('Id', `/change/${id}`)}${tag('Status', status)}${tag('SubmittedAt', submitted)}${tag('Comment', comment)}</ChangeInfo>`;
}

function changeRecordSets(world: SimulatedWorld, body: string, nowMs: number): ServerAnswer {
  const { hostedZone: zone } = world;
  const last = zone.changes.at(-1);
  if (last !== undefined && nowMs - last.submittedMs < processingMs) {
    const message = `The request was rejected because Route 53 was still processing a prior request.`;
    return refuse({ status: 400, code: 'PriorRequestNotComplete', message });
  }
  const batch = readBatch(body);
  if ('code' in batch) return refuse(batch);
  const recordSets = applyBatch(world, batch.changes);
  if ('code' in recordSets) return refuse(recordSets);
  const { comment } = batch;
  const id = submitChange(zone, { recordSets, comment, nowMs });
  return answer('ChangeResourceRecordSetsResponse', changeInfo({ id, status: 'PENDING', submittedMs: nowMs, comment }));
}

function listProtections({ hostedZone: zone }: SimulatedWorld): ServerAnswer {
  const listed = zone.protections.map(
    ({ name, type, comment }) =>
      `<ResourceRecordSetProtection>${tag('RecordName', name)}${tag('RecordType', type)}${tag('Comment', comment)}</ResourceRecordSetProtection>`,
  );
  return answer(
    'ListResourceRecordSetProtectionsResponse',
    `<ResourceRecordSetProtections>${listed.join('')}</ResourceRecordSetProtections>`,
  );
}

/** In order of name (labels from the right), type and identifier; `name`, `type` and `identifier` say where to begin, not what to find. */
function listRecordSets({ hostedZone: zone }: SimulatedWorld, query: URLSearchParams): ServerAnswer {
  const [name, type, identifier] = [query.get('name'), query.get('type'), query.get('identifier')];
  if ((type !== null && name === null) || (identifier !== null && type === null)) {
    return refuse({
      status: 400,
      code: 'InvalidInput',
      message: 'Invalid request: a type needs a name, and an identifier needs a type',
    });
  }
  const asked = query.get('maxitems');
  const items = asked === null ? mostItems : Math.min(mostItems, Number(asked));
  if (!Number.isInteger(items) || items < 1) {
    return refuse({ status: 400, code: 'InvalidInput', message: 'Invalid request: maxitems is no number' });
  }
  const start =
    name === null ? undefined : sortKey({ name: storedName(name), type: type ?? '', setIdentifier: identifier ?? '' });
  const sorted = zone.recordSets
    .map((set) => ({ set, key: sortKey(set) }))
    .sort((left, right) => (left.key < right.key ? -1 : 1));
  const from = sorted.filter(({ key }) => start === undefined || key >= start).map(({ set }) => set);
  const next = from[items];
  return answer(
    'ListResourceRecordSetsResponse',
    `<ResourceRecordSets>${from.slice(0, items).map(recordSetXml).join('')}</ResourceRecordSets>${tag('IsTruncated', next !== undefined)}` +
      `${tag('NextRecordName', next?.name)}${tag('NextRecordType', next?.type)}${tag('NextRecordIdentifier', next?.setIdentifier)}` +
      tag('MaxItems', items),
  );
}

function sortKey({
  name,
  type,
  setIdentifier = '',
}: Pick<SimulatedRecordSet, 'name' | 'type' | 'setIdentifier'>): string {
  const reversed = name.replace(/\.$/, '').split('.').reverse().join('\u0000');
  return [`${reversed}\u0000`, type, setIdentifier].join('\u0001');
}
