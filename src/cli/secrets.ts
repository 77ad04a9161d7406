import type { Environment } from '../world/environment.ts';
import type { World } from '../world/world.ts';

/** Variables that SDKs read on their own to go elsewhere, or to send other credentials along. */
const redirecting = [
  'CLOUDFLARE_BASE_URL',
  'CLOUDFLARE_API_TOKEN',
  'CLOUDFLARE_API_KEY',
  'CLOUDFLARE_EMAIL',
  'CLOUDFLARE_API_USER_SERVICE_KEY',
  'CLOUDFLARE_CUSTOM_HEADERS',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_ROUTE_53',
  'AWS_ENDPOINT_URL_CLOUDFRONT',
  'SLACK_API_URL',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'http_proxy',
  'https_proxy',
] as const;

/** The value of a secret by its name in the environment file; undefined where its variable is unset or empty. */
export function secretReader(
  environment: Environment,
  variables: Readonly<Record<string, string | undefined>>,
): (name: string) => string | undefined {
  return (name) => {
    const variable = environment.secrets[name];
    return variable === undefined ? undefined : variables[variable] || undefined;
  };
}

/** Names of set variables that would redirect a provider's SDK and that the environment file does not name. */
export function ignoredVariables(environment: Environment, variables: World['variables']): string[] {
  const named = new Set(Object.values(environment.secrets));
  return redirecting.filter((name) => variables[name] && !named.has(name));
}

/** The values of all secrets that an environment names, as far as their variables are set. */
export function secretValues(environment: Environment, variables: World['variables']): string[] {
  const secret = secretReader(environment, variables);
  return Object.keys(environment.secrets).flatMap((name) => secret(name) ?? []);
}

/**
 * Values of variables whose names say that they are secrets, whatever the environment file names: a command line that
 * is not understood is told before any file is read. Short ones are left alone, and paths (a key of AWS's may look like one).
 */
export function likelySecrets(variables: World['variables']): string[] {
  return Object.entries(variables).flatMap(([name, value]) =>
    value !== undefined &&
    /(^|_)(TOKEN|SECRET|PASSWORD|API_?KEY|APP(LICATION)?_KEY|ACCESS_KEY(_ID)?|ROUTING_KEY)$/.test(name) &&
    /^\S{12,}$/.test(value) &&
    (/^[^/.]/.test(value) || name.endsWith('SECRET_ACCESS_KEY'))
      ? [value]
      : [],
  );
}
