/** A YAML file that was written, and what it does not hold. */
export interface WrittenText {
  readonly text: string;
  /** What there is no setting for, in words. */
  readonly leftOut: readonly string[];
}

/** Comments of one file at most. */
const MOST_NOTES = 50;

/** A text with comments about what is left out. */
export function written(text: string, leftOut: readonly string[]): WrittenText {
  if (leftOut.length === 0) return { text, leftOut };
  const shown = leftOut
    .slice(0, MOST_NOTES)
    .map((note) => `#   ${note.replace(/[\p{Cc}\p{Cs}\s]+/gu, " ").slice(0, 160)}\n`);
  const more = leftOut.length > MOST_NOTES ? `#   and ${leftOut.length - MOST_NOTES} more\n` : "";
  return { text: `${text}\n# Not carried over, for want of a setting:\n${shown.join("")}${more}`, leftOut };
}
