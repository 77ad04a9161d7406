/** Takes secrets out of whatever is written, shown or sent. */
export type Redactor = {
  /** From now on these are secrets too. Blank ones are passed over. */
  learn(secrets: readonly string[]): void;
  /** The text without secrets: by value, by encoded value, and by shape. */
  text(text: string): string;
  /** The same value with every text in it, names of fields included, put through `text`. */
  json<T>(value: T): T;
  /** Whether the text holds one of the given secrets, plain or encoded. Shapes do not count. */
  holds(text: string): boolean;
};
