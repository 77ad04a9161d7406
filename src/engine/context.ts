import type { ActionContext } from '../actions/action.ts';
import { OpsError } from '../errors.ts';
import type { Access } from '../world/access.ts';
import type { Json } from '../world/json.ts';
import { pastOf } from './past.ts';
import type { Session } from './session.ts';
import { inTimeBox } from './time-box.ts';

/** Reading only: why a writing call is refused right now. */
export function readOnly(session: Session, doing: string): Access {
  return { mode: 'read-only', why: session.state.mode === 'dry-run' ? 'this is a dry run' : `${doing} only reads` };
}

/**
 * Writing, as long as this process drives the run and the log takes its entries: a change of several calls stops in the
 * middle when another step finds that it does not. A dry run never gets here with a right to write.
 */
export function writing(session: Session): Access {
  const right = undoing(session);
  if (right.mode === 'read-only') return right;
  return {
    mode: 'write',
    async ensure(ms) {
      const failure = session.lease.failure();
      if (failure !== undefined) throw failure.error;
      await right.ensure(ms);
    },
  };
}

/** Writing to undo what is written, as long as this process drives the run: that goes on where the log has failed. */
export function undoing(session: Session): Access {
  if (session.state.mode === 'dry-run') return readOnly(session, 'a dry run');
  return { mode: 'write', ensure: (ms) => session.lease.ensure(ms) };
}

/** Builds what one call of an action may touch. */
export function actionContext(session: Session, step: string, access: Access, signal: AbortSignal): ActionContext {
  const { drive, material } = session;
  return {
    env: material.environment,
    run: session.identity,
    step,
    clock: drive.clock,
    signal,
    mayWait: !session.pendingChange,
    probe: drive.edges.probe,
    smtp: drive.edges.smtp,
    dns: drive.edges.dns,
    clients: {
      cloudflare: () => drive.edges.cloudflare(() => access),
      slack: () => drive.edges.slack(() => access),
      route53: () => drive.edges.route53(() => access),
      cloudfront: () => drive.edges.cloudfront(() => access),
      statuspage: () => drive.edges.statuspage(() => access),
      pagerduty: () => drive.edges.pagerduty(() => access),
      vendorStatus: (vendor) => drive.edges.vendorStatus(vendor, () => access),
      pagerdutyRest: () => drive.edges.pagerdutyRest(() => access),
      datadog: () => drive.edges.datadog(() => access),
      globalping: () => drive.edges.globalping(() => access),
    },
    operator: drive.operator,
    suite(name) {
      const suite = material.suites.get(name);
      if (suite !== undefined) return suite;
      throw new OpsError('invalid', `suite ${name} was not loaded with the runbook`, {
        hint: 'name the suite in the step’s `with`, as text',
      });
    },
    secret: (name) => drive.edges.secret(name),
    async runCheck(name, input, withinMs) {
      const action = drive.actions.get(name);
      if (action === undefined || action.kind !== 'check') {
        throw new OpsError('invalid', `${name} is not a check`, { hint: 'a proof uses a check such as dns.verify' });
      }
      const parsed = parseInput(action.input.safeParse(input), name);
      const output = await inTimeBox(drive.clock, withinMs, [signal], (boxed) =>
        action.run(parsed, actionContext(session, step, readOnly(session, 'a proof'), boxed)),
      );
      return { output, summary: action.summarise(output, parsed) };
    },
    async planChange(name, input) {
      const action = drive.actions.get(name);
      if (action === undefined || action.kind !== 'change') {
        throw new OpsError('invalid', `${name} is not a change`, { hint: 'name one such as cloudflare.set-record' });
      }
      const parsed = parseInput(action.input.safeParse(input), name);
      return action.plan(parsed, actionContext(session, step, readOnly(session, 'a plan'), signal));
    },
    past: pastOf(session, step),
    noted: session.state.steps.get(step)?.noted ?? undefined,
    async note(fact: Json) {
      await session.record({ type: 'fact-noted', step, fact });
    },
    progress(text) {
      drive.progress?.(step, text);
    },
  };
}

type Parsed =
  | { success: true; data: Json }
  | { success: false; error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } };

/** The parsed input of an action, or `invalid` naming each field that is wrong. */
export function parseInput(parsed: Parsed, action: string): Json {
  if (parsed.success) return parsed.data;
  const what = parsed.error.issues
    .map((issue) => `${issue.path.map(String).join('.') || 'with'}: ${issue.message}`)
    .join('; ');
  throw new OpsError('invalid', `${action} cannot use its input: ${what}`, {
    hint: 'see `resend-ops show` for the step, and correct its `with`',
  });
}
