import type { Redactor } from '../../world/redactor.ts';
import type { OutputPort } from '../../world/world.ts';
import { toAscii } from './ascii.ts';
import type { Paint, Tone } from './paint.ts';
import { sanitise } from './sanitise.ts';
import { type Part, widthOf, wrap } from './wrap.ts';

/** What a person reads: lines that fit, under a banner where the run is not for real. */
export type Screen = {
  /** Prints one line; what does not fit goes on below, indented by `hanging` more. */
  line(parts?: Part | readonly Part[], layout?: { indent?: number; hanging?: number }): void;
  /** Prints a line whose last part stands at the right edge, or in brackets after the text where there is no room. */
  lineWithEnd(parts: readonly Part[], end: { text: string; tone: Tone }): void;
  /** Prints a line to be copied: whole, whatever its length. */
  copyable(text: string): void;
  /** Characters that a line may have, without the banner. */
  width(): number;
  /** The banner as it stands before each line, e.g. `REHEARSAL │ `; empty in a live run. */
  readonly banner: string;
  /** Text as it may be shown on one line: without secrets, everything unseen made visible. */
  clean(text: string): string;
  readonly paint: Paint;
  readonly unicode: boolean;
};

type ScreenOptions = {
  output: OutputPort;
  redactor: Redactor;
  paint: Paint;
  unicode: boolean;
  /** `REHEARSAL`, `DRY RUN`, or nothing in a live run. */
  banner?: string | undefined;
};

/** No line is longer than this, however wide the terminal: long lines are hard to read. */
const widest = 100;

/** Creates the screen. Every text is cleaned before it is broken into lines, whoever it comes from. */
export function createScreen({ output, redactor, paint, unicode, banner }: ScreenOptions): Screen {
  const prefix = banner === undefined ? '' : `${banner} │ `;
  const width = () => Math.max(40, Math.min(widest, output.columns())) - widthOf(prefix);
  const clean = (text: string) => sanitise(redactor.text(text));
  const cleanPart = (part: Part): Part =>
    typeof part === 'string' ? clean(part) : { text: clean(part.text), tone: part.tone };
  const emit = (text: string) => {
    const whole =
      prefix === '' ? text : text === '' ? paint('warning', prefix.trimEnd()) : paint('warning', prefix) + text;
    output.write(`${unicode ? whole : toAscii(whole)}\n`);
  };
  const line: Screen['line'] = (parts = [], { indent = 0, hanging = 2 } = {}) => {
    const list = (typeof parts === 'string' || 'tone' in parts ? [parts] : parts).map(cleanPart);
    for (const pieces of wrap([' '.repeat(indent), ...list], width(), indent + hanging)) {
      emit(pieces.map(({ text, tone }) => paint(tone, text)).join(''));
    }
  };
  return {
    line,
    lineWithEnd(given, end) {
      const parts = given.map(cleanPart);
      const length = (part: Part) => widthOf(typeof part === 'string' ? part : part.text);
      const room = width() - parts.reduce((sum, part) => sum + length(part), 0) - widthOf(end.text);
      if (end.text === '') line(parts, { hanging: 11 });
      else if (room > 0) line([...parts, ' '.repeat(room), end], { hanging: 11 });
      else line([...parts, { text: ` (${end.text})`, tone: end.tone }], { hanging: 11 });
    },
    copyable: (text) => emit(clean(text)),
    clean,
    width,
    banner: prefix,
    paint,
    unicode,
  };
}
