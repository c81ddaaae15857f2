/** Writes a descriptor from the neutral model. Pure: a tree of elements, and the disks and files that go with it. */
import type { Appliance, Group, Machine } from "../../appliance/appliance.js";
import { bootDiskIndex } from "../../appliance/fit/drives.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import {
  BOOT_CONFIG,
  BOOT_SOURCE,
  EPASD,
  RASD,
  VIRTUALBOX,
  VMWARE,
  VSSD,
  XENSERVER,
  XSI,
} from "../../ovf/namespaces.js";
import { el, renderXml, type XmlNode } from "../../xml/build.js";
import { asciiStem, lossesOf, nameContents, nameFiles, type OvfExportFile, sharedDisks } from "./export-files.js";
import { machineElement } from "./export-machine.js";
import type { OvfExportOptions } from "./export-options.js";
import { eulaSections, productSections, startupSection } from "./export-products.js";
import { isSecond, messageElement, namespaceOf, type OvfWriting, section, textElement } from "./export-session.js";

/** `ovf:format` of a CD image. */
const ISO = "http://www.ecma-international.org/publications/standards/Ecma-119.htm";

/** What is known of the files when the descriptor is written: bytes by file name; `populated`: bytes in use, by disk id. */
export interface OvfSizes {
  readonly files: ReadonlyMap<string, number | null>;
  readonly populated: ReadonlyMap<string, number>;
}

/** A descriptor that waits for the sizes of its files. */
export interface OvfExport {
  /** Name of the descriptor. */
  readonly name: string;
  /** In the order of References. */
  readonly files: readonly OvfExportFile[];
  /** Ids of the appliance's disks, with the `diskId` of each. */
  readonly disks: readonly (readonly [disk: string, diskId: string])[];
  readonly notes: readonly Diagnostic[];
  render(sizes: OvfSizes): Uint8Array;
}

/** Writes a fitted appliance as an OVF package: one descriptor for all of its machines. */
export function exportOvf(fitted: Appliance, options: OvfExportOptions): OvfExport {
  const { flavour, version } = options;
  const notes: Diagnostic[] = [];
  const stem = asciiStem(fitted.name ?? fitted.machines[0]?.name ?? "appliance");
  const { files, diskIds, fileIds, imageIds } = nameFiles(fitted, options, stem);
  const contentIds = nameContents(fitted);
  const writing: OvfWriting = {
    flavour,
    version,
    fitted,
    notes,
    embedded: options.embedded ?? null,
    authored: options.authored ?? null,
    diskId: (id) => diskIds.get(id) ?? null,
    imageId: (id) => imageIds.get(id) ?? null,
    fileId: (id) => fileIds.get(id) ?? null,
    contentId: (kind, id) => contentIds.get(`${kind} ${id}`) ?? id,
  };
  // Losses are told while the tree is made, which needs no sizes.
  const content = contentElement(writing);
  notes.push(...lossesOf(writing, new Set(fileIds.keys())));
  return {
    name: `${stem}.ovf`,
    files,
    disks: [...diskIds],
    notes,
    render: (sizes) => new TextEncoder().encode(renderXml(envelope(writing, files, content, sizes))),
  };
}

function envelope(
  writing: OvfWriting,
  files: readonly OvfExportFile[],
  content: XmlNode,
  { files: bytes, populated }: OvfSizes,
): XmlNode {
  const { version, flavour, fitted } = writing;
  const namespace = namespaceOf(version);
  const second = isSecond(version);
  const bootable = new Set(fitted.machines.map((machine) => machine.attachments[bootDiskIndex(machine)]?.disk ?? ""));
  const disks = fitted.disks.filter(({ id }) => writing.diskId(id) !== null);
  const diskElement = (name: "Disk" | "SharedDisk", id: string, capacity: number): XmlNode => {
    const file = files.find((candidate) => candidate.disk === id);
    return el(name, {
      "ovf:diskId": writing.diskId(id),
      "ovf:fileRef": file?.id,
      "ovf:capacity": capacity,
      "ovf:populatedSize": populated.get(id),
      "ovf:format": flavour.disk.uri,
      "vbox:uuid": writing.embedded?.disk(id),
      "xenovf:isBootable": flavour.xenserver === true ? bootable.has(id) : null,
    });
  };
  // VirtualBox knows the images of its settings among the disks, and names their drives so.
  const imageElement = ({ id, name, asset, diskId }: OvfExportFile): XmlNode[] => {
    if (asset === null || diskId === null || writing.embedded === null) return [];
    const capacity = bytes.get(name) ?? fitted.files.find((file) => file.id === asset)?.size ?? 0;
    const uuid = writing.embedded.image("cdrom", asset);
    return [
      el("Disk", {
        "ovf:diskId": diskId,
        "ovf:fileRef": id,
        "ovf:capacity": capacity,
        "ovf:format": ISO,
        "vbox:uuid": uuid,
      }),
    ];
  };
  const several = second ? sharedDisks(fitted) : new Set<string>();
  const isShared = (id: string): boolean => several.has(id);
  const own = disks.filter(({ id }) => !isShared(id));
  const shared = disks.filter(({ id }) => isShared(id));
  const images = files.flatMap(imageElement);
  return el(
    "Envelope",
    {
      xmlns: namespace,
      "xmlns:ovf": namespace,
      "xmlns:rasd": RASD,
      "xmlns:vssd": VSSD,
      ...(second ? { "xmlns:epasd": EPASD, "xmlns:bootc": BOOT_CONFIG, "xmlns:boots": BOOT_SOURCE } : {}),
      ...(flavour.vmware ? { "xmlns:vmw": VMWARE } : {}),
      ...(flavour.virtualbox === true ? { "xmlns:vbox": VIRTUALBOX } : {}),
      ...(flavour.xenserver === true ? { "xmlns:xenovf": XENSERVER } : {}),
      "xmlns:xsi": XSI,
      "ovf:version": version,
    },
    el(
      "References",
      {},
      ...files.map(({ id, name }) => el("File", { "ovf:id": id, "ovf:href": name, "ovf:size": bytes.get(name) })),
    ),
    own.length + images.length === 0
      ? null
      : section(
          "DiskSection",
          "The virtual disks of the package",
          {},
          ...own.map((disk) => diskElement("Disk", disk.id, disk.capacityBytes)),
          ...images,
        ),
    shared.length === 0
      ? null
      : section(
          "SharedDiskSection",
          "The virtual disks that several machines use",
          {},
          ...shared.map((disk) => diskElement("SharedDisk", disk.id, disk.capacityBytes)),
        ),
    optionSection(writing),
    networkSection(writing),
    content,
    ...stringSections(writing),
  );
}

/** The configurations that whoever deploys the package chooses from. Without an author one was chosen already. */
function optionSection(writing: OvfWriting): XmlNode | null {
  const { authored, fitted } = writing;
  if (authored === null || authored.options.length === 0) return null;
  return section(
    "DeploymentOptionSection",
    "The configurations of the package",
    {},
    ...authored.options.map(({ id, description }) => {
      const option = fitted.options.find((known) => known.id === id);
      return el(
        "Configuration",
        { "ovf:id": id, "ovf:default": option?.default === true ? true : null },
        messageElement("Label", option?.label ?? id, writing),
        messageElement("Description", description, writing),
      );
    }),
  );
}

/** What texts are in other languages. */
function stringSections({ authored }: OvfWriting): XmlNode[] {
  return (authored?.bundles ?? []).map(({ language, texts }) =>
    el(
      "Strings",
      { "xml:lang": language },
      ...texts.map(([id, text]) => textElement("Msg", text, { "ovf:msgid": id })),
    ),
  );
}

function networkSection(writing: OvfWriting): XmlNode | null {
  const { fitted } = writing;
  const networks = new Map<string, string | null>();
  for (const { name, description } of fitted.networks) {
    if (name !== "" && (networks.get(name) ?? null) === null) networks.set(name, description);
  }
  for (const { network } of fitted.machines.flatMap(({ nics }) => nics)) {
    if (network !== null && !networks.has(network)) networks.set(network, null);
  }
  if (networks.size === 0) return null;
  return section(
    "NetworkSection",
    "The networks that the package uses",
    {},
    ...[...networks].map(([name, description]) =>
      el("Network", { "ovf:name": name }, messageElement("Description", description, writing)),
    ),
  );
}

/** The one content of an envelope: the machine, or a collection of all machines and groups. */
function contentElement(writing: OvfWriting): XmlNode {
  const { fitted } = writing;
  const seen = new Set<string>();
  const machines = new Map(fitted.machines.map((machine) => [machine.id, machine]));
  const groups = new Map(fitted.groups.map((group) => [group.id, group]));
  const members = (ids: readonly string[]): readonly (Machine | Group)[] =>
    ids.flatMap((id) => {
      if (seen.has(id)) return [];
      const member = machines.get(id) ?? groups.get(id);
      if (member === undefined) return [];
      seen.add(id);
      return [member];
    });
  const element = (member: Machine | Group): XmlNode => {
    if ("guestOs" in member) return machineElement(member, writing);
    return collection(writing.contentId("group", member.id), member.name, member.members, false);
  };
  const collection = (id: string, name: string | null, ids: readonly string[], top: boolean): XmlNode => {
    const inside = members(ids);
    const own = new Set(inside.map((member) => member.id));
    return el(
      "VirtualSystemCollection",
      { "ovf:id": id },
      el("Info", {}, "Several virtual machines"),
      messageElement("Name", name, writing),
      ...(top ? [...productSections(null, writing), ...eulaSections(null, writing)] : []),
      startupSection(
        fitted.startup.filter(({ machine }) => own.has(machine) && machines.has(machine)),
        writing,
      ),
      ...inside.map(element),
    );
  };
  const inGroups = new Set(fitted.groups.flatMap((group) => group.members));
  const roots = [...fitted.groups, ...fitted.machines].map(({ id }) => id).filter((id) => !inGroups.has(id));
  // Groups that hold each other have no root: the first one is made one.
  const tops = [...roots, ...fitted.groups.map(({ id }) => id), ...fitted.machines.map(({ id }) => id)];
  const [first] = roots;
  const [only] = fitted.machines;
  if (roots.length === 1 && first !== undefined) {
    const group = groups.get(first);
    if (group === undefined && only !== undefined && fitted.machines.length === 1) return machineElement(only, writing);
    if (group !== undefined && reaches(group, groups, fitted)) {
      seen.add(first);
      return collection(writing.contentId("group", group.id), group.name, group.members, true);
    }
  }
  return collection(writing.contentId("group", ""), fitted.name, tops, true);
}

/** Whether every machine and every other group is in a group, or in one of those in it. */
function reaches(top: Group, groups: ReadonlyMap<string, Group>, fitted: Appliance): boolean {
  const found = new Set<string>([top.id]);
  const queue = [...top.members];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    queue.push(...(groups.get(id)?.members ?? []));
  }
  return [...fitted.machines, ...fitted.groups].every(({ id }) => found.has(id));
}
