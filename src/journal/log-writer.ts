import { join } from 'node:path';
import { findOpsError, OpsError } from '../errors.ts';
import type { Redactor } from '../world/redactor.ts';
import type { AppendLock } from './append-lock.ts';
import { asAuditFailure, auditFailure, type Evidence, headFailure } from './audit-failure.ts';
import { formatLine, longestLine, parseEntry, type StoredEntry } from './chain.ts';
import { checkLine } from './check-line.ts';
import { isCompactObject } from './compact-json.ts';
import { ensureDirectory } from './durable-file.ts';
import type { Actor, Event } from './events.ts';
import { createFallback } from './fallback.ts';
import { keepHead } from './head-file.ts';
import { headOf, moveTo } from './log-scan.ts';
import { type LogView, refresh } from './log-view.ts';
import { maskEvent } from './mask-event.ts';
import { repairTail } from './repair-tail.ts';
import { indexLine, noRun } from './run-index.ts';
import { createSegmentWriter } from './segment-writer.ts';
import { segmentFile } from './segments.ts';
import type { LogFailure } from './store.ts';

/** An event to be appended, with what the store cannot know by itself. */
export type Draft = { run: string; epoch: number; actor: Actor; event: Event; key?: string; sync?: boolean };

/** Appends one entry. Throws `audit` when the log did not take it. */
export type Append = (draft: Draft) => StoredEntry;

/** The one way to write to the log. */
export type LogWriter = {
  /**
   * Runs `decide` while no other process can append and the view is up to date; what it decides and what it appends
   * are one act. It must not wait for anything. An entry that the log cannot take is kept elsewhere, and the error tells
   * where (`kept`), or there is no error (`enough`); with `none`, nothing was about to be lost.
   */
  transact<T>(by: Actor, options: { evidence: EvidenceRule }, decide: (append: Append) => T): Promise<T>;
  /**
   * Whether and how an append has failed. From then on this process writes nothing more to the log, because nobody
   * knows what the disk holds after a failed sync: every further entry goes to the fallback file.
   */
  failure(): LogFailure | undefined;
  close(): void;
};

/** What becomes of an entry that the log cannot take. */
type EvidenceRule = 'none' | 'kept' | 'enough';

/** What a writer needs. */
type LogWriterOptions = {
  directory: string;
  lockDirectory: string;
  view: LogView;
  lock: AppendLock;
  redact: Redactor;
  now(): number;
  /** A new file of the log begins past this size. */
  segmentBytes: number;
};

/** What is left to do after the first failure. `seq` and `hash` are where the kept entries go on. */
type Failure = {
  error: OpsError;
  cause: unknown;
  fallback: ReturnType<typeof createFallback>;
  seq: number;
  hash: string;
  place: Evidence['place'];
};

/** Creates the writer of one process to one log. */
export function createLogWriter(options: LogWriterOptions): LogWriter {
  const { directory, view, redact } = options;
  const segments = createSegmentWriter({ segmentBytes: options.segmentBytes });
  let failure: Failure | undefined;
  let prepared = false;
  let turn: Promise<unknown> = Promise.resolve();
  let masked: { of: Actor; actor: Actor } | undefined;

  /** Answers what to throw: the failure, or the bug that it is. */
  function fail(cause: unknown, says: unknown): unknown {
    const error = findOpsError(says);
    if (error === undefined) return says;
    const { seq, hash } = view;
    failure = { error, cause, fallback: createFallback(directory), seq, hash, place: placeOf(view, directory) };
    return error;
  }

  function write(draft: Draft, evidence: EvidenceRule): StoredEntry {
    const after = failure ?? view;
    const { line, hash, bytes } = format(draft, after.seq + 1, after.hash);
    if (failure !== undefined) return kept(failure, line, hash, evidence);
    const sync = draft.sync ?? true;
    const appended = segments.append(view, bytes, { sync });
    if (!appended.ok) {
      const error = fail(appended.cause, asAuditFailure(appended.cause, directory));
      if (evidence === 'none' || failure === undefined) throw error;
      return kept(failure, line, hash, evidence);
    }
    const entry = takeIn(line, hash, bytes.length);
    if (sync) anchor(entry, evidence);
    return entry;
  }

  /** The line of an entry, and its bytes with the line break. Throws `audit` where no reader would take it for one. */
  function format({ run, epoch, actor, event, key }: Draft, seq: number, prev: string) {
    const time = new Date(options.now()).toISOString();
    if (masked?.of !== actor) masked = { of: actor, actor: redact.json(actor) };
    const stamp = { seq, time, run, epoch, actor: masked.actor, prev, ...(key === undefined ? {} : { key }) };
    const { line, hash } = formatLine(stamp, maskEvent(event, redact));
    const bytes = Buffer.from(`${line}\n`);
    const size = bytes.length - 1;
    if (size > longestLine) {
      throw new OpsError(
        'audit',
        `an entry of ${size} bytes is too long for the audit log, which takes ${longestLine}`,
        {
          hint: `${event.type} of run ${run} was not recorded: have the step report less`,
        },
      );
    }
    const checked = checkLine(bytes, 0, size, seq, prev);
    const what = !checked.ok ? checked.what : isCompactObject(bytes, 0, size) ? undefined : 'it is nested too deeply';
    if (what === undefined) return { line, hash, bytes };
    throw new OpsError('audit', `an entry would make the audit log unreadable, and was not written: ${what}`, {
      hint: `${event.type} of run ${run} was not recorded: have the step report less, or other than that`,
    });
  }

  function takeIn(line: string, hash: string, length: number): StoredEntry {
    const entry = parseEntry(line);
    indexLine(view.runs, entry, { ...view.place }, () => line);
    moveTo(view, entry.seq, hash, length);
    view.ownSeq = entry.seq;
    return entry;
  }

  function anchor(entry: StoredEntry, evidence: EvidenceRule): void {
    const head = headOf(view);
    if (head === undefined) return;
    try {
      keepHead(view.audit, head, { sync: anchored.has(entry.type) });
    } catch (cause) {
      // The entry itself is in the log: only what comes after it goes elsewhere.
      const error = fail(cause, headFailure(cause, directory));
      if (evidence !== 'enough' || failure === undefined) throw error;
    }
  }

  function kept(failed: Failure, line: string, hash: string, evidence: EvidenceRule): StoredEntry {
    failed.fallback.add(line);
    failed.seq += 1;
    failed.hash = hash;
    failed.error = auditFailure(failed.cause, { ...failed.fallback.kept(), hash, place: failed.place });
    if (evidence === 'enough') return parseEntry(line);
    throw failed.error;
  }

  async function enter(by: Actor): Promise<() => void> {
    if (!prepared) {
      ensureDirectory(view.audit);
      ensureDirectory(options.lockDirectory);
      prepared = true;
    }
    // A long log takes longer to read than others wait for the lock.
    if (!view.compared) refresh(view);
    const giveBack = await options.lock.acquire();
    try {
      refresh(view);
      const torn = repairTail(view);
      if (torn !== undefined) {
        write({ run: noRun, epoch: 0, actor: by, event: { type: 'tail-repaired', ...torn } }, 'kept');
      }
      return giveBack;
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  return {
    transact(by, { evidence }, decide) {
      const acted = turn.then(async () => {
        let giveBack: (() => void) | undefined;
        try {
          giveBack = failure === undefined ? await enter(by) : undefined;
        } catch (error) {
          const cause = asAuditFailure(error, directory);
          if (evidence === 'none' || findOpsError(cause) === undefined) throw cause;
          if (failure === undefined) fail(error, cause);
        }
        if (failure !== undefined && evidence === 'none') throw failure.error;
        try {
          const decided = decide((draft) => write(draft, evidence));
          // What was decided on a view that nobody could bring up to date is not to be believed.
          if (giveBack === undefined && failure !== undefined && evidence !== 'enough') throw failure.error;
          return decided;
        } finally {
          giveBack?.();
        }
      });
      turn = acted.catch(() => undefined);
      return acted;
    },
    failure: () => failure && { error: failure.error, head: { seq: view.seq, hash: view.hash } },
    close: () => segments.close(),
  };
}

function placeOf({ audit, place: { segment, offset } }: LogView, directory: string): Evidence['place'] {
  const file = (number: number) => segmentFile(audit, number);
  const before = offset === 0 && segment > 1 ? file(segment - 1) : undefined;
  return { segment: file(segment), before, next: file(segment + 1), directory };
}

/** Entries whose head is made durable too: a run's beginning, and wherever a driver leaves it. */
const anchored: ReadonlySet<string> = new Set<Event['type']>(['run-started', 'run-suspended', 'run-ended']);

/** The folder of the append lock within a state directory. */
export function lockDirectory(directory: string): string {
  return join(directory, 'append-lock');
}
