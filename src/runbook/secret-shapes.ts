const shapes: readonly RegExp[] = [
  /\bre_[A-Za-z0-9_]{16,}/,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/,
  /\bxapp-[A-Za-z0-9-]{10,}/,
  /\b(AKIA|ASIA)[A-Z0-9]{16}\b/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\bgh[opsu]_[A-Za-z0-9]{30,}/,
  /\bsk_live_[A-Za-z0-9]{16,}/,
];

const fakeWords = /(fake|test|dummy|example|invalid|placeholder|wrong|bad|xxxx|0000|1234)/i;

/** Whether text holds what looks like a real credential: by its shape, and not made up in a way that anyone sees. */
export function looksLikeSecret(text: string): boolean {
  return shapes.some((shape) => {
    const found = shape.exec(text)?.[0];
    return found !== undefined && !fakeWords.test(found) && new Set(found).size > 8;
  });
}

/** Whether a value that should be the name of a process variable looks like a token instead. */
export function looksLikeToken(text: string): boolean {
  return looksLikeSecret(text) || /^[A-Za-z0-9_.\-/+=]{20,}$/.test(text);
}
