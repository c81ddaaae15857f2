/** An OVA: a tar archive with an OVF descriptor in it (DSP0243 5.3). Members are slices of the archive. */
import { FerryError } from "../../base/errors.js";
import { plural, printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { sliceSource } from "../../io/sources/slice.js";
import { damaged, type OnDamage } from "../damage.js";
import { entryLabel, makeEntries, type StoredFile } from "../entries.js";
import type { PackageReader } from "../model.js";
import { diskEntries, lastSegment, type OpenPackageOptions, openPackageDefaults } from "../reader.js";
import { isDescriptorName } from "../roles.js";
import { readTarIndex, type TarMember } from "../tar/index.js";

/**
 * Opens an OVA: reads its headers, and its descriptor where `references` is given. The source stays the caller's.
 * @throws what `readTarIndex` throws, and `package/no-descriptor`
 */
export async function openOva(
  source: ByteSource,
  ctx: Context,
  options: Partial<OpenPackageOptions> = {},
): Promise<PackageReader> {
  const { onDamage, references, parents, remote } = { ...openPackageDefaults, ...options };
  const index = await readTarIndex(source, ctx, { onDamage });
  const descriptor = chooseDescriptor(index.members, { label: source.label, onDamage }, ctx);
  const files = index.members.map((member) => storedFile(member, source));
  const table = await makeEntries(files, { label: source.label, descriptor, references, parents, remote }, ctx);
  return {
    kind: "ova",
    name: lastSegment(source.label),
    size: source.size,
    tar: index.dialect === "v7" ? null : index.dialect,
    descriptor: table.descriptor,
    resolver: table.resolver,
    entries: table.entries,
    stored: files.map(({ name }) => name),
    referenced: table.referenced,
    entry: table.lookup,
    disks: async () => diskEntries(table.entries),
    close: async () => {},
  };
}

function storedFile(member: TarMember, archive: ByteSource): StoredFile {
  const label = entryLabel(archive.label, member.name);
  const { present, dataAt } = member;
  const part = { size: present, open: async () => sliceSource(archive, dataAt, present, label) };
  return {
    name: member.name,
    size: member.size,
    ...(present < member.size ? { present: part } : {}),
    async open(): Promise<ByteSource> {
      if (member.present === member.size) return sliceSource(archive, member.dataAt, member.size, label);
      const message = `only ${member.present} of ${member.size} bytes of '${printable(member.name)}' are in the archive`;
      throw new FerryError("tar/cut-off", message, {
        location: { at: "member", file: archive.label, member: member.name },
        hint: "The download or copy is incomplete, or a size in the archive lies. Fetch it again.",
      });
    },
  };
}

/** The first descriptor of the archive: the standard wants it in front of everything. */
function chooseDescriptor(
  members: readonly TarMember[],
  where: { readonly label: string; readonly onDamage: OnDamage },
  ctx: Context,
): string | null {
  const descriptors = members.filter((member) => isDescriptorName(member.name));
  const [first] = descriptors;
  if (first === undefined) {
    const message = `the archive has no OVF descriptor among its ${plural(members.length, "file")}`;
    const hint = "An OVA holds one file that ends in .ovf. Is this some other tar archive?";
    damaged(new FerryError("package/no-descriptor", message, { hint }), where.onDamage, ctx);
    return null;
  }
  if (descriptors.length > 1) {
    ctx.report({
      code: "package/many-descriptors",
      severity: "warning",
      message: `the archive has ${descriptors.length} descriptors; the first, '${printable(first.name)}', is used`,
      hint: "A package has one descriptor. Take the others out.",
      location: { at: "member", file: where.label, member: first.name },
    });
  }
  return first.name;
}
