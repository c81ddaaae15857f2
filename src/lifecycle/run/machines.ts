import type { Appliance, Attachment, Machine } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import { noWishes } from "../../appliance/wish.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { openDisks } from "../../operations/disks.js";
import { fillFirmware } from "../../operations/firmware.js";
import { fillGuestSystems, guestHints, guestsOf } from "../../operations/guest.js";
import { entryNamed } from "../../operations/open.js";
import type { OpenedSource } from "../../operations/opened.js";
import { unpackEntry } from "../../operations/unpacked.js";
import { diskExport, type NbdExport } from "../../serve/nbd/export.js";
import type { MachineShape } from "../../targets/profile.js";
import { targets } from "../../targets/targets.js";
import { type AnsweredPackage, environmentCd } from "../answers.js";
import { cloudInitSeed } from "../bridges.js";
import type { RunState } from "./state.js";

/** What is behind a drive of a machine. */
export type DriveBacking =
  /** A disk: what is written goes to an overlay. `export`: what it lies over; `null`: nothing, an empty disk. */
  | { readonly kind: "disk"; readonly id: string; readonly size: number; readonly export: string | null }
  /** An image that is read only. */
  | { readonly kind: "image"; readonly export: string };

/** Machines of a package as they run here. */
export interface RunnableMachines {
  readonly appliance: Appliance;
  readonly exports: readonly NbdExport[];
  shape(machine: Machine): MachineShape;
  /** `null`: an empty drive. */
  behind(machine: Machine, attachment: Attachment): DriveBacking | null;
  /** What the machine finds in QEMU's firmware configuration; `null`: nothing. */
  firmwareFile(machine: Machine): string | null;
  close(): Promise<void>;
}

/** Id of the CD with the OVF environment of a machine, among the appliance's files. */
const environmentId = (machine: string): string => `vmferry-environment:${machine}`;
/** The same of the CD with what cloud-init looks for. */
const seedId = (machine: string): string => `vmferry-seed:${machine}`;

/**
 * Opens the machines of a package: disks and images as exports, hardware fitted to QEMU, a CD with the OVF environment where there is one.
 * What opening and fitting found goes to the context's `report`.
 * @param told the answers, `null` for what is no OVF package; and the run, which says by what ways the machines are told them
 * @throws `vm/no-machine`, `vm/shared-disk`, and what opening disks throws
 */
export async function openMachines(
  opened: OpenedSource,
  source: Appliance,
  told: Told,
  ctx: Context,
): Promise<RunnableMachines> {
  checkMachines(source);
  const environments = addEnvironments(source, told, ctx);
  const disks = await openDisks(opened.reader, source, { compressed: "unpack" }, ctx);
  const closers: (() => Promise<void>)[] = [() => disks.close()];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    await fillFirmware(source, disks.byId, ctx);
    const guests = await guestsOf(source, disks.byId, ctx);
    const hints = guestHints(source, guests, noWishes);
    const notes = fillGuestSystems(source, guests);
    const target = targets.get("qemu");
    const fitted = fit(source, target, hints);
    for (const note of [...notes, ...fitted.notes]) ctx.report(note);
    const exports: NbdExport[] = [...disks.byId].map(([id, disk]) => diskExport(`disk:${id}`, disk, ctx));
    for (const [id, bytes] of environments) exports.push(bytesExport(id, bytes));
    for (const { id, name, role } of fitted.appliance.files) {
      const used = fitted.appliance.machines.some(({ attachments }) => attachments.some(({ file }) => file === id));
      if (!used || environments.has(id)) continue;
      if (role === "nvram") continue;
      const entry = entryNamed(opened.reader, name);
      const image = opened.packed.has(name)
        ? await unpackEntry(entry, ctx.limits.unpackedBytes, ctx)
        : await entry.open().then((bytes) => ({ source: bytes, close: () => bytes.close() }));
      closers.push(() => image.close());
      exports.push(sourceExport(`file:${id}`, image.source, ctx));
    }
    const names = new Set(exports.map(({ name }) => name));
    return {
      appliance: fitted.appliance,
      exports,
      shape: (machine) => fitted.shapes.get(machine.id) ?? (target.shapes[0] as MachineShape),
      behind(_machine, { disk, file }): DriveBacking | null {
        if (disk !== null) {
          const size = fitted.appliance.disks.find(({ id }) => id === disk)?.capacityBytes ?? 0;
          return { kind: "disk", id: disk, size, export: names.has(`disk:${disk}`) ? `disk:${disk}` : null };
        }
        if (file === null) return null;
        if (environments.has(file)) return { kind: "image", export: file };
        return names.has(`file:${file}`) ? { kind: "image", export: `file:${file}` } : null;
      },
      firmwareFile: ({ id }) =>
        told.run.bridges?.includes("fw-cfg") ? (told.answered?.environment(id) ?? null) : null,
      close,
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

function checkMachines({ machines }: Appliance): void {
  if (machines.length === 0) {
    throw new FerryError("vm/no-machine", "the package holds no machine", { hint: "Look at it with vmferry inspect." });
  }
  const xen = machines.find(({ virtualization }) => virtualization === "pv" || virtualization === "pvh");
  if (xen !== undefined) {
    throw new FerryError(
      "vm/no-machine",
      `${xen.name} is a guest of Xen (${xen.virtualization}), which has no firmware`,
      {
        hint: "It runs on Xen: vmferry convert --to xen.",
      },
    );
  }
  const users = new Set<string>();
  for (const { name, attachments } of machines) {
    for (const { disk } of attachments) {
      if (disk === null) continue;
      if (users.has(disk)) {
        throw new FerryError("vm/shared-disk", `disk ${disk} of ${name} is in several drives`, {
          hint: "Shared disks run on libvirt: vmferry convert --to libvirt.",
        });
      }
      users.add(disk);
    }
  }
}

/** What machines are told, and how. */
interface Told {
  readonly answered: AnsweredPackage | null;
  readonly run: Pick<RunState, "name" | "bridges">;
}

/** Puts a CD with its environment into each machine that has one: into an empty drive, else into one more. */
function addEnvironments(
  appliance: Appliance,
  { answered, run }: Told,
  { report, runtime }: Context,
): ReadonlyMap<string, Uint8Array> {
  const images = new Map<string, Uint8Array>();
  if (answered === null) return images;
  for (const machine of appliance.machines) {
    const environment = answered.environment(machine.id);
    if (environment === null) continue;
    insert(machine, environmentId(machine.id), "ovf-env.iso", environmentCd(environment, runtime.now()));
    if (run.bridges?.includes("cloud-init")) {
      const instance = `vmferry-${run.name}-${machine.id}`;
      const seed = cloudInitSeed({ environment, name: machine.name, instance, modified: runtime.now() });
      insert(machine, seedId(machine.id), "seed.iso", seed);
    }
    if (machine.transports.includes("iso")) continue;
    const asked = machine.transports.length === 0 ? "no way" : machine.transports.join(", ");
    report({
      code: "vm/environment-attached",
      severity: "info",
      message: `${machine.name} names ${asked} to get its properties: it gets them on a CD`,
    });
  }
  return images;

  /** Into a drive that is empty, else into one more. */
  function insert(machine: Machine, id: string, name: string, bytes: Uint8Array): void {
    images.set(id, bytes);
    appliance.files.push({ id, name, role: "iso", size: bytes.length });
    const empty = machine.attachments.find(({ device, file }) => device === "cdrom" && file === null);
    if (empty !== undefined) empty.file = id;
    else {
      const place = { controller: null, slot: null, readOnly: true };
      machine.attachments.push({ device: "cdrom", disk: null, file: id, ...place });
    }
  }
}

function bytesExport(name: string, bytes: Uint8Array): NbdExport {
  return {
    name,
    size: bytes.length,
    preferredBytes: 4096,
    read: async ({ offset, length }) => bytes.subarray(offset, offset + length),
    allocation: async ({ length }) => [{ length, state: 0 }],
  };
}

function sourceExport(name: string, source: ByteSource, ctx: Context): NbdExport {
  return {
    name,
    // QEMU reads whole sectors: what the last one lacks is zeros.
    size: Math.ceil(source.size / 512) * 512,
    preferredBytes: 65_536,
    async read({ offset, length }) {
      const there = Math.max(0, Math.min(length, source.size - offset));
      const bytes = there === 0 ? new Uint8Array(0) : await source.read(offset, there, ctx.signal);
      if (there === length) return bytes;
      const padded = new Uint8Array(length);
      padded.set(bytes);
      return padded;
    },
    allocation: async ({ length }) => [{ length, state: 0 }],
  };
}
