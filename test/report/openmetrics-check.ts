const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const sampleLine = new RegExp(`^(${name})\\{(${label}(?:,${label})*)?\\} (-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`);
const metaLine = new RegExp(`^# (HELP|TYPE) (${name}) (.+)$`);

/** What is wrong with OpenMetrics text of gauges, by the parts of the format that are used here. */
export function problemsOfMetrics(text: string): string[] {
  const problems: string[] = [];
  if (!text.endsWith('\n# EOF\n')) problems.push('does not end with # EOF');
  const seen = new Set<string>();
  const ended = new Set<string>();
  let family = '';
  let type = '';
  for (const line of text.split('\n').slice(0, -2)) {
    const [, keyword, of = '', value] = metaLine.exec(line) ?? [];
    if (keyword !== undefined) {
      if (of !== family) {
        if (ended.has(of)) problems.push(`${of} comes twice`);
        ended.add(family);
        family = of;
        type = '';
      }
      if (keyword === 'TYPE') type = value ?? '';
      continue;
    }
    const [, sample, labels] = sampleLine.exec(line) ?? [];
    if (sample === undefined) problems.push(`no sample: ${line}`);
    else if (sample !== family || type !== 'gauge') problems.push(`no type before ${line}`);
    if (seen.has(`${sample} ${labels}`)) problems.push(`twice: ${line}`);
    seen.add(`${sample} ${labels}`);
  }
  return problems;
}
