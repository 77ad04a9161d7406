import { widthOf } from './wrap.ts';

/**
 * Makes the detail lines of a summary fit a width: tables lose blank columns that they can spare, and items that were
 * broken over several lines become whole again, for the screen to break where it must.
 */
export function fitDetail(lines: readonly string[], width: number): string[] {
  return squeeze(joinItems(lines), width);
}

/** `- text` goes on in lines that are indented by two. */
function joinItems(lines: readonly string[]): string[] {
  const joined: string[] = [];
  let isItem = false;
  for (const line of lines) {
    const last = joined.at(-1);
    if (isItem && last !== undefined && /^ {2}\S/.test(line)) {
      joined[joined.length - 1] = `${last} ${line.trim()}`;
      continue;
    }
    isItem = line.startsWith('- ');
    joined.push(line);
  }
  return joined;
}

/** Cuts blank columns that all rows of a table share, as long as a row is too wide; two always stay. */
function squeeze(lines: readonly string[], width: number): string[] {
  const isRow = (line: string) => /\S {2,}\S/.test(line);
  let rows = lines.filter(isRow);
  let cuts = 0;
  while (Math.max(0, ...rows.map(widthOf)) > width) {
    const at = spareColumn(rows);
    if (at === undefined) break;
    rows = rows.map((row) => row.slice(0, at) + row.slice(at + 1));
    cuts += 1;
  }
  if (cuts === 0) return [...lines];
  let next = 0;
  return lines.map((line) => (isRow(line) ? (rows[next++] ?? line) : line));
}

/** A column that is blank in every row, as its two neighbours to the right are. */
function spareColumn(rows: readonly string[]): number | undefined {
  const longest = Math.max(0, ...rows.map((row) => row.length));
  const isBlank = (column: number) => rows.every((row) => (row[column] ?? ' ') === ' ');
  for (let column = 0; column < longest - 2; column += 1) {
    if (isBlank(column) && isBlank(column + 1) && isBlank(column + 2)) return column;
  }
  return undefined;
}
