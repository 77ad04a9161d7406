import type { Past } from '../actions/past.ts';
import { foldRun } from '../journal/state.ts';
import type { Session } from './session.ts';

/** What earlier runs left, for one step of this run. */
export function pastOf({ drive, state }: Session, step: string): Past {
  return {
    rehearsals: drive.rehearsals,
    async lastOutput() {
      const { run, runbook, mode, environment, hostname } = state;
      const listed = await drive.store.runs();
      const last = listed.findLast(
        ({ run: other, started, ended }) =>
          other !== run &&
          ended?.exitCode === 0 &&
          started.runbook === runbook &&
          started.mode === mode &&
          started.environment === environment &&
          started.hostname === hostname,
      );
      if (last === undefined) return undefined;
      const found = foldRun(await drive.store.read(last.run))?.steps.get(step);
      if (found === undefined || found.output === null) return undefined;
      return { run: last.run, at: last.started.time, output: found.output };
    },
  };
}
