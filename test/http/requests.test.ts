/** How many requests and bytes a look at a large package takes (the promises of the design: 12 and 1 MiB, 3 more for boot facts). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { alignUp } from "../../src/base/bytes.js";
import { copyDisk } from "../../src/disk/copy.js";
import { shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { imageOf } from "../../src/disk/testing/images.js";
import { inspectPackage, openSource } from "../../src/index.js";
import { memoryFileSet } from "../../src/io/testing/memory-set.js";
import { SparseBytes, sparseSource } from "../../src/io/testing/sparse-bytes.js";
import { createContext, createRuntime, openUrl } from "../../src/node.js";
import { serializeTarHeader } from "../../src/package/tar/header.js";
import { diskContext } from "../support/disks.js";
import { FatImage, gpt, mbr, PROTECTIVE } from "../support/guest.js";
import { serve } from "../support/http-server.js";
import { descriptorOf } from "../support/packages.js";
import { stretch } from "../support/stretched.js";

const GIB = 2 ** 30;
const SECTORS = (256 * 2 ** 20) / 512;

/** 256 MiB with something in each grain table's range, and perhaps what a firmware starts. */
function guest(seed: number, bootable: boolean): SparseBytes {
  const runs = Array.from({ length: 8 }, (_, i) => ({
    sector: i * 65_536 + 8192 + seed,
    sectors: 6000,
    content: "noise" as const,
  }));
  const image = imageOf({ sectors: SECTORS, runs });
  if (!bootable) return image;
  const esp = new FatImage({ kind: 32, files: ["EFI/debian/grubx64.efi", "EFI/BOOT/BOOTX64.EFI"] });
  const { header, table } = gpt([{ type: "esp", first: 2048, sectors: esp.bytes.size / 512 }], 2);
  for (const [at, bytes] of [
    [0, mbr([PROTECTIVE])],
    [512, header],
    [1024, table],
  ] as const)
    image.write(at, bytes);
  for (const run of esp.bytes.runs({ offset: 0, length: esp.bytes.size })) {
    image.write(2 ** 20 + run.offset, esp.bytes.read(run.offset, run.length));
  }
  return image;
}

async function streamOptimized(image: SparseBytes): Promise<Uint8Array> {
  const from = openRaw(sparseSource(image, "image"));
  const plan = await diskFormats
    .get("vmdk")
    .plan?.(shapeOf(from), { name: "d", variant: "streamOptimized" }, diskContext());
  assert.ok(plan !== undefined);
  const files = memoryFileSet();
  await copyDisk(from, [{ plan, files }], diskContext());
  const bytes = files.files.get("d");
  assert.ok(bytes !== undefined);
  return bytes.read(0, bytes.size);
}

/** An archive of 10 GB: a descriptor, disks of 2.5 GB each, in front of them a manifest. */
async function archive(descriptor: string, disks: readonly Uint8Array[]): Promise<SparseBytes> {
  const text = (value: string): SparseBytes => {
    const bytes = new SparseBytes(value.length);
    bytes.write(0, new TextEncoder().encode(value));
    return bytes;
  };
  const members: [string, SparseBytes][] = [
    ["box.ovf", text(descriptor)],
    ["box.mf", text(disks.map((_, i) => `SHA256(disk${i}.vmdk)= ${"0".repeat(64)}\n`).join(""))],
    ...disks.map((disk, i): [string, SparseBytes] => [
      `disk${i}.vmdk`,
      stretch(disk, [1.2 * GIB - ((1.2 * GIB) % 512), 1.3 * GIB - ((1.3 * GIB) % 512)]),
    ]),
  ];
  const size = members.reduce((sum, [, bytes]) => sum + 512 + alignUp(bytes.size, 512), 1024);
  const out = new SparseBytes(size);
  let at = 0;
  for (const [name, bytes] of members) {
    out.write(at, serializeTarHeader({ name, size: bytes.size, mtime: 0 }));
    for (const run of bytes.runs({ offset: 0, length: bytes.size })) {
      out.write(at + 512 + run.offset, bytes.read(run.offset, run.length));
    }
    at += 512 + alignUp(bytes.size, 512);
  }
  return out;
}

const plain = await streamOptimized(guest(1, false));
const bootable = await streamOptimized(guest(2, true));

async function look(
  descriptor: string,
  disks: readonly Uint8Array[],
): Promise<{ requests: number; bytes: number; firmware: string }> {
  const server = await serve({ "box.ova": sparseSource(await archive(descriptor, disks), "box.ova") });
  const runtime = createRuntime({ workers: 0 });
  const input = await openUrl(`${server.origin}/box.ova`);
  try {
    const ctx = createContext(runtime);
    const opened = await openSource(input, { onDamage: "report" }, ctx);
    const result = await inspectPackage(opened, {}, ctx);
    assert.equal(result.appliance?.disks.length, disks.length);
    for (const { format, variant, capacityBytes } of result.appliance?.disks ?? []) {
      assert.deepEqual([format, variant, capacityBytes], ["vmdk", "streamOptimized", 2 ** 28]);
    }
    assert.equal(result.manifest?.entries, disks.length);
    if (process.env.SHOW)
      console.log(
        server.requests.map((r) => [r.headers.range, r.sent]),
        input.source.size,
      );
    const firmware = result.appliance?.machines[0]?.firmware ?? "";
    return { requests: server.requests.length, bytes: server.bytes(), firmware };
  } finally {
    await input.close();
    await runtime.close();
    await server.close();
  }
}

describe("inspect of 10 GB over HTTP", () => {
  const four = [plain, plain, plain, plain];
  const described = descriptorOf(
    four.map((_, i) => ({
      href: `disk${i}.vmdk`,
      use: "disk" as const,
      disk: 'ovf:capacity="256" ovf:capacityAllocationUnits="byte * 2^20" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"',
    })),
  );

  it("takes at most 12 requests and 1 MiB for four disks", async () => {
    const seen = await look(described, four);

    assert.ok(seen.requests <= 12 && seen.bytes < 2 ** 20, JSON.stringify(seen));
  });

  it("takes 3 requests more to find what boots", async () => {
    const seen = await look(described, [bootable, plain, plain, plain]);

    assert.equal(seen.firmware, "efi");
    assert.ok(seen.requests <= 15 && seen.bytes < 2 ** 20, JSON.stringify(seen));
  });
});
