import { closeSync, constants, copyFileSync, existsSync, fsyncSync, ftruncateSync, openSync } from 'node:fs';
import { syncDirectory } from './durable-file.ts';
import type { LogView } from './log-view.ts';
import { segmentFile, segmentName } from './segments.ts';

/**
 * Cuts off a last line that a crash cut short, after keeping the whole file as `<segment>.broken-<n>`. Only the holder
 * of the append lock may call it, on a fresh view: then no write can be in progress. Answers what is to be noted in
 * the log, or undefined where nothing was torn.
 */
export function repairTail(view: LogView): { bytes: number; kept: string } | undefined {
  const bytes = view.tornBytes;
  if (bytes === 0) return undefined;
  const file = segmentFile(view.audit, view.place.segment);
  let copy = 1;
  while (existsSync(`${file}.broken-${copy}`)) copy += 1;
  copyFileSync(file, `${file}.broken-${copy}`, constants.COPYFILE_EXCL);
  onDescriptor(`${file}.broken-${copy}`, fsyncSync);
  syncDirectory(view.audit);
  onDescriptor(file, (fd) => {
    ftruncateSync(fd, view.place.offset);
    fsyncSync(fd);
  });
  view.tornBytes = 0;
  return { bytes, kept: `${segmentName(view.place.segment)}.broken-${copy}` };
}

function onDescriptor(file: string, act: (fd: number) => void): void {
  const fd = openSync(file, 'r+');
  try {
    act(fd);
  } finally {
    closeSync(fd);
  }
}
