import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpsError } from '../errors.ts';
import { asAuditFailure, isSystemError, readingAudit } from './audit-failure.ts';
import { sha256 } from './chain.ts';
import { ensureDirectory, replaceFile } from './durable-file.ts';

/** Keeps a text under its digest in `directory`, durably; one that is there and whole is left as it is. */
export function pinDocument(directory: string, text: string): string {
  const digest = sha256(text);
  try {
    if (readText(directory, digest) === text) return digest;
    ensureDirectory(directory);
    const via = join(directory, `.${randomBytes(8).toString('hex')}`);
    replaceFile(join(directory, digest), text, via, { sync: true });
    return digest;
  } catch (error) {
    throw asAuditFailure(error, directory);
  }
}

/** The text kept under a digest. Throws `audit` when it is gone or is not what the digest says. */
export function pinnedDocument(directory: string, digest: string): string {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new OpsError('audit', `not the digest of a pinned document: ${digest}`);
  const text = readingAudit(() => readText(directory, digest));
  if (text !== undefined && sha256(text) === digest) return text;
  const file = join(directory, digest);
  throw new OpsError('audit', `${file} ${text === undefined ? 'is gone' : 'was changed since the run began'}`, {
    hint: `the run was planned with it and cannot go on without it: put it back from a copy (its SHA-256 is its name)`,
  });
}

function readText(directory: string, digest: string): string | undefined {
  try {
    return readFileSync(join(directory, digest), 'utf8');
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
