/** Sites beside the API that stand behind the same edge, by their hostnames, as the environment's `sites` names them. */
export type SimulatedSites = {
  sites?: readonly string[];
  /** The hosts of the environment's `dependencies`: other people's systems, which are elsewhere. */
  dependencyHosts?: readonly string[];
};
