import type { CommandSpec } from './command.ts';
import {
  answerOptions,
  environmentOption,
  outputOptions,
  parsePositive,
  parseWhole,
  runbooksOption,
  runOptions,
  showOptions,
  stateOption,
  takeOverOption,
} from './shared-options.ts';

const run = { name: '[run]', description: 'id of a run, or the beginning of one (default: the newest)' };
const scenario = {
  flags: '--scenario <name>',
  description: 'what breaks and when (default: cloudflare-edge-down)',
};
const from = { flags: '--from <mark>', description: 'begin at a marked moment of the scenario' };
const speed = {
  flags: '--speed <n>',
  description: 'how many times faster than real time (default: 1)',
  parse: parsePositive,
};
const customers = {
  flags: '--customers <n>',
  description: 'how many simulated customers send requests; 0 for none (default: 8)',
  parse: parseWhole,
};
const seed = { flags: '--seed <n>', description: 'makes the simulated customers repeatable', parse: parseWhole };

/** Every command that is not a runbook. Explicit: nothing is discovered. */
export const commandTable: readonly CommandSpec[] = [
  {
    name: 'list',
    summary: 'the runbooks, with a line on each',
    options: [...showOptions, runbooksOption],
    group: 'Look:',
    load: async () => (await import('./commands/list.ts')).list,
  },
  {
    name: 'show',
    summary: 'what a runbook does, step by step',
    arguments: [{ name: '<runbook>', description: 'name of a runbook' }],
    options: [environmentOption, ...showOptions, runbooksOption],
    group: 'Look:',
    load: async () => (await import('./commands/show.ts')).show,
  },
  {
    name: 'lint',
    summary: 'check runbooks, environments, suites and scenarios; names every problem',
    arguments: [{ name: '[file...]', description: 'files to check (default: all of the directory)' }],
    options: [
      environmentOption,
      { flags: '--no-cache', description: 'look again at what was found sound before' },
      ...showOptions,
      runbooksOption,
    ],
    group: 'Look:',
    load: async () => (await import('./commands/lint.ts')).lint,
  },
  {
    name: 'schema',
    summary: 'the JSON Schema of a runbook, for editors',
    options: [
      {
        flags: '--of <kind>',
        description: 'what the schema is of',
        choices: ['runbook', 'environment', 'suite', 'scenario'],
      },
    ],
    group: 'Look:',
    load: async () => (await import('./commands/schema.ts')).schema,
  },
  {
    name: 'doctor',
    summary: 'what would stop a failover tonight: this machine, the credentials, what falls with the provider',
    options: [environmentOption, ...outputOptions, ...showOptions, stateOption, runbooksOption],
    group: 'Look:',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'rehearse',
    summary: 'run a runbook against a simulator on this machine; needs no account and no network',
    arguments: [{ name: '[runbook]', description: 'name of a runbook; its inputs are options here too' }],
    options: [
      scenario,
      from,
      speed,
      seed,
      { flags: '--keep', description: 'leave the simulator running afterwards, until Ctrl-C' },
      { flags: '--history', description: 'show the scores of earlier rehearsals instead' },
      ...runOptions,
    ],
    group: 'Rehearse:',
    load: async () => (await import('./commands/rehearse.ts')).rehearse,
  },
  {
    name: 'simulate',
    summary: 'the simulator alone, until Ctrl-C; prints its endpoints, for curl and dig',
    options: [scenario, from, speed, seed, customers, environmentOption, ...showOptions, runbooksOption],
    group: 'Rehearse:',
    load: async () => (await import('./commands/simulate.ts')).simulate,
  },
  {
    name: 'runs',
    summary: 'every run, oldest first',
    options: [...showOptions, stateOption],
    group: 'Runs:',
    load: async () => (await import('./commands/runs.ts')).runs,
  },
  {
    name: 'status',
    summary: 'where a run stands, and what to do next',
    arguments: [run],
    options: [...showOptions, stateOption],
    group: 'Runs:',
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'watch',
    summary: 'follow a run until it ends',
    arguments: [run],
    options: [...showOptions, stateOption],
    group: 'Runs:',
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  {
    name: 'resume',
    summary: 'go on with a run whose process died, or that was left unfinished',
    arguments: [run],
    options: [takeOverOption, ...answerOptions, ...showOptions, stateOption],
    group: 'Runs:',
    load: async () => (await import('./commands/resume.ts')).resume,
  },
  {
    name: 'rollback',
    summary: 'undo what a run changed, in reverse order, each proven',
    arguments: [run],
    options: [takeOverOption, ...answerOptions, ...showOptions, stateOption],
    group: 'Runs:',
    load: async () => (await import('./commands/rollback.ts')).rollback,
  },
  {
    name: 'approve',
    summary: 'agree, as another person than the one who runs, to the plan that a run waits with',
    arguments: [run],
    options: [
      { flags: '--plan <digest>', description: 'the plan that is meant: the first 8 digits of its digest or more' },
      ...showOptions,
      stateOption,
    ],
    group: 'Runs:',
    load: async () => (await import('./commands/approve.ts')).approve,
  },
  {
    name: 'mark-done',
    summary: 'record that a person did a step by hand',
    arguments: [
      { name: '<run>', description: 'id of a run, or the beginning of one' },
      { name: '<step>', description: 'id of the step' },
    ],
    options: [
      { flags: '--evidence <text>', description: 'how you know that it is done (required)' },
      ...showOptions,
      stateOption,
    ],
    group: 'Runs:',
    load: async () => (await import('./commands/mark-done.ts')).markDone,
  },
  {
    name: 'release',
    summary: 'give up the claim of a run that nobody will finish',
    arguments: [{ name: '<run>', description: 'id of a run, or the beginning of one' }],
    options: [
      { flags: '--force', description: 'yes, although what it changed stays as it is (required)' },
      { flags: '--reason <text>', description: 'why, for the log (required)' },
      ...showOptions,
      stateOption,
    ],
    group: 'Runs:',
    load: async () => (await import('./commands/release.ts')).release,
  },
  {
    name: 'audit show',
    summary: 'the entries of a run',
    arguments: [run],
    options: [...showOptions, stateOption],
    group: 'Audit:',
    load: async () => (await import('./commands/audit-show.ts')).auditShow,
  },
  {
    name: 'audit verify',
    summary: 'prove that nobody edited the log',
    options: [
      {
        flags: '--head <seq:hash>',
        description: 'a head kept outside the log: shows a cut tail and a rewritten chain',
      },
      { flags: '--strict', description: 'fail also where the tail has no outside witness' },
      ...showOptions,
      stateOption,
    ],
    group: 'Audit:',
    load: async () => (await import('./commands/audit-verify.ts')).auditVerify,
  },
  {
    name: 'audit export',
    summary: 'the log’s lines, byte for byte: the whole chain, or those of one run',
    arguments: [{ name: '[run]', description: 'only this run (its lines alone do not verify as a chain)' }],
    options: [stateOption],
    group: 'Audit:',
    load: async () => (await import('./commands/audit-export.ts')).auditExport,
  },
];
