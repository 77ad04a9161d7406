import { afterEach } from 'vitest';
import { createBench } from './bench-world.ts';

/** Makes benches for the tests of a file, and takes each away after its test. To be called at the top of the file. */
export function useBenches(): typeof createBench {
  const benches: ReturnType<typeof createBench>[] = [];
  afterEach(async () => {
    for (const made of benches.splice(0)) await made.dispose();
  });
  return (...args) => {
    const made = createBench(...args);
    benches.push(made);
    return made;
  };
}
