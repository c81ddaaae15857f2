/** What importers of machine configurations share: an appliance that grows, with the files that it names. */
import type { Appliance, Disk, FileAsset, Foreign, Machine } from "../appliance/appliance.js";
import { blankAppliance, blankDisk, blankMachine } from "../appliance/blank.js";
import type { Diagnostic, Location } from "../base/diagnostics.js";
import type { ConfigFiles } from "./platform.js";

/** One machine while it is read. */
export interface Reading {
  readonly appliance: Appliance;
  readonly machine: Machine;
  readonly report: (finding: Diagnostic) => void;
  /** Notes where a fact of the machine was read: `memoryBytes`, `nics/0`. */
  origin(fact: string, place: Location | undefined): void;
  /**
   * The disk in a file, as the configuration names it; the same file is the same disk. One that was not found keeps the name it was asked by.
   * @param id what it is called unless the file is known already
   */
  disk(path: string, id: string, parts?: Partial<Disk>): string;
  /** A disk of which the configuration tells the size and no file: it is made empty. */
  emptyDisk(id: string, capacityBytes: number): string;
  /** A file that is no disk; the same file is the same asset. */
  file(path: string, role: FileAsset["role"]): string;
  network(name: string, description?: string | null): string;
  /** Something that the model has no place for. Values that may be secret are left out of the payload by the caller. */
  foreign(source: string, name: string, payload: string): void;
}

/** Starts reading one machine. */
export function createReading(name: string, files: ConfigFiles, report: (finding: Diagnostic) => void): Reading {
  const appliance = blankAppliance(name);
  const machine = blankMachine(name);
  appliance.machines.push(machine);
  const nameOf = (path: string): string => files.find(path)?.name ?? path;
  return {
    appliance,
    machine,
    report,
    origin(fact, place) {
      if (place !== undefined) appliance.origins.set(`machines/${machine.id}/${fact}`, place);
    },
    disk(path, id, parts = {}) {
      const file = nameOf(path);
      const known = appliance.disks.find((disk) => disk.file === file);
      if (known !== undefined) return known.id;
      const free = freeId(id, (wished) => appliance.disks.some((disk) => disk.id === wished));
      appliance.disks.push(blankDisk(free, file, parts));
      return free;
    },
    emptyDisk(id, capacityBytes) {
      const free = freeId(id, (wished) => appliance.disks.some((disk) => disk.id === wished));
      appliance.disks.push(blankDisk(free, null, { capacityBytes }));
      return free;
    },
    file(path, role) {
      const found = files.find(path);
      const file = found?.name ?? path;
      const known = appliance.files.find((asset) => asset.name === file && asset.role === role);
      if (known !== undefined) return known.id;
      const id = freeId(file, (wished) => appliance.files.some((asset) => asset.id === wished));
      appliance.files.push({ id, name: file, role, size: found?.size ?? null });
      return id;
    },
    network(network, description = null) {
      if (!appliance.networks.some((known) => known.name === network)) {
        appliance.networks.push({ name: network, description });
      }
      return network;
    },
    foreign(source, what, payload) {
      const thing: Foreign = { source, name: what, payload, machine: machine.id };
      machine.foreign.push(thing);
    },
  };
}

function freeId(wished: string, taken: (id: string) => boolean): string {
  let id = wished;
  for (let n = 2; taken(id); n++) id = `${wished}-${n}`;
  return id;
}
