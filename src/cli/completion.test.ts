import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { commands } from "./commands.js";
import { completionScript, shells } from "./completion.js";
import { commonOptions } from "./options.js";

const loaded = await Promise.all(
  commands.map(async ({ name, summary, load }) => ({ name, summary, definition: await load() })),
);

/** What a shell offers behind each command line, without names of files. */
const offers: [line: string, words: string[]][] = [
  ["vmferry comp", ["completion"]],
  ["vmferry disk ", ["check", "compare", "convert", "fix", "hash", "info", "map", "resize", "serve"]],
  ["vmferry disk co", ["compare", "convert"]],
  ["vmferry completion ", ["bash", "fish", "zsh"]],
  ["vmferry convert --for vsphere-", ["vsphere-6.5", "vsphere-7", "vsphere-8"]],
  ["vmferry validate --format s", ["sarif"]],
  ["vmferry explain manifest/weak", ["manifest/weak-algorithm"]],
  ["vmferry verify --req", ["--require-manifest", "--require-signature"]],
  ["vmferry disk convert --pr", ["--progress", "--prove", "--proxy"]],
];

/** A program in each shell that prints what is offered behind the line in its first argument. */
const drivers: Readonly<Record<(typeof shells)[number], (file: string) => readonly string[]>> = {
  bash: (file) => [
    "-c",
    `source ${file}\nIFS=' ' read -ra COMP_WORDS <<<"$0"; [[ $0 == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _vmferry; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  zsh: (file) => [
    "-fc",
    `autoload -U compinit; compinit -D\nsource ${file}\nf() { emulate -L sh; setopt ksharrays; COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=(); _vmferry; printf '%s\\n' "\${COMPREPLY[@]}"; }; line=$1; f "\${(@s: :)line}"`,
  ],
  fish: (file) => ["-c", `source ${file}\ncomplete -C "$argv[1]" | string replace -r '\\t.*' ''`],
};

for (const shell of shells) {
  const there = spawnSync(shell, ["-c", "exit"]).error === undefined;
  test(`${shell} completes commands, options and their values`, {
    skip: there ? false : `${shell} is not installed`,
  }, async (t) => {
    // A file: the script is longer than one argument may be.
    const folder = await mkdtemp(join(tmpdir(), "vmferry-completion-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, "script");
    await writeFile(file, completionScript(shell, loaded));
    for (const [line, words] of offers) {
      const { stdout, stderr } = spawnSync(
        shell,
        [...drivers[shell](file), ...(shell === "zsh" ? ["zsh"] : []), line],
        {
          encoding: "utf8",
          timeout: 20_000,
        },
      );
      const common = Object.values(commonOptions).map(({ flags }) => flags.split(" ")[0] ?? "");
      const found = stdout.split("\n").filter((word) => word !== "" && !common.includes(word));
      // zsh takes all words and filters them itself.
      const begun = shell === "zsh" ? (line.split(" ").at(-1) ?? "") : "";
      const fitting = found.filter((word) => word.startsWith(begun));
      assert.deepEqual(fitting.sort(), words, `${line}: ${stderr}`);
    }
  });
}
