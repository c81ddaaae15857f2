import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { issue, signatureFile } from "../../../test/support/authority.js";
import { hasCode } from "../../../test/support/errors.js";
import { DISK_8M, descriptorOf, diskFile, type PackageFiles, packageOf } from "../../../test/support/packages.js";
import { Workshop } from "../../../test/support/workshop.js";
import { MIB } from "../../base/bytes.js";
import type { ImageShape } from "../../disk/testing/images.js";
import { freeName } from "../edit/descriptor-edits.js";

const shop = new Workshop();
after(() => shop.close());
const shape: ImageShape = { sectors: 16_384, runs: [{ sector: 100, sectors: 700, content: "text" }] };
const stream = await diskFile("vmdk", "streamOptimized", shape);
const sparse = await diskFile("vmdk", "monolithicSparse", shape);
const raw = await diskFile("raw", "raw", shape);
const RAW_8M = `ovf:capacity="${8 * MIB}" ovf:format="http://en.wikipedia.org/wiki/Byte"`;
const STREAM_URI = "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized";
const SPARSE_8M = `ovf:capacity="${8 * MIB}" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#sparse"`;

interface Made {
  readonly names: readonly string[];
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly losses: readonly string[];
  bytes(name: string): Buffer;
}

/** Converts a package to a folder and back to an OVA; its descriptor has to be the same in both. */
async function make(descriptor: string, files: PackageFiles): Promise<Made> {
  const destination = shop.fresh();
  const source = shop.archive(packageOf(descriptor, files));
  const { plan, outcome } = await shop.convert(source, destination, { to: "ovf", prove: true });
  const ova = shop.fresh(".ova");
  await shop.convert(source, ova, { to: "ova" });
  const bytes = (name: string): Buffer => readFileSync(join(destination, name));
  const text = bytes("box.ovf").toString();
  const archived = readFileSync(ova).subarray(512);
  assert.equal(archived.subarray(0, text.length).toString(), text, "the same descriptor in an archive");
  const { diagnostics } = await shop.inspect(ova);
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === "error"),
    [],
  );
  assert.deepEqual(outcome.files.map(({ name }) => name).sort(), readdirSync(destination).sort());
  return {
    names: readdirSync(destination).sort(),
    before: descriptor.split("\n"),
    after: text.split("\n"),
    losses: plan.losses.map(({ code }) => code),
    bytes,
  };
}

/** Lines that differ, as they are now. */
function changes({ before, after }: Made): readonly string[] {
  assert.equal(after.length, before.length);
  return after.filter((line, i) => line !== before[i]).map((line) => line.trim());
}

describe("a package for importers of OVF", () => {
  it("keeps its descriptor byte for byte where nothing changes", async () => {
    const made = await make(descriptorOf([{ href: "disk.vmdk", use: "disk" }]), { "disk.vmdk": stream });
    assert.deepEqual(changes(made), []);
    assert.deepEqual(made.names, ["box.mf", "box.ovf", "disk.vmdk"]);
    assert.deepEqual(new Uint8Array(made.bytes("disk.vmdk")), stream);
  });

  it("changes name, size and format of a disk that is written anew, and no other line", async () => {
    const descriptor = descriptorOf([
      { href: "tools.iso", use: "cdrom", attributes: 'ovf:size="5000"' },
      { href: "disk.img", use: "disk", disk: RAW_8M, attributes: `ovf:size="${raw.length}"` },
    ]);
    const made = await make(descriptor, { "tools.iso": new Uint8Array(5000), "disk.img": raw });
    const { length } = made.bytes("disk.vmdk");
    assert.deepEqual(changes(made), [
      `<File ovf:id="file1" ovf:href="disk.vmdk" ovf:size="${length}"/>`,
      `<Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="${8 * MIB}" ovf:format="${STREAM_URI}"/>`,
    ]);
  });

  it("leaves a name that fits, and adds no size where there was none", async () => {
    const made = await make(descriptorOf([{ href: "disk.vmdk", use: "disk", disk: SPARSE_8M }]), {
      "disk.vmdk": sparse,
    });
    assert.deepEqual(changes(made), [
      `<Disk ovf:diskId="disk0" ovf:fileRef="file0" ovf:capacity="${8 * MIB}" ovf:format="${STREAM_URI}"/>`,
    ]);
  });

  it("corrects a size that was wrong", async () => {
    const made = await make(descriptorOf([{ href: "disk.vmdk", use: "disk", attributes: 'ovf:size="7"' }]), {
      "disk.vmdk": stream,
    });
    assert.deepEqual(changes(made), [`<File ovf:id="file0" ovf:href="disk.vmdk" ovf:size="${stream.length}"/>`]);
  });

  it("takes a name that no other file has, whatever the case of its letters", async () => {
    const descriptor = descriptorOf([
      { href: "disk.img", use: "disk", disk: RAW_8M },
      { href: "DISK.VMDK", use: "disk" },
      { href: "disk.raw", use: "disk", disk: RAW_8M },
    ]);
    const made = await make(descriptor, { "disk.img": raw, "DISK.VMDK": stream, "disk.raw": raw });
    assert.deepEqual(made.names, ["DISK.VMDK", "box.mf", "box.ovf", "disk-2.vmdk", "disk-3.vmdk"]);
  });

  it("refers to names with spaces, signs and other letters so that they are found", async () => {
    const descriptor = descriptorOf([{ href: "gr%C3%BC%C3%9Fe%20%231%3F.img", use: "disk", disk: RAW_8M }]);
    const made = await make(descriptor, { "grüße #1?.img": raw });
    assert.ok(made.names.includes("grüße #1?.vmdk"));
    assert.ok(changes(made)[0]?.includes('ovf:href="gr%C3%BC%C3%9Fe%20%231%3F.vmdk"'));
  });

  it("puts files in one piece that were cut into chunks, disk or not", async () => {
    const cut = (name: string, bytes: Uint8Array, size: number): PackageFiles =>
      Object.fromEntries(
        Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => [
          `${name}.${String(i).padStart(9, "0")}`,
          bytes.slice(i * size, (i + 1) * size),
        ]),
      );
    const iso = new Uint8Array(9000).map((_, i) => i % 250);
    const descriptor = descriptorOf([
      { href: "disk.vmdk", use: "disk", attributes: `ovf:size="${stream.length}" ovf:chunkSize="10000"` },
      { href: "old.vmdk", use: "disk", disk: SPARSE_8M, attributes: `ovf:chunkSize="40000"` },
      { href: "tools.iso", use: "cdrom", attributes: 'ovf:chunkSize="4000"' },
    ]);
    const files = {
      ...cut("disk.vmdk", stream, 10_000),
      ...cut("old.vmdk", sparse, 40_000),
      ...cut("tools.iso", iso, 4000),
    };
    const made = await make(descriptor, files);
    assert.deepEqual(made.names, ["box.mf", "box.ovf", "disk.vmdk", "old.vmdk", "tools.iso"]);
    assert.deepEqual(new Uint8Array(made.bytes("disk.vmdk")), stream);
    assert.deepEqual(new Uint8Array(made.bytes("tools.iso")), iso);
    assert.ok(!made.after.join("").includes("chunkSize"));
    assert.equal(changes(made).length, 4);
  });

  it("unpacks disks that were compressed as a whole, and carries other files as they are", async () => {
    const packed = new Uint8Array(gzipSync("an image"));
    const descriptor = descriptorOf([
      { href: "disk.vmdk.gz", use: "disk", attributes: 'ovf:compression="gzip"' },
      { href: "tools.iso", use: "cdrom", attributes: 'ovf:compression="gzip"' },
    ]);
    const made = await make(descriptor, { "disk.vmdk.gz": new Uint8Array(gzipSync(stream)), "tools.iso": packed });
    assert.deepEqual(changes(made), ['<File ovf:id="file0" ovf:href="disk.vmdk"/>']);
    assert.deepEqual(new Uint8Array(made.bytes("tools.iso")), packed);
  });

  it("gives a disk the capacity that its image has where the descriptor says less, but not where a property decides", async () => {
    const less = `ovf:capacity="4" ovf:capacityAllocationUnits="byte * 2^20" ovf:format="${STREAM_URI}"`;
    const made = await make(descriptorOf([{ href: "disk.vmdk", use: "disk", disk: less }]), { "disk.vmdk": stream });
    assert.deepEqual(changes(made), [
      `<Disk ovf:diskId="disk0" ovf:fileRef="file0" ovf:capacity="${8 * MIB}" ovf:format="${STREAM_URI}"/>`,
    ]);
    const rounded = `ovf:capacity="${8 * MIB - 1000}" ovf:format="${STREAM_URI}"`;
    const kept = await make(descriptorOf([{ href: "disk.vmdk", use: "disk", disk: rounded }]), { "disk.vmdk": stream });
    assert.deepEqual(changes(kept), []);
    const property = descriptorOf([
      { href: "disk.vmdk", use: "disk", disk: `ovf:capacity="\${size}" ovf:format="${STREAM_URI}"` },
    ]);
    const declared = property.replace(
      "</VirtualSystem>",
      `<ProductSection><Info/><Property ovf:key="size" ovf:type="uint64" ovf:value="1048576"/></ProductSection></VirtualSystem>`,
    );
    assert.deepEqual(changes(await make(declared, { "disk.vmdk": stream })), []);
  });

  it("changes attributes without a prefix where they stand", async () => {
    const plain = descriptorOf([
      { href: "disk.img", use: "disk", disk: RAW_8M, attributes: `ovf:size="${raw.length}"` },
    ]);
    const descriptor = plain.replace(/<(File|Disk) .*\/>/g, (tag) => tag.replaceAll("ovf:", ""));
    const made = await make(descriptor, { "disk.img": raw });
    const { length } = made.bytes("disk.vmdk");
    assert.deepEqual(changes(made), [
      `<File id="file0" href="disk.vmdk" size="${length}"/>`,
      `<Disk diskId="disk0" fileRef="file0" capacity="${8 * MIB}" format="${STREAM_URI}"/>`,
    ]);
  });

  it("writes a file once that two Files name, and keeps both of them right", async () => {
    const descriptor = descriptorOf([
      { href: "disk.img", use: "disk", disk: RAW_8M },
      { href: "./disk.img", use: "none" },
    ]);
    const made = await make(descriptor, { "disk.img": raw });
    assert.deepEqual(made.names, ["box.mf", "box.ovf", "disk.vmdk"]);
    assert.equal(made.after.filter((line) => line.includes('ovf:href="disk.vmdk"')).length, 2);
  });

  it("lists every file in its manifest, with the digest that it has", async () => {
    const made = await make(descriptorOf([{ href: "disk.img", use: "disk", disk: RAW_8M }]), { "disk.img": raw });
    const lines = made.names
      .filter((name) => name !== "box.mf")
      .map((name) => `SHA256(${name})= ${createHash("sha256").update(made.bytes(name)).digest("hex")}`);
    assert.deepEqual(made.bytes("box.mf").toString().trimEnd().split("\n").sort(), lines.sort());
  });

  it("drops a certificate and what nothing refers to, and names each", async () => {
    const files = { "disk.vmdk": stream, "notes.txt": new Uint8Array(3) };
    const descriptor = descriptorOf([{ href: "disk.vmdk", use: "disk" }]);
    const made = packageOf(descriptor, files);
    const signer = await issue({ name: "Signer" });
    const certificate = signatureFile("box.mf", made["box.mf"] ?? assert.fail(), signer);
    const source = shop.archive({ ...made, "box.cert": new TextEncoder().encode(certificate) });
    const destination = shop.fresh();
    const { plan } = await shop.convert(source, destination, { to: "ovf" });
    assert.deepEqual(
      plan.losses.map(({ code }) => code),
      ["signature/dropped", "convert/file-dropped"],
    );
    assert.deepEqual(readdirSync(destination).sort(), ["box.mf", "box.ovf", "disk.vmdk"]);
  });

  it("gives the same bytes for the same source and time", async () => {
    const source = shop.archive(
      packageOf(descriptorOf([{ href: "disk.img", use: "disk", disk: RAW_8M }]), { "disk.img": raw }),
    );
    const results: Buffer[] = [];
    for (let i = 0; i < 2; i++) {
      const destination = shop.fresh(".ova");
      await shop.convert(source, destination, { to: "ova", modified: new Date(0) });
      results.push(readFileSync(destination));
    }
    assert.ok(results[0]?.equals(results[1] as Buffer));
  });

  it("whose disk file is missing is refused", async () => {
    const source = shop.archive(packageOf(descriptorOf([{ href: "gone.vmdk", use: "disk", disk: DISK_8M }]), {}));
    await assert.rejects(shop.convert(source, shop.fresh(), { to: "ovf" }), hasCode("package/no-member"));
  });
});

it("a free name is the wanted one, or one with a number before its extension", () => {
  assert.equal(freeName("a.vmdk", ["b.vmdk"]), "a.vmdk");
  assert.equal(freeName("a.vmdk", ["A.VMDK", "a-2.vmdk"]), "a-3.vmdk");
  assert.equal(freeName("a/b.c", ["a/b.c"]), "a/b-2.c");
  assert.equal(freeName("a.b/c", ["a.b/c"]), "a.b/c-2");
});
