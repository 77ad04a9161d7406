/** One line of at most `maxChars` characters, without control characters: what others sent, made fit for screens and logs. */
export function boundedText(text: string, maxChars: number): string {
  // Whole answers can come in here: what is far beyond the bound need not be looked at.
  const line = text
    .slice(0, maxChars * 4)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  const characters = [...line];
  return characters.length <= maxChars ? line : `${characters.slice(0, maxChars - 1).join('')}…`;
}
