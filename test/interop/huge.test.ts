/** A disk of 60 TiB with three pieces in it, on a file system in memory: larger than what a file system on a disk takes. */
import assert from "node:assert/strict";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { diskFormats } from "../../src/disk/formats.js";
import { hasCode } from "../support/errors.js";
import { startCarrier } from "./carrier.js";
import { lacksLibyal, libyalName, libyalReads, readWithLibyal } from "./libyal.js";
import { lacking, peerPath } from "./peers.js";
import { prove } from "./proof.js";
import { imageOptions, isDisk } from "./qemu.js";
import { attempt, run } from "./run.js";
import { temporaryFolder } from "./scratch.js";
import { makeRaw, pieces, samePieces, sumsOf } from "./sized.js";

const SIZE = 60 * 2 ** 40;
const WHAT = "60 TiB";
const LIMIT = { timeout: 60_000 };
const noQemu = await lacking("qemu-img", "qemu-io");
const noLibyal = await lacksLibyal();

/** A folder in memory: a mount of its own where that is allowed, else what the system has. */
async function memoryFolder(t: TestContext): Promise<string> {
  const own = await temporaryFolder("huge");
  const mounted = await attempt("mount", ["-t", "tmpfs", "-o", "size=2g", "vmferry-test", own.path], LIMIT);
  const folder = mounted.status === 0 ? own : await temporaryFolder("huge", "/dev/shm");
  t.after(async () => {
    if (folder === own) await run("umount", [own.path], LIMIT);
    else await folder.remove();
    await own.remove();
  });
  return folder.path;
}

for (const format of diskFormats.all.filter(({ plan }) => plan !== undefined)) {
  const extension = format.extensions[0] ?? "";
  test(`${format.id}: a disk of 60 TiB is read by other programs in every variant that holds it, and refused by the others`, {
    skip: noQemu,
    timeout: 240_000,
  }, async (t) => {
    // Its threads end first: they hold files of the folder open.
    const carrier = startCarrier(t);
    const folder = await memoryFolder(t);
    const raw = await makeRaw(folder, SIZE);
    const expected = { size: SIZE, sums: await sumsOf(raw, SIZE) };
    for (const variant of format.writes) {
      const into = join(folder, variant);
      await mkdir(into);
      const image = join(into, `disk${extension}`);
      if (SIZE > (format.limits.maxSizes?.[variant] ?? format.limits.maxSize)) {
        await assert.rejects(carrier.convert(raw, image, format.id, variant), hasCode("disk/too-large"));
        continue;
      }
      await carrier.convert(raw, image, format.id, variant);
      assert.ok((await stat(image)).blocks * 512 < 2 ** 28, "what holds little takes little");
      const about = { format: format.id, variant, direction: "written", what: WHAT } as const;
      const told = await run(
        await peerPath("qemu-img"),
        ["info", "--output=json", "--image-opts", imageOptions(image)],
        LIMIT,
      );
      assert.equal(JSON.parse(told.stdout)["virtual-size"], SIZE);
      await samePieces(raw, image, SIZE);
      if (format.id !== "raw") prove({ ...about, peer: "qemu-img", cannot: null });
      if (isDisk(image) && libyalReads(extension) && noLibyal === false) {
        const peer = libyalName(extension);
        // As of the smaller sizes in sizes.test.ts: qemu-img reads the same file right.
        const cannot = format.id === "vhdx" && variant === "fixed" ? "reads zeros behind its beginning" : null;
        const read = await readWithLibyal(image, pieces(SIZE));
        if (cannot === null) assert.deepEqual(read, expected, variant);
        else assert.notDeepEqual(read, expected, `${variant} works, though listed as refused`);
        prove({ ...about, peer, cannot });
      }
      assert.equal(await carrier.firstDifference(raw, image), null, variant);
      await rm(into, { recursive: true });
    }
  });
}
