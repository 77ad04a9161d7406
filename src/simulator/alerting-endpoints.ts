import type { SimulatedPorts } from './environment-file.ts';

/** The keys that the simulated APIs of alerting take. */
export type AlertingKeys = { pagerdutyRest: string; datadog: { apiKey: string; applicationKey: string } };

/** Datadog's API, PagerDuty's REST API, Globalping's, and what stands for all other dependencies, each with a `curl` line that works as it stands. */
export function alertingEndpoints(
  { pagerdutyRestApi, datadogApi, globalpingApi, dependencies }: SimulatedPorts,
  { pagerdutyRest, datadog }: AlertingKeys,
  hostname: string,
): { name: string; address: string; try: string }[] {
  const paging = `http://127.0.0.1:${pagerdutyRestApi}`;
  const monitoring = `http://127.0.0.1:${datadogApi}`;
  const vantage = `http://127.0.0.1:${globalpingApi}/v1/measurements`;
  const asked = JSON.stringify({ type: 'http', target: hostname, limit: 4 });
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
    {
      name: 'Globalping API',
      address: `http://127.0.0.1:${globalpingApi}`,
      try: `curl -s -H 'content-type: application/json' -d '${asked}' ${vantage}`,
    },
    {
      name: 'other dependencies (login, registry …)',
      address: `http://127.0.0.1:${dependencies}`,
      try: `curl -si http://127.0.0.1:${dependencies}/`,
    },
  ];
}
