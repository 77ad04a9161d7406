import { Chalk } from 'chalk';

/** A meaning that colour supports and never carries alone. */
export type Tone = 'plain' | 'good' | 'bad' | 'warning' | 'quiet' | 'strong' | 'accent';

/** Colours a piece of text by its meaning. */
export type Paint = (tone: Tone, text: string) => string;

type ColourFacts = {
  isTTY: boolean;
  variables: Readonly<Record<string, string | undefined>>;
  /** False with `--no-color`. */
  color: boolean;
};

/**
 * Whether to send colour codes. `--no-color` wins, then `FORCE_COLOR` (as Node reads it: 0 and false mean no), then
 * `NO_COLOR`; otherwise only a terminal that is not dumb gets colour.
 */
export function wantsColour({ isTTY, variables, color }: ColourFacts): boolean {
  if (!color) return false;
  const forced = variables.FORCE_COLOR;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (variables.NO_COLOR) return false;
  return isTTY && variables.TERM !== 'dumb';
}

/** The sixteen basic colours only: they follow the terminal's own theme, light or dark. */
export function createPaint(facts: ColourFacts): Paint {
  const chalk = new Chalk({ level: wantsColour(facts) ? 1 : 0 });
  const tones: Record<Tone, (text: string) => string> = {
    plain: (text) => text,
    good: chalk.green,
    bad: chalk.red.bold,
    warning: chalk.yellow,
    quiet: chalk.dim,
    strong: chalk.bold,
    accent: chalk.cyan,
  };
  return (tone, text) => tones[tone](text);
}
