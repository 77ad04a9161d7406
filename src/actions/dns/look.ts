import { z } from 'zod';
import type { ActionContext } from '../action.ts';
import { askServer, findAuthoritativeServers, listResolvers, type ServerAddress } from './find-servers.ts';
import { askedTypes, type Judgement, judgeAnswers, type ServerAnswers, soaNegativeTtl } from './judge-answers.ts';
import { isTold, type RouteAnswers, routeAnswers } from './route-answers.ts';

/** Which servers are asked. */
export const askSchema = z.enum(['authoritative', 'resolvers', 'all']);

const countSchema = z.strictObject({
  total: z.int().describe('servers that count'),
  agreeing: z.int().describe('of these, how many answer with the route'),
});

/** What one address of one server answered. */
export const serverRowSchema = z.strictObject({
  server: z.string(),
  address: z.string(),
  kind: z.enum(['authoritative', 'resolver']),
  answered: z.boolean().describe('it said enough to be judged'),
  agrees: z.boolean(),
  leadsTo: z
    .string()
    .nullable()
    .describe(
      'the route of the environment that its answers lead to, the asked one before others; null where none is known',
    ),
  answer: z.string().describe('the first hop, in short'),
  ttl: z.number().nullable().describe('seconds; of a resolver what remains'),
  note: z.string().describe('what is wrong or unusual; empty when nothing is'),
});

/** One look at all servers at one moment. Times are milliseconds; null where no server told. */
export const lookSchema = z.strictObject({
  agreed: z.boolean().describe('every server that counts answers with the route'),
  authoritative: countSchema,
  resolvers: countSchema,
  servers: z.array(serverRowSchema),
  maxTtlMs: z.number().nullable().describe('highest TTL at the authoritative servers'),
  predictedDrainMs: z.number().nullable().describe('how long clients may keep the present answers after a switch now'),
  negativeCacheMs: z.number().nullable().describe('how long resolvers may keep “there is no such record”'),
  remainingMs: z.number().describe('longest remaining TTL at resolvers that do not agree yet'),
});

/** See {@link serverRowSchema}. */
export type ServerRow = z.output<typeof serverRowSchema>;
/** See {@link lookSchema}. */
export type Look = z.output<typeof lookSchema>;

/** What to ask, settled before the first look. */
export type Question = {
  name: string;
  route: RouteAnswers;
  /** Every route of the environment whose answers can be told, the asked one first. */
  routes: readonly (readonly [string, RouteAnswers])[];
  authoritative: readonly ServerAddress[];
  /** Authoritative servers whose address nobody knows. */
  unaddressed: readonly string[];
  resolvers: readonly ServerAddress[];
};

type Seen = { row: ServerRow; judgement: Judgement; zoneNegativeTtl: number | null };

/** Finds whom to ask. Throws `failed` when the zone's servers cannot be found. */
export async function prepareQuestion(
  ctx: ActionContext,
  { name, route, ask }: { name: string; route: string; ask: z.output<typeof askSchema> },
): Promise<Question> {
  const found = ask === 'resolvers' ? { addresses: [], unaddressed: [] } : await findAuthoritativeServers(ctx);
  const resolvers = ask === 'authoritative' ? [] : listResolvers(ctx);
  const asked = routeAnswers(ctx.env, route);
  const others = Object.keys(ctx.env.routes).filter((other) => other !== route && isTold(ctx.env, other));
  const routes = [[route, asked] as const, ...others.map((other) => [other, routeAnswers(ctx.env, other)] as const)];
  return { name, route: asked, routes, authoritative: found.addresses, unaddressed: found.unaddressed, resolvers };
}

/** Asks every address of every server for every type, at once, and counts. */
export async function lookAtServers(ctx: ActionContext, question: Question): Promise<Look> {
  const [authoritative, resolvers] = await Promise.all([
    Promise.all(question.authoritative.map((at) => lookAt(ctx, question, at, 'authoritative'))),
    Promise.all(question.resolvers.map((at) => lookAt(ctx, question, at, 'resolver'))),
  ]);
  const authoritativeCount = countAuthoritative(authoritative, question.unaddressed);
  const resolverCount = countResolvers(resolvers);
  const counted = [authoritativeCount, resolverCount].filter(({ total }) => total > 0);
  const ttls = authoritative.flatMap(({ judgement }) => judgement.ttl ?? []);
  const remaining = resolvers.flatMap(({ judgement }) => judgement.ttl ?? []);
  const negative = [...authoritative, ...resolvers].flatMap(
    (seen) => seen.zoneNegativeTtl ?? seen.judgement.negativeTtl ?? [],
  );
  const present = [...ttls, ...remaining];
  return {
    agreed: counted.length > 0 && counted.every(({ total, agreeing }) => total === agreeing),
    authoritative: authoritativeCount,
    resolvers: resolverCount,
    servers: [
      ...authoritative.map(({ row }) => row),
      ...question.unaddressed.map(unaddressedRow),
      ...resolvers.map(({ row }) => row),
    ],
    maxTtlMs: highestMs(ttls),
    predictedDrainMs: highestMs(present.length > 0 ? present : negative),
    negativeCacheMs: highestMs(negative),
    remainingMs:
      highestMs(resolvers.filter(({ judgement }) => judgement.state === 'disagrees').flatMap(remainingTtl)) ?? 0,
  };
}

async function lookAt(
  ctx: ActionContext,
  question: Question,
  at: ServerAddress,
  kind: ServerRow['kind'],
): Promise<Seen> {
  const recursionDesired = kind === 'resolver';
  const asking = (type: (typeof askedTypes)[number]) =>
    askServer(ctx, at, { name: question.name, type, recursionDesired });
  const [A, AAAA, CNAME, HTTPS, soa] = await Promise.all([
    asking('A'),
    asking('AAAA'),
    asking('CNAME'),
    asking('HTTPS'),
    recursionDesired ? undefined : askServer(ctx, at, { name: ctx.env.zone, type: 'SOA', recursionDesired }),
  ]);
  const answers: ServerAnswers = { A, AAAA, CNAME, HTTPS };
  const judge = (route: RouteAnswers) => {
    const judged = judgeAnswers(question.name, answers, route);
    return kind === 'authoritative' ? requireAuthority(judged, answers) : judged;
  };
  const judgement = judge(question.route);
  const zoneNegativeTtl = soa?.answered === true ? (soa.answers.flatMap(soaNegativeTtl)[0] ?? null) : null;
  const row = {
    server: at.server,
    address: at.port === 53 ? at.address : `${at.address.includes(':') ? `[${at.address}]` : at.address}:${at.port}`,
    kind,
    answered: judgement.state !== 'silent',
    agrees: judgement.state === 'agrees',
    leadsTo: question.routes.find(([, route]) => judge(route).state === 'agrees')?.[0] ?? null,
    answer: judgement.answer,
    ttl: judgement.ttl,
    note: judgement.findings.join('; '),
  };
  return { row, judgement, zoneNegativeTtl };
}

/** Whoever answers without the AA bit does not speak for the zone: a lame delegation, or something in between. */
function requireAuthority(judgement: Judgement, answers: ServerAnswers): Judgement {
  const lacking = askedTypes.some((type) => {
    const answer = answers[type];
    return answer.answered && !answer.authoritative && (answer.rcode === 'NOERROR' || answer.rcode === 'NXDOMAIN');
  });
  if (!lacking) return judgement;
  const finding = 'the answer is not authoritative (AA=0): it does not serve the zone, or port 53 is intercepted';
  return { ...judgement, state: 'disagrees', findings: [finding, ...judgement.findings] };
}

/**
 * By name: a server agrees when all of its addresses that answer agree. An address that cannot be reached while
 * another of the same server answers is most often a machine here without IPv6; it is shown, and not counted.
 */
function countAuthoritative(seen: readonly Seen[], unaddressed: readonly string[]): Look['authoritative'] {
  const servers = new Set(seen.map(({ row }) => row.server));
  const agreeing = [...servers].filter((server) => {
    const speaking = seen.filter(({ row }) => row.server === server && row.answered);
    return speaking.length > 0 && speaking.every(({ row }) => row.agrees);
  });
  return { total: servers.size + unaddressed.length, agreeing: agreeing.length };
}

/** Resolvers that say nothing are shown and not counted, unless none says anything. */
function countResolvers(seen: readonly Seen[]): Look['resolvers'] {
  const speaking = seen.filter(({ row }) => row.answered);
  return {
    total: speaking.length > 0 ? speaking.length : seen.length,
    agreeing: speaking.filter(({ row }) => row.agrees).length,
  };
}

function remainingTtl({ judgement }: Seen): number[] {
  const ttl = judgement.ttl ?? judgement.negativeTtl;
  return ttl === null ? [] : [ttl];
}

function highestMs(seconds: readonly number[]): number | null {
  return seconds.length === 0 ? null : Math.max(...seconds) * 1_000;
}

function unaddressedRow(server: string): ServerRow {
  const note = 'no address is known for it';
  const nothing = { answered: false, agrees: false, leadsTo: null, answer: '', ttl: null };
  return { server, address: '', kind: 'authoritative', ...nothing, note };
}
