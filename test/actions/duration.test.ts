import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { durationSchema } from '../../src/actions/duration.ts';

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    [250, 250],
  ])('%s is %d ms, and stays so when parsed again', (input, ms) => {
    expect(durationSchema.parse(input)).toBe(ms);
    expect(durationSchema.parse(durationSchema.parse(input))).toBe(ms);
  });

  it.each(['5', '5 s', 's', '-1s', '1.5s', '1d', '', -1, 0.5])('%o is none', (input) => {
    expect(durationSchema.safeParse(input).success).toBe(false);
  });

  it('has a JSON schema of what is written, not of what it becomes', () => {
    expect(z.toJSONSchema(durationSchema, { io: 'input' })).toMatchObject({
      anyOf: [{ type: 'string', pattern: expect.any(String) }, { type: 'integer' }],
    });
  });
});
