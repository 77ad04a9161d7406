import type { SimulatedPorts } from './environment-file.ts';

/** The keys that the simulated APIs of alerting take. */
export type AlertingKeys = { pagerdutyRest: string; datadog: { apiKey: string; applicationKey: string } };

/** Datadog's API and PagerDuty's REST API, each with a `curl` line that works as it stands. */
export function alertingEndpoints(
  { pagerdutyRestApi, datadogApi }: SimulatedPorts,
  { pagerdutyRest, datadog }: AlertingKeys,
): { name: string; address: string; try: string }[] {
  const paging = `http://127.0.0.1:${pagerdutyRestApi}`;
  const monitoring = `http://127.0.0.1:${datadogApi}`;
  const keys = `-H 'DD-API-KEY: ${datadog.apiKey}' -H 'DD-APPLICATION-KEY: ${datadog.applicationKey}'`;
  return [
    {
      name: 'PagerDuty REST API',
      address: paging,
      try: `curl -s -H 'Authorization: Token token=${pagerdutyRest}' ${paging}/services`,
    },
    {
      name: 'Datadog API',
      address: monitoring,
      try: `curl -s ${keys} '${monitoring}/api/v1/monitor?group_states=all'`,
    },
  ];
}
