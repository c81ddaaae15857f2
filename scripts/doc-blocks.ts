/** One fenced block of a Markdown document. */
export interface DocBlock {
  readonly language: string;
  /** The words behind the language: `run`, `illustrative`. */
  readonly words: readonly string[];
  /** Line of the first line of the text, from 1. */
  readonly line: number;
  readonly text: string;
}

/** The fenced blocks of a document, in order. */
export function docBlocks(markdown: string): DocBlock[] {
  const blocks: DocBlock[] = [];
  const lines = markdown.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const open = /^(`{3,})(\w+)\s*(.*)$/.exec(lines[i] ?? "");
    if (open === null) continue;
    const [, fence = "", language = "", words = ""] = open;
    const start = i + 1;
    do i++;
    while (i < lines.length && lines[i] !== fence);
    const text = lines.slice(start, i).join("\n");
    blocks.push({ language, words: words.split(/\s+/).filter((word) => word !== ""), line: start + 1, text });
  }
  return blocks;
}

/** One command of a `console` block and the output that the document shows for it. */
export interface ConsoleExample {
  readonly command: string;
  /** From 1. */
  readonly line: number;
  readonly expected: string;
}

/** The commands of a `console` block: lines with `$ `, continued while they end in a backslash. */
export function consoleExamples(block: DocBlock): ConsoleExample[] {
  const examples: ConsoleExample[] = [];
  let output: string[] = [];
  let command: { text: string; line: number } | null = null;
  const close = (): void => {
    if (command !== null) examples.push({ command: command.text, line: command.line, expected: output.join("\n") });
    output = [];
  };
  for (const [i, line] of block.text.split("\n").entries()) {
    if (line.startsWith("$ ")) {
      close();
      command = { text: line.slice(2), line: block.line + i };
    } else if (command?.text.endsWith("\\") && output.length === 0) {
      command.text = `${command.text}\n${line}`;
    } else output.push(line);
  }
  close();
  return examples;
}

/**
 * Whether output is what a document shows. A line `...` stands for any lines, `...` in a line for any text; spaces at the ends
 * do not count.
 */
export function outputMatches(actual: string, expected: string): boolean {
  const pattern = expected
    .trim()
    .split("\n")
    .map((line) => (line.trim() === "..." ? "(?:.*\n)*?.*" : line.split("...").map(escapePattern).join(".*")))
    .join(" *\n");
  return new RegExp(`^${pattern}$`).test(actual.trim());
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
