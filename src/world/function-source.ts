const importLine = /^[ \t]*import\s+(\w+)\s+from\s+(['"])([\w:./-]+)\2[ \t]*;?/gm;

/**
 * A function's code as it can be run here: `import cf from 'cloudfront'` becomes a name for the local helper. What imports
 * anything else, or in another form, cannot be run: `obstacle` says what it needs.
 */
export function readFunctionSource(code: string): { code: string } | { obstacle: string } {
  const foreign = [...code.matchAll(importLine)].map(([, , , from = '']) => from).find((from) => from !== 'cloudfront');
  if (foreign !== undefined) return { obstacle: `the module ${foreign}` };
  const known = code.replace(importLine, 'const $1 = __cloudfront;');
  return /^[ \t]*(?:import|export)\b/m.test(known) ? { obstacle: 'a form of import or export' } : { code: known };
}
