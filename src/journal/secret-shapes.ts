/** What secrets look like, for those that nobody has named. The first group, where there is one, stays readable. */
const shapes: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z0-9 ]*PRIVATE KEY-----|[\s\S]*)/g,
  // Credentials in the userinfo of a URL (RFC 3986, 3.2.1).
  /(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#@:"'<>]{0,256}:[^\s/?#@"'<>]{1,512}(?=@)/gi,
  // An Authorization header, as header text or as JSON (escaped or not).
  /((?:proxy-)?authorization\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?(?:(?:Basic|Bearer|Token|Digest|AWS4-HMAC-SHA256)\s{1,4})?)(?!\*\*\*|Basic|Bearer|Token|Digest|AWS4)[^\s"'\\,;*][^\r\n"'\\]{0,4096}/gi,
  /(\b(?:Bearer|Basic)\s{1,4})[A-Za-z0-9._~+/-]{8,4096}={0,2}/gi,
  // Resend.
  /\bre_(?=[A-Za-z0-9_]{0,200}[A-Z0-9])[A-Za-z0-9_]{16,200}/g,
  // Slack tokens and incoming webhooks.
  /\bxox[a-z]-[A-Za-z0-9-]{8,400}/g,
  /\bxapp-[A-Za-z0-9-]{8,400}/g,
  /(hooks\.slack\.com\/(?:services|workflows|triggers)\/)[A-Za-z0-9/_-]{8,200}/g,
  // AWS access keys, and the signature of a presigned URL.
  /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g,
  /(X-Amz-(?:Signature|Security-Token|Credential)=)[A-Za-z0-9%/+=._-]{8,4096}/gi,
  // GitHub, and JSON Web Tokens (RFC 7519).
  /\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{20,255})\b/g,
  /\beyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,4096}/g,
];

/** A cheap look that every shape passes: most texts fail it and are left alone. */
const hints =
  /PRIVATE KEY|:\/\/|authorization|bearer|basic|re_|xox|xapp-|slack\.com|A[KSBC]IA|ACCA|x-amz-|gh[pousr]_|github_pat_|eyJ/i;

/** False where nothing in the text can look like a secret; JSON text counts for all the texts in it. */
export function mayHoldShapes(text: string): boolean {
  return hints.test(text);
}

/** Replaces what looks like a secret. */
export function maskShapes(text: string, mask: string): string {
  if (!mayHoldShapes(text)) return text;
  return shapes.reduce(
    (masked, shape) =>
      masked.replace(shape, (_found, kept: unknown) => `${typeof kept === 'string' ? kept : ''}${mask}`),
    text,
  );
}
