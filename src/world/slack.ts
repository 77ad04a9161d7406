/** The official client. */
export type SlackClient = never;
