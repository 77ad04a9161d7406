import { makeVisible } from '../../world/visible-text.ts';
import type { OutputPort, World } from '../../world/world.ts';

/** The codes that `paint` sends: the sixteen colours, bold, dim, and their ends. */
const ownColour = /(\x1b\[(?:[0-9]|2[0-9]|3[0-9]|9[0-7])m)/;

/**
 * The world with its two outputs guarded: nothing reaches stdout or stderr but printable text, line feeds and, where
 * there may be colours, the codes of our own. Whatever slips by the sanitiser on its way is made visible here.
 */
export function guardOutputs(world: World): World {
  return Object.create(world, {
    stdout: { value: guard(world.stdout) },
    stderr: { value: guard(world.stderr) },
  });
}

function guard(port: OutputPort): OutputPort {
  const write = (text: string) => {
    const pieces = text.split(ownColour);
    port.write(pieces.map((piece, at) => (at % 2 === 1 ? piece : makeVisible(piece, '\n'))).join(''));
  };
  return Object.create(port, { write: { value: write } });
}
