/**
 * The first place where `actual` does not have what `expected` asks for, in words, or undefined when it has all of it.
 * Objects may have more fields than asked for; arrays and scalars must be equal.
 */
export function jsonDifference(expected: unknown, actual: unknown, path = 'body'): string | undefined {
  if (isRecord(expected)) {
    if (!isRecord(actual)) return `${path} is ${brief(actual)}, not an object`;
    for (const [key, value] of Object.entries(expected)) {
      const place = `${path}.${key}`;
      if (!Object.hasOwn(actual, key)) return `${place} is missing`;
      const difference = jsonDifference(value, actual[key], place);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) {
      return `${path} is ${brief(actual)}, not ${brief(expected)}`;
    }
    for (const [index, value] of expected.entries()) {
      const difference = jsonDifference(value, actual[index], `${path}[${index}]`);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  return Object.is(expected, actual) || expected === actual
    ? undefined
    : `${path} is ${brief(actual)}, not ${brief(expected)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
