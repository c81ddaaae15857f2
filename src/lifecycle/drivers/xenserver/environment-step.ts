/**
 * The OVF environment of a machine, on a disk of its own with the file system of a CD. XenServer takes CDs from libraries of images alone
 * (`VDI_IS_NOT_ISO`), which the XenAPI does not write to; guests find a file system by its label on any drive.
 */
import { FerryError } from "../../../base/errors.js";
import type { JsonValue } from "../../../base/ids.js";
import { MARK } from "../../../platforms/xenserver/export.js";
import { environmentCd } from "../../answers.js";
import type { StepRecord } from "../../deployment/state.js";
import type { Step } from "../../deployment/step.js";
import type { StepTools } from "../../driver.js";
import type { XenAction } from "./actions.js";
import { drivesWith, halt, machineAt, patiently, presentMachine } from "./machines.js";
import { endUploads, upload } from "./upload.js";
import { isRef, mapOf, numberOf, recordsOf, stringsOf, type XenRecord } from "./values.js";
import { SLOW_MS, type Xapi } from "./xapi.js";

/** The key in `other_config` of the disk: the UUID of the machine. */
const KEY = "vmferry-environment";
/** Bytes that storage managers round up to anyhow, or less. */
const UNIT = 1024 * 1024;

export function environmentStep(
  { machine, name, uuid, storage, mark }: Extract<XenAction, { kind: "environment" }>,
  status: StepRecord["status"],
  xapi: Xapi,
  { environment }: StepTools,
): Step {
  const label = `vmferry environment ${mark} ${uuid}`;
  const isMeant = (vdi: XenRecord): boolean => mapOf(vdi, "other_config").get(KEY) === uuid;
  return {
    async probe({ signal }) {
      const ref = await machineAt(xapi, uuid, signal);
      if (ref === null || (await drivesWith(xapi, ref, isMeant, signal)).length === 0) {
        return (await disks(xapi, isMeant, signal)).length === 0 ? "absent" : "different";
      }
      // The drive is made when the disk is complete.
      return status === "open" ? "different" : "done";
    },
    async do(ctx) {
      const { signal } = ctx;
      const text = environment(machine);
      if (text === null) throw new FerryError("internal/bug", `${machine} is told nothing`);
      const cd = environmentCd(text, ctx.runtime.now());
      const owner = await presentMachine(xapi, uuid, signal);
      const sr = await xapi.call("SR.get_by_uuid", [storage], signal);
      const size = Math.ceil(cd.length / UNIT) * UNIT;
      const other = { [MARK]: mark, [KEY]: uuid };
      const disk = await xapi.call(
        "VDI.create",
        [diskRecord(`${name} OVF environment`, sr, size, other)],
        signal,
        SLOW_MS,
      );
      if (!isRef(disk)) throw new FerryError("deploy/bad-answer", "XenServer made no disk", { hint: "Run again." });
      const given = numberOf(await xapi.call("VDI.get_virtual_size", [disk], signal)) ?? 0;
      // All of it is written: a disk that was somebody's may not be empty.
      const bytes = new Uint8Array(Math.max(cd.length, Math.min(given, 64 * UNIT)));
      bytes.set(cd);
      await upload(
        xapi,
        {
          path: "/import_raw_vdi",
          query: { vdi: String(await xapi.call("VDI.get_uuid", [disk], signal)), format: "raw" },
          label,
          what: `upload of the OVF environment of ${name}`,
          length: bytes.length,
          chunks: () => one(bytes),
        },
        signal,
      );
      const userdevice = await freeNumber(xapi, owner, signal);
      await xapi.call("VBD.create", [driveRecord(owner, disk, userdevice)], signal);
    },
    async undo({ signal }) {
      await endUploads(xapi, label, signal);
      const ref = await machineAt(xapi, uuid, signal);
      if (ref !== null) {
        const drives = await drivesWith(xapi, ref, isMeant, signal);
        if (drives.length > 0) await halt(xapi, ref, signal);
        for (const { drive } of drives) await patiently(xapi, "VBD.destroy", [drive], signal);
      }
      for (const disk of await disks(xapi, isMeant, signal)) await patiently(xapi, "VDI.destroy", [disk], signal);
    },
  };
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Disks that are meant, whether a drive has them or not. */
async function disks(
  xapi: Xapi,
  isMeant: (vdi: XenRecord) => boolean,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const all = recordsOf(await xapi.call("VDI.get_all_records", [], signal));
  return [...all].filter(([, vdi]) => isMeant(vdi)).map(([ref]) => ref);
}

/** The first number that is free behind the drive that is booted from. */
async function freeNumber(xapi: Xapi, machine: string, signal: AbortSignal): Promise<string> {
  const free = stringsOf(await xapi.call("VM.get_allowed_VBD_devices", [machine], signal));
  const found = free.find((number) => number !== "0") ?? free[0];
  if (found !== undefined) return found;
  throw new FerryError("deploy/refused", "XenServer has no free drive number for the OVF environment", {
    hint: "Take a drive out of the machine.",
  });
}

function diskRecord(
  name: string,
  sr: JsonValue,
  size: number,
  other: Readonly<Record<string, string>>,
): Readonly<Record<string, JsonValue>> {
  return {
    name_label: name,
    name_description: "What the package tells its guest, made by vmferry",
    SR: sr,
    // Whole numbers are texts in the XenAPI.
    virtual_size: String(size),
    type: "user",
    sharable: false,
    read_only: false,
    other_config: other,
    xenstore_data: {},
    sm_config: {},
    tags: [],
  };
}

function driveRecord(machine: string, disk: string, userdevice: string): Readonly<Record<string, JsonValue>> {
  return {
    VM: machine,
    VDI: disk,
    userdevice,
    bootable: false,
    // Disks of machines with emulated hardware have to be writable (`DISK_VBD_MUST_BE_READWRITE_FOR_HVM`).
    mode: "RW",
    type: "Disk",
    unpluggable: true,
    empty: false,
    other_config: {},
    qos_algorithm_type: "",
    qos_algorithm_params: {},
  };
}
