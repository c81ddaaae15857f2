import assert from "node:assert/strict";
import { test } from "node:test";
import { testContext } from "../io/testing/context.js";
import { diskFormats } from "./formats.js";
import type { DiskInfo } from "./model.js";
import { checkSectorSize } from "./sector-size.js";

const info: DiskInfo = {
  format: "vhdx",
  variant: "dynamic",
  size: 2 ** 30,
  logicalSectorSize: 4096,
  blockSize: 2 ** 20,
  parent: null,
  identity: null,
  properties: {},
};

for (const format of diskFormats.all) {
  const lost = format.id !== "vhdx";
  test(`${format.id}: sectors of 4 KiB are ${lost ? "reported as lost" : "kept"}, and those of 512 bytes go without a word`, () => {
    const ctx = testContext();
    checkSectorSize({ ...info, logicalSectorSize: 512 }, "disk1", format, ctx);
    assert.deepEqual(ctx.codes(), []);
    checkSectorSize(info, "disk1", format, ctx);
    assert.deepEqual(ctx.codes(), lost ? ["disk/sector-size-lost"] : []);
  });
}
