import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLayers } from "../../scripts/layer-check.js";
import { readTree } from "../../scripts/tree.js";

/** A small tree in which every import is allowed. Each test below breaks it in one place. */
const good: Readonly<Record<string, string>> = {
  "src/index.ts": `export * from "./base/errors.js";\nexport * from "./disk/formats.js";`,
  "src/node.ts": `export * from "./index.js";\nimport { readFile } from "node:fs";`,
  "src/base/errors.ts": "export class FerryError extends Error {}",
  "src/io/source.ts": `import { FerryError } from "../base/errors.js";`,
  "src/disk/model.ts": `import type { ByteSource } from "../io/source.js";`,
  "src/disk/formats.ts": `import { vmdk } from "./vmdk/format.js";\nimport { vhd } from "./vhd/format.js";`,
  "src/disk/vmdk/format.ts": `import type { Disk } from "../model.js";\nimport { header } from "./header.js";`,
  "src/disk/vmdk/header.ts": "export const header = 1;",
  "src/disk/vmdk/header.test.ts": `import { test } from "node:test";\nimport "../../runtime/node/files.js";\nimport "../vhd/format.js";\nimport "../../../test/support/x.js";`,
  "src/disk/vhd/format.ts": `import type { Disk } from "../model.js";`,
  "src/package/tar/index.ts": `import "../../base/errors.js";`,
  "src/package/ova/read.ts": `import "../tar/index.js";`,
  "src/package/folder/read.ts": `import "../manifest/read.js";`,
  "src/package/manifest/read.ts": "",
  "src/platforms/vmware/export.ts": `import "../../disk/model.js";`,
  "src/platforms/hyperv/export.ts": "",
  "src/runtime/node/files.ts": `import { open } from "node:fs/promises";\nimport "../../io/source.js";`,
  "src/cli/main.ts": `import { Command } from "commander";\nconst run = () => import("../runtime/node/files.js");`,
};

function problemsWith(changes: Readonly<Record<string, string>>): string[] {
  const files = new Map(Object.entries({ ...good, ...changes }));
  return checkLayers(files).map((p) => `${p.rule} ${p.file}:${p.line}`);
}

test("a tree that keeps the rules has no problems", () => {
  assert.deepEqual(problemsWith({}), []);
});

test("a layer may not import a layer that the table does not name", () => {
  const text = `import "../base/errors.js";\nimport "../disk/model.js";`;
  assert.deepEqual(problemsWith({ "src/targets/vmware.ts": text }), ["layer src/targets/vmware.ts:2"]);
});

test("a type import counts like any other", () => {
  const changes = { "src/xml/tree.ts": `import type { ByteSource } from "../io/source.js";` };
  assert.deepEqual(problemsWith(changes), ["layer src/xml/tree.ts:1"]);
});

test("re-exports, import() and import types count", () => {
  const text = `export { a } from "../io/source.js";\nawait import("../io/source.js");\ntype T = import("../io/source.js").T;`;
  const expected = [1, 2, 3].map((line) => `layer src/xml/tree.ts:${line}`);
  assert.deepEqual(problemsWith({ "src/xml/tree.ts": text }), expected);
});

test("a disk format may not import another one", () => {
  const changes = { "src/disk/vhd/format.ts": `import { header } from "../vmdk/header.js";` };
  assert.deepEqual(problemsWith(changes), ["sibling src/disk/vhd/format.ts:1"]);
});

test("a platform may not import another one", () => {
  const changes = { "src/platforms/hyperv/export.ts": `import "../vmware/export.js";` };
  assert.deepEqual(problemsWith(changes), ["sibling src/platforms/hyperv/export.ts:1"]);
});

test("a package kind may not import another one, and a shared folder imports no kind", () => {
  const kind = { "src/package/folder/read.ts": `import "../ova/read.js";` };
  assert.deepEqual(problemsWith(kind), ["sibling src/package/folder/read.ts:1"]);
  const shared = { "src/package/manifest/read.ts": `import "../ova/read.js";` };
  assert.deepEqual(problemsWith(shared), ["sibling src/package/manifest/read.ts:1"]);
});

test("no layer imports an entry", () => {
  const changes = { "src/cli/main.ts": `import "../node.js";` };
  assert.deepEqual(problemsWith(changes), ["entry src/cli/main.ts:1"]);
});

test("portable layers import no Node module, and packages stay where the table has them", () => {
  assert.deepEqual(problemsWith({ "src/disk/raw/read.ts": `import "node:fs";` }), ["package src/disk/raw/read.ts:1"]);
  assert.deepEqual(problemsWith({ "src/ovf/views.ts": `import "saxes";` }), ["package src/ovf/views.ts:1"]);
  assert.deepEqual(problemsWith({ "src/index.ts": `import "node:fs";` }), ["package src/index.ts:1"]);
});

test("a cycle between two files is found, also one of types alone", () => {
  const changes = { "src/disk/vmdk/header.ts": `import type { vmdk } from "./format.js";` };
  assert.deepEqual(problemsWith(changes), ["cycle src/disk/vmdk/format.ts:2"]);
});

test("a cycle over three files is reported once", () => {
  const changes = {
    "src/base/a.ts": `import "./b.js";`,
    "src/base/b.ts": `import "./c.js";`,
    "src/base/c.ts": `import "./a.js";`,
  };
  assert.deepEqual(problemsWith(changes), ["cycle src/base/a.ts:1"]);
});

test("a file outside of every layer is a problem", () => {
  assert.deepEqual(problemsWith({ "src/misc/helper.ts": "" }), ["homeless src/misc/helper.ts:1"]);
  assert.deepEqual(problemsWith({ "src/other.ts": "" }), ["homeless src/other.ts:1"]);
});

test("nothing imports a test, and an import of no file is a problem", () => {
  assert.deepEqual(problemsWith({ "src/disk/vmdk/read.ts": `import "./header.test.js";` }), [
    "layer src/disk/vmdk/read.ts:1",
  ]);
  for (const gone of ["./gone.js", "../../../test/support/x.js"]) {
    const changes = { "src/disk/vmdk/read.ts": `import "${gone}";` };
    assert.deepEqual(problemsWith(changes), ["missing src/disk/vmdk/read.ts:1"]);
  }
});

test("the source of vmferry keeps its layers", () => {
  const files = readTree("src", ".ts");
  assert.ok(files.size > 20, "the test must run from the project root");
  assert.deepEqual(checkLayers(files), []);
});
