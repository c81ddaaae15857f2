import type { Appliance, Machine, Property } from "../appliance/appliance.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { diagnosticOf } from "../disk/findings.js";
import type { Context } from "../io/context.js";
import { readManifest } from "../package/manifest/read.js";
import { readCertificate } from "../package/trust/read.js";
import type { ImportChoice } from "../platforms/platform.js";
import {
  type ApplianceResult,
  type DetailsResult,
  type InspectResult,
  type MachineDetails,
  type MachineResult,
  toDiagnosticResult,
} from "../report/results.js";
import { comingDisks, settleComing } from "./coming.js";
import { openDisks } from "./disks.js";
import { fillFirmware } from "./firmware.js";
import type { OpenedSource } from "./opened.js";

/** What an inspection looks at. */
export interface InspectOptions {
  readonly choice?: ImportChoice;
  /** Findings that opening the package brought. */
  readonly findings?: readonly Diagnostic[];
}

/**
 * What is in a package: machines, disks, networks, products, trust. Reads headers and a few sectors of each boot disk; unpacks nothing.
 * A disk that cannot be opened is a finding, not a failure.
 */
export async function inspectPackage(
  opened: OpenedSource,
  options: InspectOptions,
  ctx: Context,
): Promise<InspectResult> {
  const diagnostics: Diagnostic[] = [...(options.findings ?? [])];
  const own: Context = { ...ctx, report: (finding) => diagnostics.push(finding) };
  const { reader } = opened;
  const appliance = opened.appliance(options.choice ?? {}, own);
  await lookAtDisks(opened, appliance, own);
  const manifest = await readManifest(reader, own);
  const certificate = await readCertificate(reader, own);
  return {
    schema: "vmferry/inspect@1",
    package: {
      kind: reader.kind,
      name: reader.name,
      size: reader.size,
      tar: reader.tar,
      members: reader.entries.map(({ name, size, role }) => ({ name, size, role })),
    },
    descriptor:
      reader.descriptor === null
        ? null
        : { name: reader.descriptor.name, version: opened.version, producer: opened.producer },
    manifest:
      manifest === null
        ? null
        : {
            name: manifest.name,
            algorithms: [...new Set(manifest.entries.map((entry) => entry.algorithm))],
            entries: manifest.entries.length,
          },
    certificate:
      certificate === null
        ? null
        : { name: certificate.name, ...(certificate.facts ?? { subject: null, issuer: null, notAfter: null }) },
    appliance: toApplianceResult(appliance),
    diagnostics: diagnostics.map(toDiagnosticResult),
  };
}

/** What few platforms say of a package's machines. No disk is opened. */
export function inspectDetails(opened: OpenedSource, options: InspectOptions, ctx: Context): DetailsResult {
  const appliance = opened.appliance(options.choice ?? {}, { ...ctx, report: () => {} });
  return {
    schema: "vmferry/details@1",
    machines: appliance.machines.map((machine) => toDetails(machine, appliance)),
  };
}

async function lookAtDisks(opened: OpenedSource, appliance: Appliance, ctx: Context): Promise<void> {
  // One at a time, so that a damaged disk hides nothing of the others.
  const coming = comingDisks(appliance, opened.coming);
  for (const disk of appliance.disks) {
    const first = coming.get(disk.id);
    if (first !== undefined) {
      // Its beginning was read: for all that is to be said of it, the rest need not come.
      settleComing(disk, first, ctx);
      continue;
    }
    const single: Appliance = { ...appliance, disks: [disk] };
    try {
      const disks = await openDisks(opened.reader, single, { compressed: "leave" }, ctx);
      try {
        await fillFirmware(appliance, disks.byId, ctx);
      } finally {
        await disks.close();
      }
    } catch (cause) {
      if (!(cause instanceof FerryError) || cause.kind === "canceled" || cause.kind === "internal") throw cause;
      ctx.report(diagnosticOf(cause));
    }
  }
}

/** The appliance as the JSON contract shows it. Values of password properties are `null`. */
export function toApplianceResult(appliance: Appliance): ApplianceResult {
  return {
    name: appliance.name,
    machines: appliance.machines.map((machine) => toMachineResult(machine, appliance)),
    networks: appliance.networks.map(({ name, description }) => ({ name, description })),
    disks: appliance.disks.map(({ id, file, format, variant, capacityBytes, parent }) => ({
      id,
      file,
      format,
      variant,
      capacityBytes,
      parent,
    })),
    products: appliance.products.map((product) => ({ ...product, properties: product.properties.map(toProperty) })),
    eulas: appliance.eulas.map(({ machine, text }) => ({ machine, text })),
    deploymentOptions: appliance.options.map(({ id, label, default: isDefault }) => ({
      id,
      label,
      default: isDefault,
    })),
    startup: appliance.startup.map(({ machine, order, startDelaySeconds }) => ({ machine, order, startDelaySeconds })),
  };
}

function toMachineResult(machine: Machine, appliance: Appliance): MachineResult {
  const fileName = fileNames(appliance);
  const { cim, vmware, virtualbox, description } = machine.guestOs;
  return {
    id: machine.id,
    name: machine.name,
    annotation: machine.annotation,
    guestOs: { cim, vmware, virtualbox, description },
    cpu: { count: machine.cpu.count, coresPerSocket: machine.cpu.coresPerSocket },
    memoryBytes: machine.memoryBytes,
    firmware: machine.firmware,
    firmwareFrom: machine.firmwareFrom,
    hardwareTypes: machine.hardwareTypes,
    controllers: machine.controllers,
    attachments: machine.attachments.map(({ device, disk, file, controller, slot }) => ({
      device,
      disk,
      file: fileName(file),
      controller,
      slot,
    })),
    nics: machine.nics.map(({ network, model, mac }) => ({ network, model, mac })),
    transports: machine.transports,
  };
}

/** Names of files by their ids. */
function fileNames(appliance: Appliance): (id: string | null) => string | null {
  return (id) => (id === null ? null : (appliance.files.find((file) => file.id === id)?.name ?? id));
}

/** What the contract's appliance has no room for. */
function toDetails(machine: Machine, appliance: Appliance): MachineDetails {
  const fileName = fileNames(appliance);
  const { osinfo, proxmox, xenserver } = machine.guestOs;
  const { directBoot } = machine;
  const disks = new Set(machine.attachments.flatMap(({ disk }) => disk ?? []));
  return {
    id: machine.id,
    uuid: machine.uuid,
    guestIds: { osinfo, proxmox, xenserver },
    threadsPerCore: machine.cpu.threadsPerCore,
    maxCpus: machine.cpu.max,
    nested: machine.cpu.nested,
    dynamicMemory: machine.dynamicMemory,
    virtualization: machine.virtualization,
    chipset: machine.chipset,
    tpm: machine.tpm,
    nvram: fileName(machine.nvram),
    directBoot:
      directBoot === null
        ? null
        : { ...directBoot, kernel: fileName(directBoot.kernel), initrd: fileName(directBoot.initrd) },
    nics: machine.nics.map(({ kind, vlan, connected }) => ({ kind, vlan, connected })),
    serialPorts: machine.serialPorts,
    sound: machine.sound,
    video: machine.video,
    clock: machine.clock,
    boot: machine.boot,
    readOnly: machine.attachments.flatMap(({ readOnly }, index) => (readOnly ? [index] : [])),
    sharedDisks: appliance.disks.filter(({ id, shared }) => shared && disks.has(id)).map(({ id }) => id),
    foreign: machine.foreign.map(({ source, name }) => ({ source, name })),
  };
}

function toProperty(property: Property): Omit<Property, "value"> & { readonly value: string | null } {
  const { value } = property;
  return { ...property, value: property.password || typeof value !== "string" ? null : value };
}
