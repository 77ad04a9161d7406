import { formatDuration } from '../../runbook/duration.ts';
import type { Json } from '../../world/json.ts';
import { sanitise } from './sanitise.ts';
import type { Screen } from './screen.ts';

/** What a run was given, a line for each input: `reason: …`, and `over: 12m` where the input is one of `durations`, in ms. */
export function printInputs(
  screen: Screen,
  inputs: Readonly<Record<string, Json>>,
  durations: readonly string[] = [],
): void {
  for (const [name, value] of Object.entries(inputs)) {
    const shown = typeof value === 'number' && durations.includes(name) ? formatDuration(value) : String(value);
    screen.line({ text: sanitise(`${name}: ${shown}`), tone: 'quiet' });
  }
}
