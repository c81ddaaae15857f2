/** Packages made in code, small and exact, to be changed in one place. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { copyDisk } from "../../src/disk/copy.js";
import { shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { type ImageShape, imageOf } from "../../src/disk/testing/images.js";
import { memoryFileSet } from "../../src/io/testing/memory-set.js";
import { type SparseBytes, sparseSource } from "../../src/io/testing/sparse-bytes.js";
import { serializeTarHeader } from "../../src/package/tar/header.js";
import { diskContext } from "./disks.js";
import { STREAM } from "./ovf.js";

/** Files of a package, in order. */
export type PackageFiles = Readonly<Record<string, Uint8Array>>;

/** A disk image of a format, as its only file. */
export function diskFile(format: string, variant: string, shape: ImageShape): Promise<Uint8Array> {
  return diskFileOf(format, variant, imageOf(shape));
}

/** A guest's bytes as a disk image of a format, as its only file. */
export async function diskFileOf(format: string, variant: string, image: SparseBytes): Promise<Uint8Array> {
  const from = openRaw(sparseSource(image, "image"));
  const plan = await diskFormats.find(format)?.plan?.(shapeOf(from), { name: "disk", variant }, diskContext());
  if (plan === undefined) throw new Error(`${format} is not written`);
  const files = memoryFileSet();
  await copyDisk(from, [{ plan, files }], diskContext());
  const bytes = files.files.get("disk");
  if (bytes === undefined || files.files.size !== 1) throw new Error(`${format} ${variant} is not one file`);
  return bytes.read(0, bytes.size);
}

/** A File of References, and what the machine does with it. */
export interface DescribedFile {
  readonly href: string;
  /** Further attributes of the File. */
  readonly attributes?: string;
  readonly use: "disk" | "cdrom" | "none";
  /** Attributes of the Disk: by default 8 MiB, and the format of a stream-optimized VMDK. */
  readonly disk?: string;
}

/** What an 8 MiB disk is called in the descriptor. */
export const DISK_8M: string = `ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^20" ovf:format="${STREAM}"`;

const CIM = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_";

/** A descriptor of one machine, each element on a line of its own. `empty`: attributes of disks without a file. */
export function descriptorOf(files: readonly DescribedFile[], empty: readonly string[] = []): string {
  const drives: string[] = [];
  const disks: string[] = [];
  const drive = (type: number, resource: string): void => {
    const at = drives.length;
    drives.push(
      `      <Item><rasd:AddressOnParent>${at}</rasd:AddressOnParent><rasd:ElementName>drive ${at}</rasd:ElementName><rasd:HostResource>ovf:/${resource}</rasd:HostResource><rasd:InstanceID>${10 + at}</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>${type}</rasd:ResourceType></Item>`,
    );
  };
  for (const [i, { use, disk = DISK_8M }] of files.entries()) {
    if (use === "cdrom") drive(15, `file/file${i}`);
    if (use !== "disk") continue;
    disks.push(`    <Disk ovf:diskId="disk${i}" ovf:fileRef="file${i}" ${disk}/>`);
    drive(17, `disk/disk${i}`);
  }
  for (const [i, attributes] of empty.entries()) {
    disks.push(`    <Disk ovf:diskId="empty${i}" ${attributes}/>`);
    drive(17, `disk/empty${i}`);
  }
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- made by a test -->
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="${CIM}ResourceAllocationSettingData" xmlns:vssd="${CIM}VirtualSystemSettingData">
  <References>
${files.map(({ href, attributes = "" }, i) => `    <File ovf:id="file${i}" ovf:href="${href}" ${attributes}/>`).join("\n")}
  </References>
  <DiskSection>
    <Info>Disks</Info>
${disks.join("\n")}
  </DiskSection>
  <VirtualSystem ovf:id="box">
    <Info>A machine</Info>
    <VirtualHardwareSection>
      <Info>Hardware</Info>
      <System><vssd:ElementName>Hardware</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID><vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType></System>
      <Item><rasd:ElementName>1 CPU</rasd:ElementName><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>
      <Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:ElementName>64 MB</rasd:ElementName><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>64</rasd:VirtualQuantity></Item>
      <Item><rasd:Address>0</rasd:Address><rasd:ElementName>SATA</rasd:ElementName><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceSubType>AHCI</rasd:ResourceSubType><rasd:ResourceType>20</rasd:ResourceType></Item>
${drives.join("\n")}
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`;
}

/** A manifest of some files, with SHA256 by default. */
export function manifestOf(files: PackageFiles, hash: "sha1" | "sha256" | "sha512" = "sha256"): Uint8Array {
  const lines = Object.entries(files).map(
    ([name, bytes]) => `${hash.toUpperCase()}(${name})= ${createHash(hash).update(bytes).digest("hex")}\n`,
  );
  return new TextEncoder().encode(lines.join(""));
}

/** The files with a descriptor in front of them and a manifest of all behind them. */
export function packageOf(
  descriptor: string,
  files: PackageFiles,
  listed: (name: string) => boolean = () => true,
): PackageFiles {
  const all = { "box.ovf": new TextEncoder().encode(descriptor), ...files };
  const inManifest = Object.fromEntries(Object.entries(all).filter(([name]) => listed(name)));
  return { ...all, "box.mf": manifestOf(inManifest) };
}

/** An archive of some files. */
export function ovaOf(files: PackageFiles): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const [name, bytes] of Object.entries(files)) {
    blocks.push(serializeTarHeader({ name, size: bytes.length, mtime: 0 }), bytes);
    blocks.push(new Uint8Array((512 - (bytes.length % 512)) % 512));
  }
  return new Uint8Array(Buffer.concat([...blocks, new Uint8Array(1024)]));
}

/** Lays files into a folder, which is made. Returns the folder. */
export function layOut(folder: string, files: PackageFiles): string {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}
