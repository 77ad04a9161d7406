import type { Past } from '../actions/past.ts';
import { foldRun } from '../journal/state.ts';
import type { Session } from './session.ts';

/** So many runs are read in search of one that made the step. */
const mostRuns = 30;

/** What earlier runs left, for one step of this run. */
export function pastOf({ drive, state }: Session, step: string): Past {
  return {
    rehearsals: drive.rehearsals,
    async lastOutput() {
      const { run, runbook, mode, environment, hostname } = state;
      const listed = await drive.store.runs();
      const ended = listed.filter(
        ({ run: other, started, ended }) =>
          other !== run &&
          ended?.exitCode === 0 &&
          started.runbook === runbook &&
          started.mode === mode &&
          started.environment === environment &&
          started.hostname === hostname,
      );
      // A run may have passed the step over; what an earlier one left then still stands.
      for (const { run: other, started } of ended.toReversed().slice(0, mostRuns)) {
        const found = foldRun(await drive.store.read(other))?.steps.get(step);
        if (found !== undefined && found.output !== null) return { run: other, at: started.time, output: found.output };
      }
      return undefined;
    },
  };
}
