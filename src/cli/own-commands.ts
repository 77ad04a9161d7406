/** Names of the program's own commands: a runbook of such a name could not be started. The table of commands has each. */
export const ownCommands: ReadonlySet<string> = new Set([
  'list',
  'show',
  'lint',
  'schema',
  'rehearse',
  'simulate',
  'runs',
  'status',
  'watch',
  'resume',
  'rollback',
  'approve',
  'mark-done',
  'release',
  'audit',
  'help',
]);
