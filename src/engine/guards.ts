import type { GuardFinding } from '../actions/guard-finding.ts';
import { OpsError } from '../errors.ts';
import type { Session } from './session.ts';

/**
 * Raises a named guard: passed by `--override NAME=REASON` (the reason is journaled), noted and passed over in a dry
 * run, and otherwise an error that names it. There is no way past all guards at once.
 */
export async function raiseGuard(session: Session, step: string, finding: GuardFinding): Promise<void> {
  const reason = session.state.overrides[finding.guard];
  if (reason !== undefined) {
    await session.record({ type: 'guard-overridden', step, guard: finding.guard, reason, message: finding.message });
    return;
  }
  await session.record({ type: 'guard-raised', step, ...finding });
  if (session.state.mode === 'dry-run') return;
  throw new OpsError('failed', `guard ${finding.guard}: ${finding.message}`, {
    hint: `${finding.hint}; to pass this guard knowingly: --override ${finding.guard}="why"`,
  });
}
