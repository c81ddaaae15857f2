/** The example that reads a file system's superblock out of a disk in an appliance on a web server. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { SparseBytes } from "../../src/io/testing/sparse-bytes.js";
import { mbr } from "../support/guest.js";
import { serve } from "../support/http-server.js";
import { descriptorOf, diskFileOf, ovaOf, packageOf } from "../support/packages.js";

const PARTITION = 2048 * 512;

/** The fields of an ext4 superblock (kernel.org, Documentation/filesystems/ext4, "Super Block") that tell it from other things. */
function superblock(label: string): Uint8Array {
  const bytes = new Uint8Array(1024);
  const view = new DataView(bytes.buffer);
  view.setUint32(0x04, 1792, true); // s_blocks_count_lo
  view.setUint32(0x18, 2, true); // s_log_block_size: 4 KiB
  view.setUint16(0x38, 0xef53, true); // s_magic
  bytes.set(new TextEncoder().encode(label), 0x78); // s_volume_name
  return bytes;
}

describe("examples/read-superblock.ts", () => {
  for (const at of [PARTITION, 0]) {
    it(`finds a file system ${at === 0 ? "that is the whole disk" : "in the first partition"}, in a few requests`, async () => {
      const image = new SparseBytes(8 * 2 ** 20);
      if (at !== 0) image.write(0, mbr([{ type: 0x83, first: at / 512, sectors: 14_000 }]));
      image.write(at + 1024, superblock("lantern-root"));
      const disk = await diskFileOf("vmdk", "streamOptimized", image);
      const server = await serve({
        "box.ova": ovaOf(packageOf(descriptorOf([{ href: "disk1.vmdk", use: "disk" }]), { "disk1.vmdk": disk })),
      });
      try {
        const args = [resolve("dist/examples/read-superblock.js"), `${server.origin}/box.ova`, "disk1.vmdk"];
        const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
        assert.equal(stdout, "{ isExt: true, blocks: 1792, blockBytes: 4096, label: 'lantern-root' }\n");
        assert.ok(server.requests.length <= 6, `${server.requests.length} requests`);
      } finally {
        await server.close();
      }
    });
  }
});
