/** A monitor at Datadog, in the API's terms. Its state is not kept: it follows from what is broken. */
export type SimulatedMonitor = {
  id: number;
  name: string;
  tags: string[];
  /** What it watches: the answers of the edge by region, or the requests that reach the load balancers. */
  watches: 'edge' | 'traffic';
  /** `query alert` unless given, and such as `synthetics alert`. */
  type?: string;
  /** What is evaluated, and over which window. */
  query: string;
  /** The notification's text, with its mentions. */
  message?: string;
  options: {
    notify_no_data?: boolean;
    no_data_timeframe?: number | null;
    on_missing_data?: string | null;
    renotify_interval: number | null;
    timeout_h: number | null;
    threshold_windows?: { recovery_window: string | null } | null;
  };
};

/** A service at PagerDuty, in the REST API's terms; times in seconds. */
export type SimulatedService = {
  id: string;
  name: string;
  status: 'active' | 'warning' | 'critical' | 'maintenance' | 'disabled';
  auto_resolve_timeout: number | null;
  acknowledgement_timeout: number | null;
  auto_pause_notifications_parameters: { enabled: boolean; timeout: number | null };
  escalation_policy: { id: string; type: 'escalation_policy_reference'; summary: string };
};

/** An escalation policy at PagerDuty; each level names who is always on call on it, and who is by a schedule (ISO 8601). */
export type SimulatedPolicy = {
  id: string;
  name: string;
  num_loops: number;
  levels: {
    delayMinutes: number;
    onCall: string[];
    shifts?: { user: string; start: string; end: string }[] | undefined;
  }[];
};

/** An alert at PagerDuty: one for each key, until it is resolved. */
export type SimulatedAlert = {
  dedupKey: string;
  status: 'triggered' | 'acknowledged' | 'resolved';
  summary: string;
  severity: string;
  source: string;
  /** How many events it took. */
  events: number;
};

/** How alerts travel: monitors, services and policies. */
export type SimulatedAlerting = {
  alerts: SimulatedAlert[];
  monitors: SimulatedMonitor[];
  services: SimulatedService[];
  policies: SimulatedPolicy[];
};
