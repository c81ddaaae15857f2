/** `PUT /import` and `/import_raw_vdi`, by xapi's `import.ml`, `stream_vdi.ml` and `import_raw_vdi.ml`: what is made on the way is taken away where it fails. */
import { createHash, randomUUID } from "node:crypto";
import { toHex } from "../../src/base/bytes.js";
import { xxh64 } from "../../src/io/checksums/xxh64.js";
import { exportedObjects, importRecords, type Struct, type Value } from "../support/xapi.js";
import { type Json, NULL_REF, type Row, XapiError, type XapiPool } from "./xapi-pool.js";

/** Bytes in the order in which they come. */
export interface Incoming {
  /** @throws IMPORT_ERROR_PREMATURE_EOF where they end before */
  take(length: number): Promise<Buffer>;
}

/** A reader of what is sent. */
export function incomingOf(chunks: AsyncIterable<Uint8Array>): Incoming {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest = Buffer.alloc(0);
  return {
    async take(length) {
      const parts = [rest];
      let have = rest.length;
      while (have < length) {
        const next = await iterator.next().catch(() => ({ done: true as const, value: undefined }));
        if (next.done === true || next.value === undefined) throw new XapiError("IMPORT_ERROR_PREMATURE_EOF");
        parts.push(Buffer.from(next.value));
        have += next.value.length;
      }
      const all = Buffer.concat(parts);
      rest = all.subarray(length);
      return all.subarray(0, length);
    },
  };
}

interface Member {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The next member of the archive; `null`: its end. */
async function nextMember(incoming: Incoming): Promise<Member | null> {
  const header = await incoming.take(512);
  if (header.every((byte) => byte === 0)) return null;
  const name = header.subarray(0, 100).toString("latin1").replace(/\0.*$/s, "");
  const size = Number.parseInt(header.subarray(124, 136).toString("latin1"), 8);
  if (!Number.isSafeInteger(size) || size > 2 ** 24) throw new XapiError("IMPORT_ERROR_GENERIC", ["Tar header"]);
  const padded = await incoming.take(Math.ceil(size / 512) * 512);
  return { name, bytes: padded.subarray(0, size) };
}

/** What an import runs in. */
export interface ImportScope {
  readonly pool: XapiPool;
  readonly sr: string;
  readonly restore: boolean;
  /** Its task. */
  readonly task: string;
  /** Called when all of what was made has to go: waits as long as that takes. */
  readonly beforeCleanup: () => Promise<void>;
}

/** Imports an archive. @returns references of the machines @throws XapiError, when what was made is gone again */
export async function importArchive(incoming: Incoming, scope: ImportScope): Promise<readonly string[]> {
  const { pool, task } = scope;
  const undo: (() => void)[] = [];
  try {
    const config = await nextMember(incoming);
    if (config?.name !== "ova.xml")
      throw new XapiError("IMPORT_ERROR_UNEXPECTED_FILE", ["ova.xml", config?.name ?? ""]);
    const { machines, disks } = createObjects(config.bytes, scope, undo);
    pool.row("task", task).other_config = { object_creation: "complete" };
    await receive(incoming, disks, scope);
    if (pool.table("task").get(task)?.status === "cancelling") throw new XapiError("TASK_CANCELLED", [task]);
    for (const ref of machines) pool.row("VM", ref).current_operations = {};
    return machines;
  } catch (cause) {
    await scope.beforeCleanup();
    for (const step of undo.reverse()) step();
    if (cause instanceof XapiError) throw cause;
    const words = cause instanceof Error ? cause.message : String(cause);
    const [, missing] = /Failed_to_find_object (\S+)/.exec(words) ?? [];
    if (missing !== undefined) throw new XapiError("IMPORT_ERROR_FAILED_TO_FIND_OBJECT", [missing]);
    throw new XapiError("IMPORT_ERROR_GENERIC", [words.slice(0, 300)]);
  }
}

const json = (value: Value | undefined): Json => (value instanceof Date ? "19700101T00:00:00Z" : (value as Json));
const rowOf = (fields: Struct): Row =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, json(value)]));

/** Objects in the order of the importer: SR, VDI, VM, network, VBD, VIF. */
function createObjects(
  xml: Buffer,
  { pool, sr, restore, task }: ImportScope,
  undo: (() => void)[],
): { readonly machines: readonly string[]; readonly disks: ReadonlyMap<string, string> } {
  // What the records have to be, and what has to be found in them.
  const { sizes } = importRecords(xml);
  const objects = exportedObjects(xml);
  const table = new Map<string, string>();
  const ofKind = (kind: string): typeof objects => objects.filter((object) => object.kind === kind);
  const isIso = (id: Value | undefined): boolean =>
    ofKind("SR").some((object) => object.id === id && object.fields.content_type === "iso");
  const disks = new Map<string, string>();
  for (const { id, fields } of ofKind("VDI")) {
    // Images are looked up in libraries: this pool has none, so that their drives come empty.
    if (isIso(fields.SR)) continue;
    const ref = pool.createDisk({ ...rowOf(fields), uuid: randomUUID(), SR: sr, sm_config: { import_task: task } });
    undo.push(() => pool.destroyDisk(ref));
    table.set(id, ref);
    if (sizes.has(id)) disks.set(id, ref);
  }
  const machines = ofKind("VM").map(({ id, fields }) => {
    const uuid = String(fields.uuid);
    for (const [ref, known] of pool.table("VM")) {
      if (!restore || known.uuid !== uuid) continue;
      if (known.power_state !== "Halted") throw new XapiError("VM_BAD_POWER_STATE", [ref, "halted", "running"]);
      throw new XapiError("VM_TO_IMPORT_IS_NOT_NEWER_VERSION", [ref, "1", "0"]);
    }
    const ref = pool.add("VM", {
      ...rowOf(fields),
      ...{ uuid: restore ? uuid : randomUUID(), VBDs: [], VIFs: [], snapshots: [], appliance: NULL_REF },
      ...{ power_state: "Halted", current_operations: { [task]: "import" } },
    });
    undo.push(() => {
      pool.row("VM", ref).current_operations = {};
      pool.destroyMachine(ref);
    });
    table.set(id, ref);
    return ref;
  });
  for (const { id, fields } of ofKind("network")) {
    const known = [...pool.table("network")];
    const found =
      known.find(([, row]) => row.name_label === fields.name_label) ??
      known.find(([, row]) => row.bridge === fields.bridge);
    const ref = found?.[0] ?? pool.add("network", { ...rowOf(fields), uuid: randomUUID(), VIFs: [] });
    if (found === undefined) undo.push(() => pool.table("network").delete(ref));
    table.set(id, ref);
  }
  for (const { fields } of ofKind("VBD")) {
    const disk = table.get(String(fields.VDI));
    if (disk === undefined && fields.type === "Disk") continue;
    const own = restore ? {} : { uuid: randomUUID() };
    const media = disk === undefined ? { VDI: NULL_REF, empty: true } : { VDI: disk, empty: false };
    pool.createDrive({ ...rowOf(fields), ...own, ...media, VM: table.get(String(fields.VM)) ?? "" });
  }
  for (const { fields } of ofKind("VIF")) {
    const made = `02:16:3e:${randomUUID()
      .slice(0, 6)
      .replace(/(..)(?!$)/g, "$1:")}`;
    const mac = restore && fields.MAC !== "" ? json(fields.MAC) : made;
    const at = { VM: table.get(String(fields.VM)) ?? "", network: table.get(String(fields.network)) ?? "" };
    pool.createCard({ ...rowOf(fields), ...at, MAC: mac });
  }
  return { machines, disks };
}

/** Chunks of disks in the order of their names, each with its sum behind it. */
async function receive(
  incoming: Incoming,
  disks: ReadonlyMap<string, string>,
  { pool, sr, task }: ImportScope,
): Promise<void> {
  const total = [...disks.values()].reduce((sum, ref) => sum + (pool.bytes.get(ref)?.length ?? 0), 0);
  let done = 0;
  let unit = 0;
  let member = await nextMember(incoming);
  for (const [id, ref] of [...disks].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const bytes = pool.bytes.get(ref) ?? new Uint8Array();
    let [last, at] = [-1, 0];
    for (; member?.name.startsWith(`${id}/`) === true; member = await nextMember(incoming)) {
      const number = Number(member.name.slice(id.length + 1));
      if (!(number > last)) throw new XapiError("IMPORT_ERROR_UNEXPECTED_FILE", [`${id}/`, member.name]);
      checkSum(member, await nextMember(incoming));
      if (unit === 0) unit = member.bytes.length;
      at += (number - last - 1) * unit;
      if (at + member.bytes.length > bytes.length) throw new XapiError("IMPORT_ERROR_GENERIC", ["past the end"]);
      pool.write(sr, member.bytes.length);
      const disk = pool.row("VDI", ref);
      disk.physical_utilisation = String(Number(disk.physical_utilisation) + member.bytes.length);
      bytes.set(member.bytes, at);
      at += member.bytes.length;
      last = number;
      const row = pool.row("task", task);
      if (row.status === "cancelling") throw new XapiError("TASK_CANCELLED", [task]);
      row.progress = (done + at) / total;
    }
    if (at !== bytes.length) throw new XapiError("IMPORT_ERROR_UNEXPECTED_FILE", [`${id}/`, member?.name ?? ""]);
    done += at;
  }
  if (member !== null) throw new XapiError("IMPORT_ERROR_UNEXPECTED_FILE", ["", member.name]);
}

function checkSum(chunk: Member, sum: Member | null): void {
  const said = sum?.bytes.toString("latin1");
  const right =
    sum?.name === `${chunk.name}.xxhash`
      ? said === toHex(xxh64(chunk.bytes)).toUpperCase()
      : sum?.name === `${chunk.name}.checksum` && said === createHash("sha1").update(chunk.bytes).digest("hex");
  if (!right) throw new XapiError("IMPORT_ERROR_SOME_CHECKSUMS_FAILED");
}

/** Fills a disk. @param length as the request says it */
export async function importRaw(incoming: Incoming, ref: string, length: number, pool: XapiPool): Promise<void> {
  const disk = pool.row("VDI", ref);
  // The receiver reads as much as the device holds.
  if (length !== Number(disk.virtual_size)) throw new XapiError("VDI_IO_ERROR", ["Device I/O errors"]);
  for (let at = 0; at < length; ) {
    const part = await incoming.take(Math.min(1024 * 1024, length - at));
    pool.write(String(disk.SR), part.length);
    disk.physical_utilisation = String(Number(disk.physical_utilisation) + part.length);
    pool.bytes.get(ref)?.set(part, at);
    at += part.length;
  }
}
