/** What a follow-up may tell the world about the run. */
export type RunNews = { headline: string; lines: string[]; ended: boolean };

/** How a run ended that changed nothing in the end: it never did, or all of it was undone and verified. */
export type EmptyEnding = 'unchanged' | 'undone';

/** Something that others see and somebody has to close, as a change has left it. */
export type LeftOpen = {
  /** The same for every change that concerns it; empty where its own system did not say. */
  id: string;
  /** Who sees it: `customers`. */
  to: string;
  /** What it is: `public notice`. */
  what: string;
  /** How it stands, in a word. */
  state: string;
  isClosed: boolean;
  /** What updates and closes it: a command without the program's name and its general options, and what it is good for. */
  commands: readonly { command: string; why: string }[];
};
