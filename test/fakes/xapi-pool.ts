/**
 * The database of a pool of XenServers and what its methods do to it, as far as deployments meet them. Written by the XenAPI's reference and xapi's
 * sources (`ocaml/idl/datamodel*.ml`, `ocaml/xapi/xapi_vm*.ml`, `xapi_vbd.ml`, `xapi_vdi.ml`, `xapi_vm_appliance.ml`), since no XenServer is at hand.
 */
import { randomUUID } from "node:crypto";

/** JSON as it goes over the wire. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
/** A row: fields of one object. Whole numbers are texts. */
export type Row = Record<string, Json>;
export const NULL_REF = "OpaqueRef:NULL";

/** An error of the XenAPI. */
export class XapiError extends Error {
  readonly code: string;
  readonly params: readonly string[];

  constructor(code: string, params: readonly string[] = []) {
    super([code, ...params].join(" "));
    this.code = code;
    this.params = params;
  }
}

/** A pool. */
export interface XapiPool {
  /** Rows by reference. */
  table(kind: string): Map<string, Row>;
  add(kind: string, fields: Row): string;
  /** @throws HANDLE_INVALID */
  row(kind: string, ref: unknown): Row;
  /** @throws UUID_INVALID */
  byUuid(kind: string, uuid: unknown): string;
  readonly network: string;
  readonly sr: string;
  readonly host: string;
  /** Bytes of disks, by reference. */
  readonly bytes: Map<string, Uint8Array>;
  /** Whether a guest shuts down when it is asked to. */
  listening: boolean;
  /** Bytes that were written to a storage repository. @throws SR_BACKEND_FAILURE_44 where it is full */
  write(sr: string, bytes: number): void;
  createDisk(fields: Row): string;
  destroyDisk(ref: string): void;
  destroyMachine(ref: string): void;
  createDrive(fields: Row): string;
  createCard(fields: Row): string;
  destroyDrive(ref: string): void;
}

const GIB = 2 ** 30;

/** @throws VM_BAD_POWER_STATE */
export function demand(machine: Row, ref: string, states: readonly string[]): void {
  const now = text(machine, "power_state");
  if (!states.includes(now)) throw new XapiError("VM_BAD_POWER_STATE", [ref, states[0] ?? "", now]);
}

/** A text field. */
export const text = (row: Row, name: string): string => String(row[name] ?? "");
/** A field that is a set. */
export const list = (row: Row, name: string): readonly string[] => (row[name] ?? []) as readonly string[];
/** A field that is a map. */
export const map = (row: Row, name: string): Readonly<Record<string, string>> =>
  (row[name] ?? {}) as Readonly<Record<string, string>>;

/** A pool of one host with one storage repository and two networks. @param freeBytes of the storage */
export function createPool(freeBytes: number, type: string): XapiPool {
  const tables = new Map<string, Map<string, Row>>();
  const bytes = new Map<string, Uint8Array>();
  const table = (kind: string): Map<string, Row> => {
    const known = tables.get(kind) ?? new Map<string, Row>();
    tables.set(kind, known);
    return known;
  };
  const add = (kind: string, fields: Row): string => {
    const ref = `OpaqueRef:${randomUUID()}`;
    table(kind).set(ref, { uuid: randomUUID(), ...fields });
    return ref;
  };
  const row = (kind: string, ref: unknown): Row => {
    const found = table(kind).get(String(ref));
    if (found === undefined) throw new XapiError("HANDLE_INVALID", [kind, String(ref)]);
    return found;
  };
  const byUuid = (kind: string, uuid: unknown): string => {
    for (const [ref, fields] of table(kind)) if (fields.uuid === uuid) return ref;
    throw new XapiError("UUID_INVALID", [kind, String(uuid)]);
  };
  const without = (kind: string, ref: unknown, field: string, gone: string): void => {
    const found = table(kind).get(String(ref));
    if (found !== undefined) found[field] = list(found, field).filter((one) => one !== gone);
  };
  const host = add("host", {
    name_label: "xs1",
    hostname: "xs1",
    address: "127.0.0.1",
    enabled: true,
    software_version: { product_brand: "XenServer", product_version: "8.4.0" },
  });
  const sr = add("SR", {
    ...{ name_label: "Local storage", type, content_type: "user", VDIs: [], other_config: {} },
    ...{ physical_size: String(freeBytes + GIB), physical_utilisation: String(GIB) },
  });
  add("SR", {
    ...{ name_label: "Images", type: "nfs_iso", content_type: "iso", VDIs: [], other_config: {} },
    ...{ physical_size: "0", physical_utilisation: "0" },
  });
  add("PBD", { host, SR: sr, currently_attached: true });
  const network = add("network", { name_label: "lab", bridge: "xenbr0", other_config: {}, VIFs: [] });
  add("network", {
    ...{ name_label: "Pool-wide network associated with eth0", bridge: "xenbr1", other_config: {}, VIFs: [] },
  });
  add("pool", { name_label: "", master: host, default_SR: sr, other_config: {} });

  const use = (ref: string, change: number): void => {
    const store = row("SR", ref);
    store.physical_utilisation = String(Number(store.physical_utilisation) + change);
  };
  const room = (ref: string): number => {
    const store = row("SR", ref);
    return Number(store.physical_size) - Number(store.physical_utilisation);
  };
  const full = new XapiError("SR_BACKEND_FAILURE_44", ["", "There is insufficient space", ""]);
  const isThick = (ref: string): boolean => text(row("SR", ref), "type").startsWith("lvm");

  const pool: XapiPool = {
    ...{ table, add, row, byUuid, network, sr, host, bytes, destroyDrive, listening: true },
    write(ref, length) {
      if (isThick(ref)) return;
      if (length > room(ref)) throw full;
      use(ref, length);
    },
    createDisk(fields) {
      const store = String(fields.SR);
      if (row("SR", store).content_type === "iso") throw new XapiError("SR_OPERATION_NOT_SUPPORTED", [store]);
      const size = Number(fields.virtual_size);
      if (isThick(store)) {
        if (size > room(store)) throw full;
        use(store, size);
      }
      const ref = add("VDI", { snapshot_of: NULL_REF, ...fields, VBDs: [], physical_utilisation: "0" });
      bytes.set(ref, new Uint8Array(size));
      return ref;
    },
    destroyDisk(ref) {
      const disk = row("VDI", ref);
      for (const drive of list(disk, "VBDs")) {
        const machine = table("VM").get(text(row("VBD", drive), "VM"));
        if (machine !== undefined && machine.power_state !== "Halted")
          throw new XapiError("VDI_IN_USE", [ref, "destroy"]);
      }
      for (const drive of list(disk, "VBDs")) destroyDrive(drive);
      const store = text(disk, "SR");
      use(store, -(isThick(store) ? Number(disk.virtual_size) : Number(disk.physical_utilisation)));
      table("VDI").delete(ref);
      bytes.delete(ref);
    },
    destroyMachine(ref) {
      const machine = row("VM", ref);
      const [operation] = Object.values(map(machine, "current_operations"));
      if (operation !== undefined) throw new XapiError("OTHER_OPERATION_IN_PROGRESS", ["VM", ref, operation]);
      demand(machine, ref, ["Halted"]);
      for (const drive of list(machine, "VBDs")) destroyDrive(drive);
      for (const card of list(machine, "VIFs")) {
        without("network", row("VIF", card).network, "VIFs", card);
        table("VIF").delete(card);
      }
      without("VM_appliance", machine.appliance, "VMs", ref);
      without("VM", machine.snapshot_of, "snapshots", ref);
      table("VM").delete(ref);
    },
    createDrive(fields) {
      const machine = row("VM", fields.VM);
      const isCd = fields.type === "CD";
      if (isCd && fields.mode !== "RO") throw new XapiError("VBD_CDS_MUST_BE_READONLY");
      if (!isCd && fields.empty === true) throw new XapiError("VBD_NOT_REMOVABLE_MEDIA", ["in constructor"]);
      if (fields.empty !== true) {
        const store = row("SR", row("VDI", fields.VDI).SR);
        if (isCd && store.content_type !== "iso") throw new XapiError("VDI_IS_NOT_ISO", [String(fields.VDI), "user"]);
      }
      const taken = list(machine, "VBDs").map((drive) => text(row("VBD", drive), "userdevice"));
      if (taken.includes(String(fields.userdevice)))
        throw new XapiError("DEVICE_ALREADY_EXISTS", [String(fields.userdevice)]);
      const ref = add("VBD", { currently_attached: false, ...fields });
      machine.VBDs = [...list(machine, "VBDs"), ref];
      if (fields.empty !== true) {
        const disk = row("VDI", fields.VDI);
        disk.VBDs = [...list(disk, "VBDs"), ref];
      }
      return ref;
    },
    createCard(fields) {
      const [machine, net] = [row("VM", fields.VM), row("network", fields.network)];
      const ref = add("VIF", fields);
      machine.VIFs = [...list(machine, "VIFs"), ref];
      net.VIFs = [...list(net, "VIFs"), ref];
      return ref;
    },
  };

  function destroyDrive(ref: string): void {
    const drive = row("VBD", ref);
    without("VM", drive.VM, "VBDs", ref);
    without("VDI", drive.VDI, "VBDs", ref);
    table("VBD").delete(ref);
  }

  return pool;
}
