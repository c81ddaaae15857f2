import assert from "node:assert/strict";
import { test } from "node:test";
import { readTree } from "../../scripts/tree.js";

/** Readable in one sitting. A longer file starts a comment with `Long:` and the reason. */
const usual = 350;
/** Only tables are longer: a comment that starts with `Table:` says of what. The code tables need none. */
const ceiling = 800;

function problems(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [file, text] of files) {
    const lines = text.trimEnd().split("\n").length;
    const isTable = file.startsWith("src/base/codes/") || /^\s*(?:\/\/|\/?\*\*?) Table: \S+ \S+/m.test(text);
    const hasReason = isTable || /^\s*(?:\/\/|\/?\*\*?) Long: \S+ \S+/m.test(text);
    if (lines > ceiling && !isTable) found.push(`${file}: ${lines} lines, more than ${ceiling}, and no table`);
    else if (lines > usual && !hasReason)
      found.push(`${file}: ${lines} lines, more than ${usual}, and no reason ("// Long: ...")`);
  }
  return found;
}

const text = (lines: number, first: string = ""): string => `${first}\n${"x();\n".repeat(lines - 1)}`;

test("a file over 350 lines needs a reason, and one over 800 must be a table", () => {
  const kinds: [string, boolean][] = [
    [text(350), true],
    [text(351), false],
    [text(351, "// Long: one state machine, which parts would only hide."), true],
    [text(801, "// Long: one state machine, which parts would only hide."), false],
    [text(801, "/** Table: CIM resource types. */"), true],
    [text(351, "// Long:"), false],
  ];
  for (const [source, ok] of kinds) assert.equal(problems(new Map([["a.ts", source]])).length === 0, ok);
});

test("every file of the project can be read in one sitting, or says why not", () => {
  const files = ["src", "scripts", "test", "bench", "examples"].flatMap((folder) => [...readTree(folder, ".ts")]);
  assert.ok(files.length > 50, "the test must run from the project root");
  assert.deepEqual(problems(new Map(files)), []);
});
