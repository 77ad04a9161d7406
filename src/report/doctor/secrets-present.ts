import { awsSecrets } from '../../world/aws.ts';
import type { Environment } from '../../world/environment.ts';
import { type Finding, fine, trouble } from './finding.ts';
import type { FindingId } from './finding-ids.ts';

/** What goes on without: messages never stop a switch, and a long-lived key has no session token. */
const dispensable: Readonly<Record<string, string>> = {
  slack: 'no war room is opened; the switch does not wait for one',
  statuspage: 'customers are not told on the status page',
  pagerduty: 'nobody is paged',
  'pagerduty-rest': 'escalations cannot be inspected; the switch does not wait for that',
  'datadog-api-key': 'triage does not hear the monitors; the switch does not wait for them',
  'datadog-application-key': 'triage does not hear the monitors; the switch does not wait for them',
  globalping: 'the probes of Globalping are asked without a token, within the limits of its anonymous users',
};

/** What a secret is that nothing but its use would try. */
const untried: Readonly<Record<string, string>> = { pagerduty: '; only an event would try it' };

/**
 * Whether the process variables that the environment names are set: by name, never by what or how much is in them.
 * `secret` reads one by its name in the environment.
 */
export function examineSecrets(env: Environment, secret: (name: string) => string | undefined): Finding[] {
  return Object.entries(env.secrets).map(([name, variable]) => {
    const id: FindingId = `secret-${name}`;
    if (secret(name) !== undefined)
      return fine(id, `${variable} is set${Object.hasOwn(untried, name) ? untried[name] : ''}`);
    if (name === awsSecrets.sessionToken) return fine(id, `${variable} is not set: good for a long-lived key`);
    const without = Object.hasOwn(dispensable, name) ? dispensable[name] : undefined;
    return trouble(id, without === undefined ? 'bad' : 'warn', {
      found: `${variable} is not set`,
      breaks: without ?? 'every step that needs it stops a run before it starts',
      remedy: `set ${variable} in the shell that will run the failover`,
    });
  });
}
