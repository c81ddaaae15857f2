import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DiskFormatId } from "../../src/index.js";
import type { Ferry } from "../support/ferry.js";
import type { PackageFixture } from "../support/fixtures.js";

/** A package that no other program makes: the same machine, its disks in a format that importers of OVF do not take. */
export async function withDisksAs(
  ferry: Ferry,
  fixture: PackageFixture,
  format: DiskFormatId,
  folder: string,
): Promise<string> {
  const { source, facts } = fixture;
  await ferry.convert(source, folder, { to: "ovf" });
  const descriptor = join(folder, facts.descriptor?.name ?? "");
  let text = await readFile(descriptor, "utf8");
  for (const { file } of facts.disks) {
    const name = file.replace(/\.vmdk$/, `.${format}`);
    await ferry.convertDisk(join(folder, file), join(folder, name), { format });
    await rm(join(folder, file));
    text = text.replaceAll(`"${file}"`, `"${name}"`);
  }
  await writeFile(descriptor, text);
  await rm(join(folder, facts.descriptor?.name.replace(/ovf$/, "mf") ?? ""));
  return descriptor;
}
