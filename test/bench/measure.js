import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Runs a command to its end; resolves with its time in milliseconds, or rejects where it fails. */
export async function timed(command, args, variables = {}) {
  const started = performance.now();
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', NO_COLOR: '1', ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data) => {
    said = (said + data).slice(-2000);
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${said}`);
  return performance.now() - started;
}

/** Measures everything in turn, round after round, so that a noisy moment hits all alike; an array of times each. */
export async function inRounds(rounds, subjects) {
  const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  // The first of each warms caches and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, run] of Object.entries(subjects)) {
      const ms = await run();
      if (round > 0) times[name].push(ms);
    }
    process.stderr.write(`\rround ${round} of ${rounds} `);
  }
  process.stderr.write('\n');
  return times;
}

/** The middle value. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The middle value and the quartiles, e.g. `1.62 (1.51–1.80)`. */
export function spread(values, digits = 2) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))].toFixed(digits);
  return `${median(values).toFixed(digits)} (${at(0.25)}–${at(0.75)})`;
}

/** Prints a measure; where it has a bar, whether the middle value keeps to it. Answers whether it does. */
export function report(what, values, { atMost, atLeast, unit = '', digits = 2 } = {}) {
  const middle = median(values);
  const isKept = (atMost === undefined || middle <= atMost) && (atLeast === undefined || middle >= atLeast);
  const bar = atMost !== undefined ? `<= ${atMost}` : atLeast !== undefined ? `>= ${atLeast}` : '';
  const judged = bar === '' ? '' : `bar ${bar}  ${isKept ? 'kept' : 'MISSED'}`;
  console.log(`${what.padEnd(58)} ${`${spread(values, digits)}${unit}`.padEnd(26)} ${judged}`.trimEnd());
  return isKept;
}

/** Whether a command is installed. */
export function isInstalled(command) {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
