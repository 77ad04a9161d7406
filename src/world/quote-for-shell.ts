/** Text as one word of a POSIX shell's command line: nothing in it is expanded when it is pasted. */
export function quoteForShell(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
