import { describe, expect, test } from 'vitest';
import { isCompactObject } from '../../src/journal/compact-json.ts';

/** Judges a text that stands among others, which are none of its own. */
function judge(text: string, around: [string, string] = ['', '']): boolean {
  const before = Buffer.from(around[0]);
  const bytes = Buffer.concat([before, Buffer.from(text), Buffer.from(around[1])]);
  return isCompactObject(bytes, before.length, before.length + Buffer.byteLength(text));
}

const good = [
  ...['0', '-0', '7', '10', '-19', '0.5', '9.09', '1e9', '1E0', '1e+9', '1e-10', '-1.25E-7', '1e05'],
  ...['true', 'false', 'null', '""', '"ä😀"', '"\\""', '"a\\\\"', '"\\/\\b\\f\\n\\r\\t"', '"\\u09aF\\uAf90"', '" !~"'],
  ...['[]', '{}', '[1]', '[1,2]', '[[],{}]', '{"b":1}', '{"b":1,"c":[2,"3"]}', '{"":0}', '[{"a":[{}]}]', '"{[,:"'],
];
const wrong = [
  ...[
    '',
    '-',
    '00',
    '01',
    '-01',
    '1.',
    '.5',
    '1.e1',
    '1e',
    '1e+',
    '1e-',
    '1e+-1',
    '1ee1',
    '1.2.3',
    '+1',
    '1a',
    '/',
    ':',
  ],
  ...['tru', 'True', 'truex', 'fals', 'nul', 'nulll', 'undefined', "'a'"],
  ...['"', '"a', '"\\"', '"\\', '"\\x"', '"\\u"', '"\\u12"', '"\\u123"', '"\\u123g"', '"\\u123/"', '"\\u123:"'],
  ...['"\\u123@"', '"\\u123G"', '"\\u123`"', '"\n"', '"\t"', '"\u001f"', '"\\u00e', '"a"b"'],
  ...['[', ']', '[1', '[1,', '[1,]', '[,1]', '[1 ]', '[1;2]', '[1}', '{', '}', '{"b"', '{"b":', '{"b":1', '{"b":1,'],
  ...[
    '{"b":1,}',
    '{"b"}',
    '{"b",1}',
    '{"b":1]',
    '{b:1}',
    '{1:1}',
    '{,}',
    '{"b":1"c":2}',
    '{"b":1,"c"}',
    '{"b:1}',
    ' 1',
    '1 ',
  ],
];

describe('compact JSON', () => {
  test.each(good)('holds %s', (value) => {
    for (const text of [`{"a":${value}}`, `{"a":[${value}]}`, `{"a":${value},"b":${value}}`]) {
      expect(judge(text), text).toBe(true);
      expect(judge(text, ['{"x":[', '}]"'])).toBe(true);
    }
  });

  test.each(wrong)('does not hold %j', (value) => {
    for (const text of [`{"a":${value}}`, `{"a":[1,${value}]}`]) expect(judge(text), text).toBe(false);
  });

  test('is one object and nothing else', () => {
    for (const text of ['[]', '1', '"{}"', 'null', '', '{}{}', '{} ', ' {}', '{},', '{}}', '({}']) {
      expect(judge(text), text).toBe(false);
    }
  });

  test('ends where it was said to, whatever comes after it', () => {
    const whole = '{"a":[{"b":"c\\u00e9\\n"},-1.5e+10,true,false,null,{},[]]}';
    expect(judge(whole)).toBe(true);
    for (let length = 0; length < whole.length; length += 1) {
      const [text, rest] = [whole.slice(0, length), whole.slice(length)];
      expect(judge(text, ['', rest]), text).toBe(false);
      expect(judge(text), text).toBe(false);
    }
  });

  test('may be nested as deep as 200, in lists and in objects', () => {
    const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);
    const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    expect([objects(200), objects(201)].map((text) => judge(text))).toEqual([true, false]);
    const lists = (depth: number) => `{"a":${nested(depth, '[', ']')}}`;
    expect([lists(200), lists(201)].map((text) => judge(text))).toEqual([true, false]);
  });
});
