/** Where simulated customers are, and a point of presence of the edge each: the airport codes that `cf-ray` ends with. */
export const regions = ['iad', 'nrt', 'dub', 'gru'] as const;

/** One of {@link regions}. */
export type Region = (typeof regions)[number];

/** The region from which the operator's own probes look. */
export const operatorsRegion: Region = 'iad';
