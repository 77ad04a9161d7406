import { isIP, isIPv4 } from 'node:net';
import { dirname, resolve } from 'node:path';
import type { Position } from '../errors.ts';
import type { Environment } from '../world/environment.ts';
import type { Json } from '../world/json.ts';
import { isPlaceholder } from '../world/placeholder.ts';
import { quote, suggest } from './closest.ts';
import { findSecrets, textsOf } from './find-secrets.ts';
import { type Problem, sortProblems } from './problem.ts';
import { placeProblems, type Reading } from './schema-problem.ts';
import { looksLikeToken } from './secret-shapes.ts';
import { type Path, readYaml, type YamlSource } from './yaml-source.ts';

/** A value of an environment that is not filled in yet. */
type Placeholder = { path: Path; value: string; where: Position };

/** The file of the environment's own certificate authority, and where it is named. */
export type Authority = { file: string; where: Position };

/** An acceptance of a finding, and where its id and its end are written. */
export type PlacedAcceptance = Environment['accepted-findings'][number] & { idAt: Position; untilAt: Position };

/** An environment, and what lint says of it although it is sound. */
export type LoadedEnvironment = {
  environment: Environment;
  placeholders: Placeholder[];
  acceptances: PlacedAcceptance[];
  authority?: Authority;
};

/**
 * Reads an environment, its data by `parse`: its values and what is still a placeholder in it, or every problem that it
 * has. Never throws for any text.
 */
export function readEnvironment(
  file: string,
  text: string,
  parse: (data: Json) => Reading<Environment>,
): LoadedEnvironment | { problems: Problem[] } {
  const { source, problems: unsound } = readYaml(file, text);
  if (source === undefined) return { problems: sortProblems(unsound) };
  const result = parse(source.data);
  const found = ('problems' in result ? result.problems : []).map((problem) =>
    problem.path[0] === 'secrets' && problem.on === 'value'
      ? { ...problem, ...secretProblem(source, problem.path) }
      : problem,
  );
  const problems = [...unsound, ...placeProblems(found, source), ...findSecrets(source)];
  if ('value' in result) problems.push(...findMeaningProblems(result.value, source));
  if (problems.length > 0 || 'problems' in result) return { problems: sortProblems(problems) };
  const { ca } = result.value;
  return {
    environment: result.value,
    placeholders: findPlaceholders(source),
    acceptances: result.value['accepted-findings'].map((acceptance, index) => ({
      ...acceptance,
      idAt: source.positionOf(['accepted-findings', index, 'id']),
      untilAt: source.positionOf(['accepted-findings', index, 'until']),
    })),
    ...(ca === undefined ? {} : { authority: { file: resolve(dirname(file), ca), where: source.positionOf(['ca']) } }),
  };
}

/** What lint says of placeholders: they do not fit a live run, and do no harm in a rehearsal. */
export function warnOfPlaceholders(placeholders: readonly Placeholder[]): Problem[] {
  return placeholders.map(({ path, value, where }) => ({
    where,
    what: `${path.join('.')} is still a placeholder (${value})`,
    remedy: 'fill it in before a live run',
  }));
}

/** The values that begin with PLACEHOLDER, in order of place. */
function findPlaceholders(source: YamlSource): Placeholder[] {
  return textsOf(source.data)
    .filter(({ text }) => isPlaceholder(text))
    .map(({ path, text }) => ({ path, value: text, where: source.positionOf(path) }));
}

/** A value under `secrets` is never shown: it may be the secret itself. */
function secretProblem(source: YamlSource, path: Path): { what: string; remedy: string } {
  const value = textsOf(source.data).find((found) => found.path.join('\n') === path.join('\n'));
  if (value !== undefined && looksLikeToken(value.text)) {
    return {
      what: `the secret ${quote(String(path.at(-1)))} seems to be written here itself`,
      remedy: 'take it out, revoke it, and write the name of the process variable that holds it',
    };
  }
  return {
    what: `the secret ${quote(String(path.at(-1)))} is not the name of a process variable`,
    remedy: 'write a name such as CLOUDFLARE_API_TOKEN',
  };
}

function findMeaningProblems(environment: Environment, source: YamlSource): Problem[] {
  const problems: Problem[] = [];
  const report = (path: Path, what: string, remedy: string, on: 'key' | 'value' = 'value'): void => {
    problems.push({ where: on === 'key' ? source.keyPositionOf(path) : source.positionOf(path), what, remedy });
  };
  const { hostname, zone, routes, backends, dns, endpoints } = environment;
  if (hostname !== zone && !hostname.endsWith(`.${zone}`) && !isPlaceholder(zone)) {
    report(['hostname'], `${hostname} is not in the zone ${zone}`, 'correct hostname or zone');
  }
  if (Object.keys(routes).length === 0) report(['routes'], 'there is no route', 'add one, such as edge');
  for (const [name, route] of Object.entries(routes)) {
    const path = ['routes', name];
    if (typeof route.connect === 'string') checkTarget(route.connect, [...path, 'connect'], report);
    else {
      if (Object.keys(route.connect).length === 0)
        report([...path, 'connect'], 'the route leads nowhere', 'write where to dial, or a place for each backend');
      for (const [backend, target] of Object.entries(route.connect)) {
        checkTarget(target, [...path, 'connect', backend], report);
        if (Object.hasOwn(backends, backend)) continue;
        report(
          [...path, 'connect', backend],
          `there is no backend ${quote(backend)}`,
          suggest(backend, Object.keys(backends)),
          'key',
        );
      }
    }
    if (route.answers !== undefined && route.answers.cname === undefined && !route.answers.addresses?.length) {
      report([...path, 'answers'], 'it says nothing', 'write a cname or addresses in it, or remove it');
    }
    for (const [index, range] of (route.answers?.addresses ?? []).entries()) {
      if (!isRange(range)) {
        report(
          [...path, 'answers', 'addresses', index],
          `${quote(range)} is not a range of addresses`,
          'write it as 203.0.113.0/24 or 2001:db8::/32',
        );
      }
    }
  }
  for (const [index, resolver] of dns.resolvers.entries()) {
    const path = ['dns', 'resolvers', index];
    checkTarget(resolver, path, report);
    if (familyOf(hostOf(resolver)) === 0)
      report(path, `the resolver ${quote(resolver)} is not an address`, 'write its IP address, such as 1.1.1.1');
  }
  for (const [name, target] of Object.entries(dns.nameservers))
    checkTarget(target, ['dns', 'nameservers', name], report);
  for (const [port, target] of Object.entries(environment.smtp?.connect ?? {}))
    checkTarget(target, ['smtp', 'connect', port], report);
  checkPageIds(environment, report);
  for (const [name, url] of Object.entries(endpoints)) {
    const refused = url === undefined ? undefined : whyRefused(url);
    if (refused) report(['endpoints', name], refused.what, refused.remedy);
  }
  for (const [name, { url, endpoint }] of Object.entries(environment.dependencies)) {
    const refused = isPlaceholder(url) ? undefined : whyRefused(url);
    if (refused) report(['dependencies', name, 'url'], refused.what, refused.remedy);
    const wrong = endpoint === undefined ? undefined : whyRefused(endpoint);
    if (wrong) report(['dependencies', name, 'endpoint'], wrong.what, wrong.remedy);
  }
  return problems;
}

/** Ids of incident.io are ULIDs, those of Statuspage are not: one written for the other leads to no page. */
function checkPageIds({ statuspage }: Environment, report: Report): void {
  if (statuspage === undefined) return;
  const isIncidentIo = statuspage.provider === 'incident-io';
  const form = isIncidentIo ? '26 capital letters and digits' : 'lower-case letters and digits, such as kctbh9vrtdwd';
  const fits = isIncidentIo ? /^[0-9A-Z]{26}$/ : /^[0-9a-z]{8,40}$/;
  const ids: [Path, string][] = [
    [['statuspage', 'page-id'], statuspage['page-id']],
    ...Object.entries(statuspage.components).map(([name, id]): [Path, string] => [
      ['statuspage', 'components', name],
      id,
    ]),
  ];
  for (const [path, id] of ids) {
    if (isPlaceholder(id) || fits.test(id)) continue;
    report(
      path,
      `${quote(id)} is no id at ${isIncidentIo ? 'incident.io' : 'Statuspage'}`,
      `give ${form}, or correct provider`,
    );
  }
}

type Report = (path: Path, what: string, remedy: string) => void;

function checkTarget(target: string, path: Path, report: Report): void {
  const port = /\]?:(\d+)$/.exec(target)?.[1];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) {
    report(path, `the port ${port} does not exist`, 'use a port from 1 to 65535');
  }
  const host = hostOf(target);
  if (familyOf(host) === 0 && !isHostname(host)) {
    report(path, `${quote(host)} is neither a hostname nor an address`, 'write it as cdn.example.com or 192.0.2.7');
  }
}

/** The version of an address, 0 for what is none. The pattern of version 6 is large, and made only for what may match it. */
function familyOf(text: string): number {
  if (!text.includes(':')) return isIPv4(text) ? 4 : 0;
  return isIP(text);
}

function hostOf(target: string): string {
  const bracketed = /^\[(.*)\]/.exec(target)?.[1];
  return bracketed ?? target.replace(/:\d+$/, '');
}

/** Labels of at most 63 characters (RFC 1035, section 2.3.4); the last is no number, for that is an address gone wrong. */
function isHostname(text: string): boolean {
  const label = '[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
  return text.length <= 253 && new RegExp(`^${label}(\\.${label})*$`).test(text) && !/(^|\.)\d+$/.test(text);
}

function isRange(text: string): boolean {
  const [, address = '', bits] = /^([0-9a-fA-F.:]+?)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = familyOf(address);
  return family !== 0 && (bits === undefined || Number(bits) <= (family === 4 ? 32 : 128));
}

/** Credentials travel to an endpoint: in the clear only to this machine. */
function whyRefused(text: string): { what: string; remedy: string } | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined)
    return { what: `${quote(text)} is not a URL`, remedy: 'write a URL such as https://example.com' };
  if (url.username !== '' || url.password !== '') {
    return { what: 'the endpoint holds a user or a password', remedy: 'take it out; secrets are named under secrets' };
  }
  if (url.search !== '' || url.hash !== '') {
    return { what: 'the endpoint has a query or a fragment', remedy: 'end it with the path' };
  }
  if (url.protocol === 'https:') return undefined;
  if (url.protocol !== 'http:') return { what: `an endpoint cannot use ${url.protocol}//`, remedy: 'use https://' };
  const isLoopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  return isLoopback
    ? undefined
    : { what: 'the endpoint uses plain http to another machine', remedy: 'use https; plain http is only for loopback' };
}
