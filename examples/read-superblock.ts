/**
 * Reads an ext4 file system's superblock out of a disk inside of an appliance on a web server, with a few requests:
 *
 *     node dist/examples/read-superblock.js https://example.org/appliance.ova appliance-disk1.vmdk
 */
import { listPartitions, openPackage, openPackageDisk, readGuest } from "vmferry";
import { createContext, createRuntime, openUrl } from "vmferry/node";

const [url = "", file = ""] = process.argv.slice(2);
const runtime = createRuntime();
const ctx = createContext(runtime);

const input = await openUrl(url);
const appliance = await openPackage(input, {}, ctx);
const disk = await openPackageDisk(appliance, file, ctx);
const [first] = await listPartitions(disk, ctx);
const superblock = await readGuest(disk, { offset: (first?.offset ?? 0) + 1024, length: 1024 }, ctx);
const view = new DataView(superblock.buffer);
console.log({
  isExt: view.getUint16(0x38, true) === 0xef53,
  blocks: view.getUint32(0x04, true),
  blockBytes: 1024 * 2 ** view.getUint32(0x18, true),
  label: new TextDecoder().decode(superblock.subarray(0x78, 0x88)).replace(/\0.*$/s, ""),
});

await input.close();
await runtime.close();
