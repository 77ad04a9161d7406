/** Sites beside the API that stand behind the same edge, by their hostnames, as the environment's `sites` names them. */
export type SimulatedSites = { sites?: readonly string[] };
