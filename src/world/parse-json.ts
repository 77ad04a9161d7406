/** The value of a text that should be JSON, or undefined where it is not: what others send is looked at, not trusted. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
