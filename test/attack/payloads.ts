const names: Readonly<Record<string, string>> = {
  'CSI clear': '\x1b[2J',
  'CSI up': '\x1b[1A\x1b[2K',
  'CSI colour': '\x1b[31m',
  'CSI query': '\x1b[6n',
  'OSC title': '\x1b]0;owned\x07',
  'OSC 8 link': '\x1b]8;;https://evil.test\x1b\\click\x1b]8;;\x1b\\',
  'OSC 52 clipboard': '\x1b]52;c;cm0gLXJm\x07',
  DCS: '\x1bP$q"p\x1b\\',
  RIS: '\x1bc',
  'C1 CSI': '\x9b2J',
  'C1 OSC': '\x9d0;owned\x9c',
  'forged line': '\nhint: forged',
  'forged line, CRLF': '\r\nhint: forged',
  overwritten: '\rhint: forged',
  backspaces: '\b\b\b\bforged',
  tab: '\t',
  'lone high surrogate': '\ud800',
  'lone low surrogate': '\udc00',
  'tag characters': '\u{e0001}\u{e0041}\u{e007f}',
  'variation selector 16': '\ufe0f',
  'variation selector 256': '\u{e01ef}',
  'combining grapheme joiner': '\u034f',
  'Hangul filler': '\u3164',
};

const codes = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, at) => 0x7f + at),
  0xad,
  0x61c,
  0x180e,
  0x200b,
  0x200c,
  0x200d,
  0x200e,
  0x200f,
  0x2028,
  0x2029,
  0x202a,
  0x202b,
  0x202c,
  0x202d,
  0x202e,
  0x2060,
  0x2061,
  0x2064,
  0x2066,
  0x2067,
  0x2068,
  0x2069,
  0xfeff,
  0xfff9,
  0xfffb,
];

/** Hostile pieces of text by name: each single character, and sequences that terminals act on. */
export const payloads: readonly { name: string; text: string }[] = [
  ...Object.entries(names).map(([name, text]) => ({ name, text })),
  ...codes.map((code) => ({ name: `U+${code.toString(16).padStart(4, '0')}`, text: String.fromCodePoint(code) })),
];

/** Text that Slack, a status page or a reader of XML would act on. */
export const markups: readonly string[] = [
  '<!channel>',
  '<@U024BE7LH>',
  '<https://evil.test|safe>',
  '&lt;!here&gt;',
  '*bold* _it_ ~no~',
  '`code` ```more',
  '[x](https://evil.test)',
  '![x](https://evil.test/x.png)',
  '<a href="https://evil.test">x</a>',
  '<img src=x onerror=y>',
  ']]></system-out><x>',
  '"/><testcase name="',
  '\n# heading',
  '\n> quoted\n- item',
  '\n\n[r]: https://evil.test\n[r]',
  '\\*not bold\\*',
];

/** What must never be printed: whatever moves a cursor, hides, reorders or breaks a line. Line feeds end lines. */
const raw =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: the ranges are of single code points.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]|\u034f|\p{Cs}/u;

/** What is wrong with printed text: the raw character, or a line that was forged. */
export function faultsOf(printed: string): string[] {
  const found = raw.exec(printed);
  return [
    ...(found === null ? [] : [`raw U+${(found[0].codePointAt(0) ?? 0).toString(16)}`]),
    ...(/^hint: forged/m.test(printed) ? ['a forged line'] : []),
  ];
}
