import type { Appliance, Machine } from "../../appliance/appliance.js";
import { toHex } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { xxh64 } from "../../io/checksums/xxh64.js";
import type { ExportDisk } from "../platform.js";
import { type RpcValue, rpcStruct } from "./rpc.js";

/** Fields of a record. */
type Fields = Readonly<Record<string, RpcValue>>;

/** The records of an export while it is written. Each gets a reference, `Ref:0` and so on, and a UUID. */
export interface Records {
  /** A reference whose record comes later. */
  reserve(kind: string): string;
  fill(ref: string, fields: Fields): void;
  add(kind: string, fields: Fields): string;
  /** The record for a thing that several may refer to. */
  once(key: string, kind: string, fields: () => Fields): string;
  uuid(ref: string): string;
  all(): readonly RpcValue[];
}

/** What one machine is written into. */
export interface Writing {
  readonly fitted: Appliance;
  readonly machine: Machine;
  readonly records: Records;
  /** Reference of the place for disks. */
  readonly sr: string;
  /** For `other_config` of what is imported. */
  readonly marks: ReadonlyMap<string, string>;
  /** By their ids in the appliance. */
  readonly disks: Map<string, ExportDisk>;
  /** Ids of CD images that are named. */
  readonly images: Set<string>;
  readonly notes: Diagnostic[];
}

/** Starts the records of an appliance. The same appliance gives the same UUIDs: no result depends on when it was made. */
export function createRecords(appliance: Appliance): Records {
  const records = new Map<string, { readonly kind: string; fields: Fields }>();
  const known = new Map<string, string>();
  const { origins: _origins, ...facts } = appliance;
  const seed = JSON.stringify(facts);
  const uuid = (ref: string): string => uuidOf(`${ref} ${seed}`);
  const reserve = (kind: string): string => {
    const ref = `Ref:${records.size}`;
    records.set(ref, { kind, fields: {} });
    return ref;
  };
  const fill = (ref: string, fields: Fields): void => {
    const record = records.get(ref);
    if (record !== undefined) record.fields = record.kind === "VTPM" ? fields : { uuid: uuid(ref), ...fields };
  };
  const add = (kind: string, fields: Fields): string => {
    const ref = reserve(kind);
    fill(ref, fields);
    return ref;
  };
  return {
    reserve,
    fill,
    add,
    uuid,
    once(key, kind, fields) {
      const ref = known.get(key) ?? add(kind, fields());
      known.set(key, ref);
      return ref;
    },
    all: () =>
      [...records].map(([id, { kind, fields }]) => rpcStruct({ class: kind, id, snapshot: rpcStruct(fields) })),
  };
}

/** A UUID that follows from a text (RFC 9562, version 8). */
function uuidOf(text: string): string {
  const bytes = new Uint8Array(16);
  bytes.set(xxh64(new TextEncoder().encode(`a ${text}`)), 0);
  bytes.set(xxh64(new TextEncoder().encode(`b ${text}`)), 8);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** A machine's UUID where it is one, and of no machine before it. */
export function ownUuid(machine: Machine, { machines }: Appliance): string | null {
  const { uuid } = machine;
  if (uuid === null || !UUID.test(uuid) || machines.find((other) => other.uuid === uuid) !== machine) return null;
  return uuid;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
