/**
 * Time, injected. In a rehearsal at `speed` N the clock runs N times faster than the wall: `now` advances faster,
 * `sleep` returns sooner. Everything that waits or measures asks the clock, never the globals.
 */
export type Clock = {
  /** How many clock seconds pass in one real second; 1 outside rehearsals. */
  readonly speed: number;
  /** Milliseconds since the epoch by this clock. */
  now(): number;
  /**
   * The time of day, in milliseconds since the epoch: real time, whatever `speed` is, as other processes tell it too. It
   * goes on while the machine is suspended, and jumps where it is corrected: no measure of how long something took.
   */
  timeOfDay(): number;
  /** Resolves after `ms` of this clock, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * An abort signal for a time box of `ms` of this clock. Sockets do not get faster when time is compressed, so the
   * box never shrinks below ten real seconds (unless it asks for less). `cancel` releases the timer.
   */
  timeBox(ms: number): { signal: AbortSignal; cancel(): void };
};
