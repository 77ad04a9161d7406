import { quoteForShell } from '../world/quote-for-shell.ts';

/** What a command must repeat to find the runs of this `--state-dir`, or nothing where none was given. */
export function stateFlagsFor(directory: string | undefined): string {
  return directory === undefined ? '' : ` --state-dir ${quoteForShell(directory)}`;
}

/** The commands that look for runs, or go on with what one did, and so need to be told where those are. */
const commandOnRuns =
  /`(resend-ops (?:failover|failback|resume|rollback|watch|status|runs|approve|mark-done|release|audit [a-z]+)\b[^`]*)`/g;

/**
 * The commands that a text names in backquotes, made such as can be pasted: with what they must repeat to find the same
 * runs (`flags`, such as ` --state-dir DIR`), which whoever worded the text does not know.
 */
export function completeCommands(text: string, flags: string): string {
  return flags === ''
    ? text
    : text.replace(commandOnRuns, (whole, command: string) =>
        command.includes(' --state-dir ') ? whole : `\`${command}${flags}\``,
      );
}
