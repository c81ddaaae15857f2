import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type ConsoleExample, consoleExamples, docBlocks } from "./doc-blocks.js";
import { compileExample } from "./doc-typescript.js";
import { readTree } from "./tree.js";

/** The packages that examples can name, from test/fixtures/packages. */
const packages: Readonly<Record<string, string>> = {
  "harbour.ova": "vbox-bios-ovf20/harbour.ova",
  "lantern.ova": "vbox-efi-ovf20/lantern.ova",
  "pair.ova": "vbox-pair-ovf10/pair.ova",
  "kelp.ova": "compose-sha256/kelp.ova",
  kelp: "compose-dir/kelp",
  "tide.ova": "compose-disks/tide.ova",
  "goods.ova": "vbox-signed-ovf20/goods.ova",
  "quiz.ova": "compose-properties/quiz.ova",
};

/** Commands of the README that nothing but a clean clone can run; continuous integration does. */
const headlines = ["npm ci && npm run demo", "npm ci && npm test", "npm run bench"];

/** A finished example. */
export interface RunExample {
  readonly file: string;
  readonly line: number;
  readonly source: string;
  /** For `console`: the output of the document. For `ts run`: nothing. */
  readonly expected: string;
  readonly actual: string;
  readonly exitCode: number | null;
}

/** The Markdown documents whose examples are run. */
export function documentsWithExamples(): string[] {
  return [...(existsSync("README.md") ? ["README.md"] : []), ...readTree("docs", ".md").keys()];
}

/** Runs the `console` examples of a document in order, in one folder that has the example packages in it. */
export function runConsoleExamples(file: string): RunExample[] {
  const blocks = docBlocks(readFileSync(file, "utf8")).filter(({ language }) => language === "console");
  const examples = blocks.flatMap(consoleExamples).filter(({ command }) => !isHeadline(command));
  if (examples.length === 0) return [];
  return inWorkspace((folder, env) => {
    writeFiles(file, folder);
    return examples.map((example) => runConsole(file, example, folder, env));
  });
}

/** The files that a document shows: blocks such as `yaml file=web.yaml`. */
function writeFiles(file: string, folder: string): void {
  for (const { words, text } of docBlocks(readFileSync(file, "utf8"))) {
    const name = words.find((word) => word.startsWith("file="))?.slice("file=".length);
    if (name !== undefined) writeFileSync(join(folder, name), `${text.trimEnd()}\n`);
  }
}

function isHeadline(command: string): boolean {
  return headlines.includes(command) || command.startsWith("git clone ");
}

function runConsole(file: string, example: ConsoleExample, cwd: string, env: NodeJS.ProcessEnv): RunExample {
  const { command, line, expected } = example;
  // Both streams in the order of writing, as a reader would see them.
  const script = `exec 2>&1\n${command.replace(/^npx (?=vmferry )/, "")}`;
  const { stdout, status, error } = spawnSync("bash", ["-c", script], { cwd, env, encoding: "utf8", timeout: 60_000 });
  const actual = error === undefined ? stdout : `${stdout}${error.message}\n`;
  return { file, line, source: command, expected, actual, exitCode: status };
}

/** Runs the `ts run` blocks of a document, each as a program of its own. Exit code 0: every `// => value` held. */
export function runTypeScriptExamples(file: string): RunExample[] {
  const blocks = docBlocks(readFileSync(file, "utf8")).filter((b) => b.language === "ts" && b.words.includes("run"));
  return blocks.map((block) =>
    inWorkspace((cwd, env) => {
      // Inside of the project, so that `import "vmferry"` means this one.
      const program = resolve("dist", "doc-examples", `${file.replaceAll(/\W/g, "-")}-${block.line}.mjs`);
      mkdirSync(resolve("dist", "doc-examples"), { recursive: true });
      writeFileSync(program, compileExample(block.text, `${file}:${block.line}`));
      const { stdout, stderr, status } = spawnSync(process.execPath, [program], {
        cwd,
        env,
        encoding: "utf8",
        timeout: 60_000,
      });
      return { file, line: block.line, source: block.text, expected: "", actual: stdout + stderr, exitCode: status };
    }),
  );
}

function inWorkspace<T>(work: (folder: string, env: NodeJS.ProcessEnv) => T): T {
  const root = mkdtempSync(join(tmpdir(), "vmferry-docs-"));
  try {
    const folder = join(root, "work");
    const bin = join(root, "bin");
    for (const [name, from] of Object.entries(packages)) {
      const source = resolve("test/fixtures/packages", from);
      if (existsSync(source)) cpSync(source, join(folder, name), { recursive: true });
    }
    mkdirSync(bin);
    writeFileSync(
      join(bin, "vmferry"),
      `#!/bin/sh\nexec "${process.execPath}" "${resolve("dist/bin/vmferry.js")}" "$@"\n`,
    );
    chmodSync(join(bin, "vmferry"), 0o755);
    return work(folder, { ...process.env, PATH: `${bin}:${process.env.PATH}`, NO_COLOR: "1", LC_ALL: "C.UTF-8" });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
