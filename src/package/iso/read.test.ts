import assert from "node:assert/strict";
import { test } from "node:test";
import { openIso, type VolumeReader } from "./read.js";
import { ISO_SECTOR } from "./records.js";
import { writeIso } from "./write.js";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const over =
  (bytes: Uint8Array): VolumeReader =>
  async (offset, length) =>
    offset + length <= bytes.length ? bytes.slice(offset, offset + length) : null;
const image = writeIso(
  [
    { name: "ovf-env.xml", bytes: text("<a/>") },
    { name: "meta-data", bytes: text("instance-id: 1\n") },
    { name: "folder/user-data", bytes: text("x") },
  ],
  { label: "OVF ENV", modified: new Date(0) },
);

test("files in the root of an image are found by each hierarchy's name, and none below it", async () => {
  const volume = await openIso(over(image));
  assert.equal(volume?.label, "OVF ENV");
  const read = async (name: string, most = 100) => {
    const bytes = await volume?.file(name, most);
    return bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : bytes;
  };
  assert.equal(await read("ovf-env.xml"), "<a/>");
  assert.equal(await read("meta-data"), "instance-id: 1\n");
  assert.equal(await read("user-data"), null);
  assert.equal(await read("folder"), null, "a folder is no file");
  assert.equal(await read("meta-data", 3), null, "longer than is allowed");
});

test("the first hierarchy alone is enough", async () => {
  const bytes = image.slice();
  // The second volume descriptor is Joliet's: without its escape sequence it is one that nobody knows.
  bytes.fill(0, 17 * ISO_SECTOR + 88, 17 * ISO_SECTOR + 91);
  const volume = await openIso(over(bytes));
  assert.equal(new TextDecoder().decode((await volume?.file("ovf-env.xml", 100)) ?? new Uint8Array()), "<a/>");
});

test("what is no image, is cut off or leads out of itself holds nothing, and nobody loops", async () => {
  assert.equal(await openIso(over(new Uint8Array(100_000))), null);
  assert.equal(await openIso(over(image.slice(0, 17 * ISO_SECTOR - 1))), null);
  for (let at = 16 * ISO_SECTOR; at < image.length; at += 7) {
    const bytes = image.slice();
    bytes[at] = 0xff;
    const volume = await openIso(over(bytes));
    const found = await volume?.file("ovf-env.xml", 100);
    assert.ok(found === null || found === undefined || found.length <= 100);
  }
  const cut = await openIso(over(image.slice(0, 19 * ISO_SECTOR)));
  assert.equal(await cut?.file("ovf-env.xml", 100), null);
});
