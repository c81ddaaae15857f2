/** Machines of the fake, by the calls of Qemu.pm: made, changed, started, removed, with the same refusals. */
import { setTimeout as sleep } from "node:timers/promises";
import { DRIVE, OptionError, readOption } from "./pve-options.js";
import { type FakeMachine, PveFault, type PveState } from "./pve-state.js";

/** Parameters of a call that are settings. */
export type Settings = ReadonlyMap<string, string>;

/** What may be done. @throws a fault with status 403 */
export type Check = (path: string, privilege: string) => void;

/** @throws 400 with what is wrong of which setting */
function checkForms(settings: Settings): void {
  const errors: Record<string, string> = {};
  for (const [key, value] of settings) {
    try {
      const parts = readOption(key, value);
      const from = parts?.get("import-from");
      if (from !== undefined && !/^[^:]+:0$/.test(parts?.get("file") ?? "")) {
        errors[key] = "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>";
      } else if (
        from !== undefined &&
        key === "efidisk0" &&
        !(parts?.has("efitype") && parts.has("pre-enrolled-keys"))
      ) {
        errors[key] = "need to specify 'efitype' and 'pre-enrolled-keys' when using 'import-from'";
      } else if (/:iso\//.test(parts?.get("file") ?? "") && parts?.get("media") !== "cdrom") {
        errors[key] = "explicit 'media=cdrom' is required for iso images";
      }
    } catch (cause) {
      if (!(cause instanceof OptionError)) throw cause;
      errors[cause.key] = cause.message;
    }
  }
  if (Object.keys(errors).length > 0) throw new PveFault(400, "Parameter verification failed.", errors);
}

/** Which privilege a setting needs. */
function checkRights(state: PveState, vmid: number, settings: Settings, user: string, check: Check): void {
  for (const [key, value] of settings) {
    if (DRIVE.test(key)) {
      const parts = readOption(key, value);
      const [, storage, volume = ""] = /^([^:/]+):(.*)$/.exec(parts?.get("file") ?? "") ?? [];
      if (storage !== undefined && /^[0-9.]+$/.test(volume)) {
        check(`/storage/${storage}`, "Datastore.AllocateSpace");
        if (!state.storage(storage).content.includes("images")) {
          throw new PveFault(400, "Parameter verification failed.", {
            storage: `storage '${storage}' does not support vm images`,
          });
        }
      }
      const from = parts?.get("import-from");
      if (from?.startsWith("/") === true && user !== "root@pam") {
        throw new PveFault(403, "Only root can pass arbitrary filesystem paths.");
      }
    } else if (/^net\d+$/.test(key)) {
      check(`/vms/${vmid}`, "VM.Config.Network");
      const bridge = readOption(key, value)?.get("bridge");
      if (bridge !== undefined && user !== "root@pam") check(`/sdn/zones/localnetwork/${bridge}`, "SDN.Use");
    } else if (/^(?:cores|sockets|vcpus|cpu|numa)$/.test(key)) check(`/vms/${vmid}`, "VM.Config.CPU");
    else if (/^(?:memory|balloon)$/.test(key)) check(`/vms/${vmid}`, "VM.Config.Memory");
    else if (/^(?:acpi|kvm|machine|scsihw|smbios1|tablet|vga|audio0|serial\d)$/.test(key)) {
      check(`/vms/${vmid}`, "VM.Config.HWType");
    } else if (/^boot$/.test(key)) check(`/vms/${vmid}`, "VM.Config.Disk");
    else {
      check(`/vms/${vmid}`, "VM.Config.Options");
      if (key === "startup") check("/", "Sys.Modify");
    }
  }
}

/** Makes volumes of what settings of drives ask for. What fails frees what it made. */
async function makeDrives(
  state: PveState,
  vmid: number,
  settings: Settings,
  log: string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const made: string[] = [];
  const result = new Map(settings);
  try {
    for (const [key, value] of settings) {
      if (!DRIVE.test(key)) continue;
      const parts = readOption(key, value) ?? new Map<string, string>();
      const file = parts.get("file") ?? "";
      const [, storage = "", volume = ""] = /^([^:/]+):(.*)$/.exec(file) ?? [];
      if (file === "none" || file === "cdrom") continue;
      if (!/^[0-9.]+$/.test(volume)) {
        if (!state.volumes.has(file)) throw new PveFault(500, `volume ${file} does not exist`);
        result.set(key, `${value},size=${state.volumes.get(file)?.size ?? 0}`);
        continue;
      }
      const from = parts.get("import-from");
      const source = from === undefined ? undefined : state.volumes.get(from);
      if (from !== undefined && source === undefined)
        throw new PveFault(500, `cannot import from '${from}' - volume does not exist`);
      if (from !== undefined && !/:(?:import\/|vm-)/.test(from)) throw new PveFault(500, `${from} has wrong type`);
      await sleep(state.taskMs, undefined, { signal });
      let number = 0;
      while (state.volumes.has(`${storage}:vm-${vmid}-disk-${number}`)) number++;
      const id = `${storage}:vm-${vmid}-disk-${number}`;
      try {
        state.put(id, source?.file ?? null, vmid);
      } catch (cause) {
        throw new PveFault(500, `cannot import from '${from}' - ${(cause as Error).message}`);
      }
      made.push(id);
      const rest = [...parts].filter(([name]) => name !== "file" && name !== "import-from");
      result.set(key, [id, ...rest.map(([name, text]) => `${name}=${text}`), "size=4M"].join(","));
      log.push(`${key}: successfully created disk '${result.get(key)}'`);
    }
    return result;
  } catch (cause) {
    for (const id of made) state.free(id);
    throw cause;
  }
}

/** `POST /nodes/N/qemu`. */
export function createMachine(state: PveState, parameters: Settings, user: string, check: Check): string {
  const settings = new Map(parameters);
  const vmid = Number(settings.get("vmid"));
  const pool = settings.get("pool");
  settings.delete("vmid");
  settings.delete("pool");
  if (!Number.isSafeInteger(vmid) || vmid < 100)
    throw new PveFault(400, "Parameter verification failed.", { vmid: "invalid format" });
  checkForms(settings);
  if (pool !== undefined && !state.pools.has(pool)) throw new PveFault(500, `no such pool '${pool}'`);
  if (pool === undefined) check(`/vms/${vmid}`, "VM.Allocate");
  else check(`/pool/${pool}`, "VM.Allocate");
  checkRights(state, vmid, settings, user, check);
  if (state.machines.has(vmid))
    throw new PveFault(500, `unable to create VM ${vmid} - VM ${vmid} already exists on node '${state.node}'`);
  const machine: FakeMachine = { node: state.node, config: { lock: "create" }, running: false, obeys: true };
  state.machines.set(vmid, machine);
  return state.task("qmcreate", String(vmid), user, async (log, signal) => {
    try {
      await state.locked(vmid, async () => {
        const made = await makeDrives(state, vmid, settings, log, signal);
        machine.config = { ...Object.fromEntries(made), ...(pool === undefined ? {} : { pool }) };
      });
    } catch (cause) {
      state.machines.delete(vmid);
      throw new PveFault(500, `unable to create VM ${vmid} - ${(cause as Error).message}`);
    }
  });
}

/** `POST /nodes/N/qemu/ID/config`. */
export function configureMachine(
  state: PveState,
  vmid: number,
  parameters: Settings,
  user: string,
  check: Check,
): string {
  const machine = state.machine(vmid);
  const settings = new Map(parameters);
  const remove = (settings.get("delete") ?? "").split(",").filter((key) => key !== "");
  const force = settings.get("force") === "1";
  settings.delete("delete");
  settings.delete("force");
  checkForms(settings);
  check(`/vms/${vmid}`, "VM.Config.Options");
  checkRights(state, vmid, settings, user, check);
  if (machine.config.lock !== undefined) throw new PveFault(500, `VM is locked (${machine.config.lock})`);
  return state.task("qmconfig", String(vmid), user, (log, signal) =>
    state.locked(vmid, async () => {
      const made = await makeDrives(state, vmid, settings, log, signal);
      const next = { ...machine.config, ...Object.fromEntries(made) };
      for (const key of remove) {
        const volume = DRIVE.test(key) ? (next[key] ?? "").split(",")[0] : undefined;
        delete next[key];
        if (volume?.includes(`:vm-${vmid}-`)) {
          if (force) state.free(volume);
          else next.unused0 = volume;
        }
      }
      for (const device of /(?:^|,)order=([^,]*)/.exec(next.boot ?? "")?.[1]?.split(";") ?? []) {
        if (device !== "" && next[device] === undefined && settings.has("boot")) {
          throw new PveFault(500, `invalid bootorder: device '${device}' does not exist`);
        }
      }
      machine.config = next;
    }),
  );
}

/** `DELETE /nodes/N/qemu/ID`. */
export function destroyMachine(
  state: PveState,
  vmid: number,
  parameters: Settings,
  user: string,
  check: Check,
): string {
  const machine = state.machine(vmid);
  check(`/vms/${vmid}`, "VM.Allocate");
  if (machine.running) throw new PveFault(500, `VM ${vmid} is running - destroy failed`);
  if (machine.config.lock !== undefined) throw new PveFault(500, `VM is locked (${machine.config.lock})`);
  return state.task("qmdestroy", String(vmid), user, (_log, signal) =>
    state.locked(vmid, async () => {
      await sleep(state.taskMs, undefined, { signal });
      const used = Object.values(machine.config).map((value) => value.split(",")[0] ?? "");
      for (const [id, volume] of state.volumes) {
        const referenced = used.includes(id) && id.includes(`:vm-${vmid}-`);
        if (referenced || (volume.vmid === vmid && parameters.get("destroy-unreferenced-disks") === "1"))
          state.free(id);
      }
      state.machines.delete(vmid);
    }),
  );
}

/** `POST /nodes/N/qemu/ID/status/WHAT`. */
export function power(state: PveState, vmid: number, what: string, user: string, check: Check): string {
  const machine = state.machine(vmid);
  check(`/vms/${vmid}`, "VM.PowerMgmt");
  return state.task(`qm${what}`, String(vmid), user, (_log, signal) =>
    state.locked(vmid, async () => {
      if (machine.config.lock !== undefined) throw new PveFault(500, `VM is locked (${machine.config.lock})`);
      if (what === "start") return begin(state, vmid, machine);
      if (what === "stop") machine.running = false;
      else {
        if (!machine.obeys) await sleep(60_000, undefined, { signal });
        machine.running = false;
      }
    }),
  );
}

function begin(state: PveState, vmid: number, machine: FakeMachine): void {
  if (machine.running) throw new PveFault(500, `VM ${vmid} already running`);
  if (!state.hvm && machine.config.kvm !== "0") {
    throw new PveFault(
      500,
      "KVM virtualisation configured, but not available. Either disable in VM configuration or enable in BIOS.",
    );
  }
  for (const [key, value] of Object.entries(machine.config)) {
    const file = DRIVE.test(key) ? (value.split(",")[0] ?? "") : "none";
    if (file !== "none" && !state.volumes.has(file)) throw new PveFault(500, `volume '${file}' does not exist`);
    const bridge = /^net\d+$/.test(key) ? /bridge=([^,]+)/.exec(value)?.[1] : undefined;
    if (bridge !== undefined && state.bridges.get(bridge) !== true)
      throw new PveFault(500, `bridge '${bridge}' does not exist`);
  }
  machine.running = true;
}
