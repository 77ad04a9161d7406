import type { Redactor } from '../world/redactor.ts';
import type { Event } from './events.ts';

/** An event whose texts are masked: its fields are those of an {@link Event}. */
export type MaskedEvent = { readonly type: string; readonly [field: string]: unknown };

/**
 * Masks the texts of an event, but not what the format itself says: its type, the names of its own fields, and the words
 * that a field can have. None of them is a secret, whoever has chosen one of them for a password; without them nobody
 * could read the log.
 */
export function maskEvent(event: Event, redact: Redactor): MaskedEvent {
  const own = Object.entries(event).filter(([, value]) => value !== undefined);
  const masked = redact.json(own.map(([, value]) => value));
  const fields = own.map(([name, value], at) => [name, withOwnWords(name, value, masked[at])]);
  return { ...Object.fromEntries(fields), type: event.type };
}

function withOwnWords(field: string, was: unknown, masked: unknown): unknown {
  if (was === masked) return masked;
  if (typeof was === 'string') return ownWords.get(field)?.includes(was) === true ? was : masked;
  if (Array.isArray(was) && Array.isArray(masked)) return masked.map((item, at) => withOwnWords(field, was[at], item));
  if (!isRecord(was) || !isRecord(masked)) return masked;
  return Object.fromEntries(Object.entries(masked).map(([name, item]) => [name, withOwnWords(name, was[name], item)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const ownWords: ReadonlyMap<string, readonly string[]> = new Map([
  ['mode', ['live', 'dry-run', 'rehearsal']],
  ['kind', ['plain', 'typed', 'runbook', 'environment', 'suite']],
  ['by', ['terminal', 'flag', 'rehearsal', 'interrupt', 'policy']],
  ['how', ['command', 'reaction', 'answered', 'observed']],
  [
    'why',
    [
      ...['runner', 'stranger', 'other-plan', 'expired', 'not-asked', 'given-before'],
      ...['plan-changed', 'expired', 'stopped'],
    ],
  ],
  ['rollback', ['auto', 'none']],
  ['knowledge', ['known', 'unknown']],
  ['milestone', ['switched', 'recovered']],
  ['ending', ['unchanged', 'undone']],
  ['choice', ['continue', 'retry', 'rollback', 'leave']],
  ['cause', ['failed', 'stopped', 'asked']],
  ['observed', ['before', 'after', 'other', 'unobservable']],
  ['outcome', ['succeeded', 'failed', 'rolled-back', 'stopped', 'needs-attention', 'refused']],
  [
    'code',
    [
      ...['usage', 'invalid', 'credentials', 'busy', 'fenced', 'audit', 'failed', 'drift', 'refused', 'not-sent'],
      ...['lost-answer', 'timeout', 'aborted', 'write-blocked', 'bug'],
    ],
  ],
]);
