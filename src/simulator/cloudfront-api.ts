import { createHash } from 'node:crypto';
import { awsDocument } from './aws-answers.ts';
import { cloudFrontError, cloudFrontNamespace, noSuchFunction, stageOf } from './cloudfront-answers.ts';
import {
  cachePolicyXml,
  counted,
  distributionConfigXml,
  distributionXml,
  functionSummaryXml,
  node,
  originRequestPolicyXml,
} from './cloudfront-documents.ts';
import type { SimulatedPolicy } from './cloudfront-state.ts';
import type { FunctionRunner } from './function-runner.ts';
import type { ServerAnswer, ServerRequest } from './http-server.ts';
import type { SimulatedWorld } from './state.ts';
import { answerTestFunction } from './test-function.ts';
import { tag } from './xml.ts';

/** The API's version, with which its paths begin. */
export const cloudFrontPrefix = '/2020-05-31/';

type Call = { world: SimulatedWorld; request: ServerRequest; query: URLSearchParams; id: string };
type Route = {
  method: string;
  path: RegExp;
  answer(call: Call, runner: FunctionRunner): ServerAnswer;
};

const routes: readonly Route[] = [
  { method: 'GET', path: /^distribution\/([^/]+)$/, answer: getDistribution },
  { method: 'GET', path: /^distribution\/([^/]+)\/config$/, answer: getDistribution },
  { method: 'GET', path: /^conflicting-alias$/, answer: listConflictingAliases },
  { method: 'GET', path: /^cache-policy\/([^/]+)$/, answer: getPolicy },
  { method: 'GET', path: /^origin-request-policy\/([^/]+)$/, answer: getPolicy },
  { method: 'GET', path: /^function\/([^/]+)\/describe$/, answer: describeFunction },
  { method: 'GET', path: /^function\/([^/]+)$/, answer: getFunction },
  {
    method: 'POST',
    path: /^function\/([^/]+)\/test$/,
    answer: ({ world, request, id }, runner) => answerTestFunction({ world, request, name: id }, runner),
  },
];

/** Answers a signed call of CloudFront's API (API reference, version 2020-05-31): its reading calls. */
export function answerCloudFront(world: SimulatedWorld, request: ServerRequest, runner: FunctionRunner): ServerAnswer {
  const url = new URL(`https://cloudfront.amazonaws.com${request.path}`);
  const path = url.pathname.slice(cloudFrontPrefix.length).replace(/\/$/, '');
  for (const route of routes) {
    const found = route.path.exec(path);
    if (found === null || route.method !== request.method) continue;
    const call = { world, request, query: url.searchParams, id: decodeURIComponent(found[1] ?? '') };
    return route.answer(call, runner);
  }
  return cloudFrontError(404, 'UnknownOperationException', `no ${request.method} ${url.pathname} here`);
}

function cloudFrontDocument(root: string, body: string, etag?: string): ServerAnswer {
  const headers = etag === undefined ? {} : { etag };
  return awsDocument({ root, namespace: cloudFrontNamespace, body, headers });
}

function getDistribution({ world, request, id }: Call): ServerAnswer {
  const { distribution } = world;
  if (id !== distribution.id) return noSuchDistribution();
  const body = distributionXml(distribution);
  const etag = `E${createHash('sha256').update(body).digest('hex').slice(0, 13).toUpperCase()}`;
  return /\/config\/?(?:\?|$)/.test(request.path)
    ? cloudFrontDocument('DistributionConfig', distributionConfigXml(distribution), etag)
    : cloudFrontDocument('Distribution', body, etag);
}

function noSuchDistribution(): ServerAnswer {
  return cloudFrontError(404, 'NoSuchDistribution', 'The specified distribution does not exist.');
}

/** Who holds the alias or one that overlaps it, this distribution included; ids partly hidden, as the real ones are. */
function listConflictingAliases({ world, query }: Call): ServerAnswer {
  const { distribution } = world;
  const alias = (query.get('Alias') ?? '').toLowerCase();
  if (query.get('DistributionId') !== distribution.id) return noSuchDistribution();
  if (distribution.certificate === null) {
    const message = 'The specified distribution must have a certificate that covers the alias.';
    return cloudFrontError(400, 'InvalidArgument', message);
  }
  const own = distribution.aliases
    .filter((one) => overlaps(one, alias))
    .map((one) => ({ alias: one, distributionId: hidden(distribution.id), accountId: hidden('123456789012') }));
  const all = [...own, ...distribution.conflicts.filter((conflict) => overlaps(conflict.alias, alias))];
  const items = counted('ConflictingAlias', all, (conflict) =>
    node(
      'ConflictingAlias',
      tag('Alias', conflict.alias),
      tag('DistributionId', conflict.distributionId),
      tag('AccountId', conflict.accountId),
    ),
  );
  return cloudFrontDocument('ConflictingAliasesList', tag('MaxItems', 100) + items);
}

function overlaps(alias: string, asked: string): boolean {
  return alias === asked || (alias.startsWith('*.') && asked.slice(asked.indexOf('.')) === alias.slice(1));
}

function hidden(id: string): string {
  const shown = Math.floor(id.length / 2);
  return '*'.repeat(id.length - shown) + id.slice(-shown);
}

function getPolicy({ world, request, id }: Call): ServerAnswer {
  const isCache = request.path.startsWith(`${cloudFrontPrefix}cache-policy/`);
  const policies: readonly SimulatedPolicy[] = isCache ? world.cachePolicies : world.originRequestPolicies;
  const policy = policies.find((one) => one.id === id);
  const etag = `E${id.replaceAll('-', '').slice(0, 13).toUpperCase()}`;
  if (policy === undefined) {
    return isCache
      ? cloudFrontError(404, 'NoSuchCachePolicy', 'The cache policy does not exist.')
      : cloudFrontError(404, 'NoSuchOriginRequestPolicy', 'The origin request policy does not exist.');
  }
  return isCache
    ? cloudFrontDocument('CachePolicy', cachePolicyXml(policy), etag)
    : cloudFrontDocument('OriginRequestPolicy', originRequestPolicyXml(policy), etag);
}

function describeFunction({ world, query, id }: Call): ServerAnswer {
  const found = stageOf(world, id, query.get('Stage'));
  if (found === undefined) return noSuchFunction();
  return cloudFrontDocument('FunctionSummary', functionSummaryXml(found.of, found.stage), found.etag);
}

function getFunction({ world, query, id }: Call): ServerAnswer {
  const found = stageOf(world, id, query.get('Stage'));
  if (found === undefined) return noSuchFunction();
  return { status: 200, headers: { 'content-type': 'application/octet-stream', etag: found.etag }, body: found.code };
}
