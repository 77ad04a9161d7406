/** Values of an environment that are not filled in yet start so. */
export function isPlaceholder(value: string): boolean {
  return value.startsWith(placeholder);
}

/** What they start with. */
export const placeholder = 'PLACEHOLDER';
