/** Reports about descriptors of real producers, and about those that test suites reject. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { Schema } from "../../scripts/schema-render.js";
import { run } from "../../src/cli/program.js";
import { validate } from "../meta/json-schema.js";
import { captureStreams } from "../support/streams.js";

const FOLDERS = ["../shared/corpus/ovf", "../shared/corpus/invalid"];
const skip = FOLDERS.every(existsSync) ? false : "the corpus is not there";

test("every descriptor of the corpus has a SARIF report by the schema, and an HTML report without numbers that are none", {
  skip,
}, async () => {
  const schema: Schema = JSON.parse(readFileSync("test/fixtures/sarif/sarif-2.1.0.json", "utf8"));
  const files = FOLDERS.flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
  let judged = 0;
  for (const file of files.filter((name) => name.endsWith(".ovf"))) {
    const report = async (format: string): Promise<string> => {
      const streams = captureStreams();
      const argv = ["validate", file, "--descriptor-only", "--strict", "--ignore-config", "--format", format];
      const exitCode = await run(argv, streams, new AbortController().signal);
      assert.ok(exitCode <= 1, `${file}: ${streams.err()}`);
      return streams.out();
    };
    assert.deepEqual(validate(JSON.parse(await report("sarif")), schema), [], file);
    const [picture = ""] = /<svg[\s\S]*<\/svg>/.exec(await report("html")) ?? [];
    assert.doesNotMatch(picture.replaceAll(/<text[\s\S]*?<\/text>/g, ""), /NaN|undefined|Infinity/, file);
    judged++;
  }
  assert.ok(judged > 100, String(judged));
});
