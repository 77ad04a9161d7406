import type { World } from '../../world/world.ts';
import type { Options } from '../command.ts';
import { speaksUnicode } from './ascii.ts';
import { createPaint } from './paint.ts';
import { createScreen, type Screen } from './screen.ts';
import { createSpinner, noSpinner, type Spinner } from './spinner.ts';

/** What a command that shows something opens: the screen, and the maker of its moving line. */
export type Terminal = {
  screen: Screen;
  /** A person may be looking: not a log file, not a pipe. */
  isTTY: boolean;
  spinner(text: () => string): Promise<Spinner>;
};

/**
 * Opens what people read. `to` is stderr for everything about a run (stdout is for programs), and stdout for commands
 * whose text is their answer. There is a spinner only on a terminal that can draw one, and none in CI.
 */
export function openTerminal(
  world: World,
  options: Options,
  { to = 'stderr', banner }: { to?: 'stdout' | 'stderr'; banner?: string | undefined } = {},
): Terminal {
  const output = world[to];
  const { variables } = world;
  const unicode = speaksUnicode(variables);
  const paint = createPaint({ isTTY: output.isTTY, variables, color: options.value('color') !== false });
  const screen = createScreen({ output, redactor: world.redactor, paint, unicode, banner });
  const stream = output.stream;
  const draws = output.isTTY && stream !== undefined && variables.TERM !== 'dumb' && !variables.CI;
  return {
    screen,
    isTTY: output.isTTY,
    spinner: async (text) =>
      draws
        ? createSpinner({
            ...{ stream, clock: world.clock, unicode, banner: screen.banner, text, columns: output.columns },
            reflows: variables.XTERM_VERSION === undefined,
          })
        : noSpinner,
  };
}

/** What stands before every line of a run that is not for real. */
export function bannerOf(mode: 'live' | 'dry-run' | 'rehearsal', simulated: boolean): string | undefined {
  if (mode === 'rehearsal') return 'REHEARSAL';
  if (mode === 'live') return simulated ? 'REHEARSAL' : undefined;
  return simulated ? 'REHEARSAL, DRY RUN' : 'DRY RUN';
}
