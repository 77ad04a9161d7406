import { expect, test } from 'vitest';
import { completeCommands, stateFlagsFor } from '../../src/cli/complete-commands.ts';

test('commands on runs repeat where the runs are; all else stays as it is', () => {
  const flags = stateFlagsFor('/var/lib/ops runs');
  expect(flags).toBe(" --state-dir '/var/lib/ops runs'");
  expect(completeCommands('finish it with `resend-ops resume r1`, or `resend-ops rollback r1`', flags)).toBe(
    "finish it with `resend-ops resume r1 --state-dir '/var/lib/ops runs'`, or `resend-ops rollback r1 --state-dir '/var/lib/ops runs'`",
  );
  expect(completeCommands('look with `resend-ops audit verify`', ' --state-dir s')).toBe(
    'look with `resend-ops audit verify --state-dir s`',
  );
  expect(completeCommands('`resend-ops failback --env eu`', ' --state-dir s')).toBe(
    '`resend-ops failback --env eu --state-dir s`',
  );
  for (const other of [
    'rehearse again with `resend-ops rehearse`',
    '`resend-ops lint` checks all',
    'resend-ops resume',
  ])
    expect(completeCommands(other, flags)).toBe(other);
  expect(completeCommands('`resend-ops resume r1`', stateFlagsFor(undefined))).toBe('`resend-ops resume r1`');
});
