/** What a word is, for colouring. Each takes text and returns it with whatever shows it that way. */
export interface Palette {
  readonly title: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly error: (text: string) => string;
}

const same = (text: string): string => text;

/** No colours: files, pipes, `NO_COLOR`. */
export const plain: Palette = Object.freeze({ title: same, dim: same, good: same, warning: same, error: same });

const ansi =
  (on: number, off: number) =>
  (text: string): string =>
    text === "" ? "" : `\u001b[${on}m${text}\u001b[${off}m`;

/** The sixteen colours that every terminal has. */
export const coloured: Palette = Object.freeze({
  title: ansi(1, 22),
  dim: ansi(2, 22),
  good: ansi(32, 39),
  warning: ansi(33, 39),
  error: ansi(31, 39),
});
