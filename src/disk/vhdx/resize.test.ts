import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../../test/support/errors.js";
import { diskFileBytes, diskFixtures } from "../../../test/support/fixtures.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import { resizeVhdx } from "./resize.js";

test("a disk whose log holds changes is not resized: the log would undo it", async () => {
  const torn = (await diskFixtures()).find(({ files }) => files[0]?.name.startsWith("torn.vhdx"));
  const file = torn?.files[0] ?? assert.fail();
  const source = memorySource(await diskFileBytes(file), file.name);
  await assert.rejects(resizeVhdx(source, 2 ** 40, testContext()), hasCode("disk/cannot-amend"));
});
