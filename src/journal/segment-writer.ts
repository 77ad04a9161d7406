import { closeSync, constants, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, openSync, statSync } from 'node:fs';
import { syncDirectory, writeWhole } from './durable-file.ts';
import type { LogView } from './log-view.ts';
import { segmentFile } from './segments.ts';

/** Appends bytes to the log's newest file. Only the holder of the append lock may use it. */
type SegmentWriter = {
  /**
   * Appends one line (with its line break) in one write, and makes it durable unless `sync` is false. What was written
   * of a line that failed is cut off again. Never throws what the disk says: that is an answer.
   */
  append(view: LogView, line: Buffer, options: { sync: boolean }): Appended;
  close(): void;
};

type Appended = { ok: true } | { ok: false; cause: unknown };

/** Appending, and never through a link that somebody put in the file's place. */
const appendOwn = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** Keeps the newest file open between appends, so that no error of its earlier writes is lost with a descriptor. */
export function createSegmentWriter(options: { segmentBytes: number }): SegmentWriter {
  let open: (FileIdentity & { fd: number; segment: number }) | undefined;

  // The view was brought up to date when the append lock was taken: what it saw of the file then holds until it is given
  // back, and need not be looked at again.
  function use(view: LogView): number {
    const file = segmentFile(view.audit, view.place.segment);
    if (open !== undefined && open.segment === view.place.segment && isSameFile(open, view.file ?? look(file)))
      return open.fd;
    close();
    const fd = openSync(file, appendOwn, 0o600);
    const { ino, dev } = fstatSync(fd);
    open = { fd, segment: view.place.segment, ino, dev };
    // Whoever made an empty file may have died before its name was durable.
    if (view.place.offset === 0) syncDirectory(view.audit);
    return fd;
  }

  function close(): void {
    const { fd } = open ?? {};
    open = undefined;
    if (fd !== undefined) closeSync(fd);
  }

  return {
    append(view, line, { sync }) {
      let fd: number;
      try {
        if (view.place.offset >= options.segmentBytes) {
          // Other processes may have left lines here that are not durable yet, and will sync only the next file.
          fsyncSync(use(view));
          view.place = { segment: view.place.segment + 1, offset: 0 };
          view.lineNumber = 1;
          view.file = undefined;
        }
        fd = use(view);
      } catch (cause) {
        return { ok: false, cause };
      }
      try {
        writeWhole(fd, line);
        if (sync) fdatasyncSync(fd);
        return { ok: true };
      } catch (cause) {
        cutBack(fd, view.place.offset);
        return { ok: false, cause };
      }
    },
    close,
  };
}

type FileIdentity = { ino: number; dev: number };

function look(file: string): FileIdentity | undefined {
  return statSync(file, { throwIfNoEntry: false });
}

function isSameFile(held: FileIdentity, named: FileIdentity | undefined): boolean {
  return named !== undefined && named.ino === held.ino && named.dev === held.dev;
}

/** Where this fails too, the command that puts the entry back says so, and puts nothing back behind what is left. */
function cutBack(fd: number, size: number): void {
  try {
    if (fstatSync(fd).size !== size) ftruncateSync(fd, size);
  } catch {
    // The first failure is the one to tell of; what is left of the line is a torn tail, which the next writer repairs.
  }
}
