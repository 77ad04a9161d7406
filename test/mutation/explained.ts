/** A change that no test can notice, because the program does the same with it; and why. */
export type Explained = {
  file: string;
  /** The text within which it is made. */
  within: string;
  operators: readonly string[];
  why: string;
};

/** Survivors that were looked at one by one. */
export const explained: readonly Explained[] = [];
