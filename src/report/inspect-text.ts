import type { HashName, PackageKind } from "../base/ids.js";
import { formatBytes, plural } from "../base/text.js";
import { renderFindings } from "./findings.js";
import { columns, facts, oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { ApplianceResult, InspectResult, MachineResult, ProductResult } from "./results.js";

const kindNames: Readonly<Record<PackageKind, string>> = {
  ova: "OVA",
  directory: "OVF folder",
  vmx: "VMX folder",
  vbox: "VirtualBox folder",
  libvirt: "libvirt folder",
  xva: "XVA",
  hyperv: "Hyper-V folder",
  proxmox: "Proxmox folder",
  vma: "VMA",
  xl: "xl folder",
  disk: "bare disk",
};

const firmwareNames: Readonly<Record<MachineResult["firmware"], string>> = {
  bios: "BIOS",
  efi: "EFI",
  "efi-secure": "EFI with secure boot",
  unknown: "unknown",
};

const firmwareOrigins: Readonly<Record<NonNullable<MachineResult["firmwareFrom"]>, string>> = {
  declared: "declared",
  vendor: "by a vendor's extension",
  disk: "read from the boot disk",
  default: "by default",
};

/** `SHA-256` for `sha256`. */
export function hashLabel(algorithm: HashName): string {
  return algorithm === "md5" ? "MD5" : algorithm.toUpperCase().replace("SHA", "SHA-");
}

/** What is in a package, for people. */
export function renderInspect(result: InspectResult, palette: Palette): string {
  const sections = [renderPackage(result, palette)];
  if (result.appliance !== null) sections.push(...renderAppliance(result.appliance, palette));
  if (result.diagnostics.length > 0) {
    sections.push([palette.title("findings"), ...renderFindings(result.diagnostics, palette, "  ")]);
  }
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function renderPackage(result: InspectResult, palette: Palette): string[] {
  const { package: pack, descriptor, manifest, certificate } = result;
  const archive = pack.tar === null ? "" : ` (${pack.tar} tar)`;
  const kind = `${kindNames[pack.kind]}, ${formatBytes(pack.size)}, ${plural(pack.members.length, "member")}${archive}`;
  const sums = manifest === null ? "none" : `${oneLine(manifest.name)}, ${describeSums(manifest)}`;
  const pairs: [string, string | null][] = [
    ["package", kind],
    ["descriptor", descriptor === null ? null : describeDescriptor(descriptor, pack.kind)],
    ["manifest", sums],
    ["certificate", certificate === null ? null : describeCertificate(certificate)],
  ];
  const members = pack.members.map((member) => [oneLine(member.name), formatBytes(member.size), member.role]);
  return [palette.title(oneLine(pack.name)), ...facts(pairs, "  ", palette), ...columns(members, "    ")];
}

function describeSums(manifest: NonNullable<InspectResult["manifest"]>): string {
  const algorithms = manifest.algorithms.map(hashLabel).join(" and ");
  return `${algorithms === "" ? "sums" : algorithms} of ${plural(manifest.entries, "file")}`;
}

function describeDescriptor(descriptor: NonNullable<InspectResult["descriptor"]>, kind: PackageKind): string {
  const format = kind === "ova" || kind === "directory" ? "OVF " : "";
  const version = descriptor.version === null ? "" : `, ${format}${oneLine(descriptor.version)}`;
  const producer = descriptor.producer === null ? "" : `, by ${oneLine(descriptor.producer)}`;
  return `${oneLine(descriptor.name)}${version}${producer}`;
}

function describeCertificate(certificate: NonNullable<InspectResult["certificate"]>): string {
  const { name, subject, issuer, notAfter } = certificate;
  const parts = [
    name,
    subject,
    issuer === null ? null : `issued by ${issuer}`,
    notAfter === null ? null : `until ${notAfter}`,
  ];
  return parts
    .filter((part) => part !== null)
    .map(oneLine)
    .join(", ");
}

function renderAppliance(appliance: ApplianceResult, palette: Palette): string[][] {
  const sections = appliance.machines.map((machine) => renderMachine(machine, palette));
  const add = (title: string, lines: readonly string[]): void => {
    if (lines.length > 0) sections.push([palette.title(title), ...lines]);
  };
  const disks = appliance.disks.map((disk) => [
    oneLine(disk.id),
    disk.file === null ? "(empty)" : oneLine(disk.file),
    [disk.format, disk.variant]
      .filter((word) => word !== null)
      .map(oneLine)
      .join(" "),
    formatBytes(disk.capacityBytes),
    disk.parent === null ? "" : `on top of ${oneLine(disk.parent)}`,
  ]);
  add("disks", columns(disks, "  "));
  add(
    "networks",
    columns(
      appliance.networks.map((n) => [oneLine(n.name), oneLine(n.description ?? "")]),
      "  ",
    ),
  );
  add(
    "products",
    appliance.products.flatMap((product) => renderProduct(product, palette)),
  );
  const eulas = appliance.eulas.map((eula) => {
    const owner = eula.machine === null ? "all machines" : `machine ${oneLine(eula.machine)}`;
    return `  ${owner}: ${excerpt(eula.text)} ${palette.dim(`(${plural(eula.text.length, "character")})`)}`;
  });
  add("licences", eulas);
  const options = appliance.deploymentOptions.map((o) => [oneLine(o.id), oneLine(o.label), o.default ? "default" : ""]);
  add("deployment options", columns(options, "  "));
  const startup = appliance.startup.map((step) => [
    String(step.order),
    oneLine(step.machine),
    step.startDelaySeconds === 0 ? "" : `after ${step.startDelaySeconds} s`,
  ]);
  add("start order", columns(startup, "  "));
  return sections;
}

function renderMachine(machine: MachineResult, palette: Palette): string[] {
  const { cpu, guestOs } = machine;
  const guest = [
    guestOs.description,
    guestOs.vmware,
    guestOs.virtualbox,
    guestOs.cim === null ? null : `CIM ${guestOs.cim}`,
  ];
  const origin = machine.firmwareFrom === null ? "" : `, ${firmwareOrigins[machine.firmwareFrom]}`;
  const title = machine.id === machine.name ? machine.name : `${machine.name} (${machine.id})`;
  const pairs: [string, string | null][] = [
    ["note", machine.annotation === null ? null : excerpt(machine.annotation)],
    ["guest", join([...new Set(guest)], ", ")],
    ["processors", `${cpu.count}${cpu.coresPerSocket === null ? "" : `, ${cpu.coresPerSocket} to a socket`}`],
    ["memory", formatBytes(machine.memoryBytes)],
    ["firmware", `${firmwareNames[machine.firmware]}${origin}`],
    ["hardware", join(machine.hardwareTypes, ", ")],
    ["environment", join(machine.transports, ", ")],
  ];
  const controllers = new Map(machine.controllers.map((controller) => [controller.id, controller]));
  const drives = machine.attachments.map((drive) => {
    const controller = drive.controller === null ? undefined : controllers.get(drive.controller);
    const slot = drive.slot === null ? "" : `:${drive.slot}`;
    const place = controller === undefined ? "" : `${controller.bus} ${controller.index}${slot}`;
    return [
      drive.device.padEnd("floppy".length),
      place,
      oneLine(controller?.model ?? ""),
      oneLine(drive.disk ?? drive.file ?? "(empty)"),
    ];
  });
  const nics = machine.nics.map((nic) => [
    "nic",
    oneLine(nic.network ?? "(no network)"),
    oneLine(nic.model ?? ""),
    nic.mac ?? "",
  ]);
  return [
    palette.title(`machine ${oneLine(title)}`),
    ...facts(pairs, "  ", palette),
    ...columns(drives, "    "),
    ...columns(nics, "    "),
  ];
}

function renderProduct(product: ProductResult, palette: Palette): string[] {
  const owner = product.machine === null ? null : palette.dim(`(machine ${oneLine(product.machine)})`);
  const words = [product.name ?? product.class ?? "(unnamed)", product.fullVersion ?? product.version];
  const vendor = product.vendor === null ? null : `by ${oneLine(product.vendor)}`;
  const properties = product.properties.map((property) => [
    oneLine(property.key),
    oneLine(property.type),
    property.password ? "(password)" : property.value === null ? "" : JSON.stringify(oneLine(property.value)),
    oneLine(property.label ?? ""),
  ]);
  return [
    `  ${join([...words.map((word) => (word === null ? null : oneLine(word))), vendor, owner], " ")}`,
    ...columns(properties, "    "),
  ];
}

/** The first words of a long text. */
function excerpt(text: string): string {
  const line = oneLine(text).trim();
  return line.length <= 72 ? line : `${line.slice(0, 69).trimEnd()}...`;
}

function join(words: readonly (string | null)[], separator: string): string | null {
  const kept = words.filter((word): word is string => word !== null && word !== "");
  return kept.length === 0 ? null : kept.join(separator);
}
