/** A length of time for people: `0.4s`, `12.3s`, `2m 05s`, `1h 02m`. */
export function formatDuration(ms: number): string {
  if (ms < 59_950) return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  const pad = (value: number) => String(value).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h ${pad(Math.floor((seconds % 3600) / 60))}m`;
}

/** A limit for people, without false precision: `60s`, `6m`, `90s`. */
export function formatLimit(ms: number): string {
  if (ms % 60_000 === 0 && ms >= 120_000) return `${ms / 60_000}m`;
  return `${Math.round(ms / 100) / 10}s`;
}

/** The time of day of an ISO 8601 time, in UTC: `03:14:05`. */
export function timeOfDay(iso: string): string {
  return iso.slice(11, 19);
}
