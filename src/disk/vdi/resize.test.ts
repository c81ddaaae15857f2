import assert from "node:assert/strict";
import { test } from "node:test";
import { damage, fixture, sourceOf } from "../../../test/support/damage.js";
import { diskContext } from "../../../test/support/disks.js";
import { hasCode } from "../../../test/support/errors.js";
import { MIB } from "../../base/bytes.js";
import { resizeVdi } from "./resize.js";

const SIZE_AT = 368;

test("blocks that are stored past the end of the disk are not shown to the guest: the disk is not resized", async () => {
  const file = await fixture("vdi-dynamic");
  assert.ok((await resizeVdi(sourceOf(file), 40 * MIB, diskContext())).patches.length > 0);
  damage(file, SIZE_AT, MIB);
  await assert.rejects(resizeVdi(sourceOf(file), 40 * MIB, diskContext()), hasCode("disk/cannot-amend"));
});
