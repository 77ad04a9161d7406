/** How far an incident is, as both providers name it. */
export const phases = ['investigating', 'identified', 'monitoring', 'resolved'] as const;

/** How far an incident is. */
export type Phase = (typeof phases)[number];

/** How bad an incident is for customers, as Statuspage names it. */
export const impacts = ['none', 'minor', 'major', 'critical'] as const;

/** How a component of the page does. */
export const componentStatuses = ['operational', 'degraded-performance', 'partial-outage', 'major-outage'] as const;

/** How a component of the page does. */
export type ComponentStatus = (typeof componentStatuses)[number];

/** An incident as the page has it. */
export type PublicIncident = {
  id: string;
  title: string;
  phase: Phase;
  /** Where it can be read, as far as the provider says. */
  url: string | null;
  /** The run that opened it, where the provider keeps such a mark; null for none, undefined where it keeps none at all. */
  run: string | null | undefined;
  /** The hostname that it was opened for, where the provider keeps such a mark; null and undefined as of `run`. */
  hostname: string | null | undefined;
  /** Ids of the components that it concerns. */
  components: readonly string[];
  /** Its messages, oldest first. */
  updates: readonly { id: string; phase: Phase; message: string }[];
};

/** An incident to be opened; components by id. */
export type NewIncident = {
  title: string;
  phase: Phase;
  message: string;
  impact: (typeof impacts)[number];
  components: Readonly<Record<string, ComponentStatus>>;
  /** Marks it, or makes opening it idempotent. */
  run: string;
  /** Marks it, where the provider keeps marks. */
  hostname: string;
  notify: boolean;
};

/** A message on an incident that is there; components by id. */
export type NewUpdate = {
  phase: Phase;
  message: string;
  components: Readonly<Record<string, ComponentStatus>>;
  notify: boolean;
};

/**
 * A status page that can be written to, whoever runs it. Each call goes out once; what it throws is what the provider's
 * client throws. Texts are at most 200 characters (a title) and 4,096 (a message): incident.io's bounds, the narrower.
 */
export type StatusPage = {
  /** Incidents carry the run that opened them and the hostname, unseen by readers, so that they can be recognised. */
  readonly marks: boolean;
  /** Opening an incident for the same run again answers the first one, and opens none. */
  readonly opensOnce: boolean;
  /** Resolving an incident makes its components operational by itself, and may not be told to. */
  readonly resolvesComponents: boolean;
  open(incident: NewIncident): Promise<PublicIncident>;
  /** Posts a message; answers its id. `known` are the ids of the messages that were there before. */
  update(id: string, update: NewUpdate, known: readonly string[]): Promise<{ id: string }>;
  /** One incident, or undefined where there is none of that id. */
  find(id: string): Promise<PublicIncident | undefined>;
  /** The incidents that are not resolved. `complete` is false where there were too many to read. */
  unresolved(): Promise<{ incidents: readonly PublicIncident[]; complete: boolean }>;
};

/** The most messages that an incident takes (docs.incident.io, CreateStatusPageIncidentUpdate). */
export const mostUpdates = 100;
