/** The official client, limited to the resources in use. */
export type CloudflareClient = never;
