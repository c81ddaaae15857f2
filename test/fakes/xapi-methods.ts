/** What methods of the XenAPI do to a pool, as far as deployments call them. */
import { demand, type Json, list, map, NULL_REF, type Row, text, XapiError, type XapiPool } from "./xapi-pool.js";

const GIB = 2 ** 30;
/** Classes whose objects are looked up. */
const _KINDS = "pool host network SR PBD VDI VM VBD VIF task session VM_appliance VM_guest_metrics".split(" ");

type Method = (args: readonly Json[]) => Json;

/** What a method does; `undefined`: there is none of that name. */
export function methodsOf(pool: XapiPool): (name: string) => Method | undefined {
  const { row, table, add, byUuid } = pool;

  function start(ref: Json): Json {
    const machine = row("VM", ref);
    demand(machine, String(ref), ["Halted"]);
    for (const drive of list(machine, "VBDs")) {
      const { type: kind, mode } = row("VBD", drive);
      if (machine.domain_type === "hvm" && kind === "Disk" && mode === "RO") {
        throw new XapiError("DISK_VBD_MUST_BE_READWRITE_FOR_HVM", [drive]);
      }
    }
    machine.power_state = "Running";
    return "";
  }

  function stop(ref: Json): Json {
    const machine = row("VM", ref);
    demand(machine, String(ref), ["Running", "Suspended", "Paused"]);
    machine.power_state = "Halted";
    return "";
  }

  /** Maps of machines: a key is added once. */
  function addTo(field: "other_config" | "xenstore_data", ref: Json = "", key: Json = "", value: Json = ""): Json {
    const machine = row("VM", ref);
    const known = map(machine, field);
    if (String(key) in known) throw new XapiError("MAP_DUPLICATE_KEY", ["VM", field, String(ref), String(key)]);
    machine[field] = { ...known, [String(key)]: value };
    return "";
  }

  function removeFrom(field: "other_config" | "xenstore_data", ref: Json = "", key: Json = ""): Json {
    const machine = row("VM", ref);
    machine[field] = Object.fromEntries(Object.entries(map(machine, field)).filter(([name]) => name !== key));
    return "";
  }

  const taskOf = (status: string, error: readonly string[] = []): string =>
    add("task", { name_label: "", status, progress: 0, error_info: error, result: "" });

  const special: Readonly<Record<string, ((args: readonly Json[]) => Json) | undefined>> = {
    "host.compute_free_memory": ([ref]) => String(row("host", ref).free ?? 8 * GIB),
    "task.create": ([label, description]) =>
      add("task", {
        ...{ name_label: label ?? "", name_description: description ?? "" },
        ...{ status: "pending", progress: 0, error_info: [], result: "" },
      }),
    "task.cancel"([ref]) {
      const task = row("task", ref);
      if (task.status === "pending") task.status = "cancelling";
      return "";
    },
    "task.destroy"([ref]) {
      row("task", ref);
      table("task").delete(String(ref));
      return "";
    },
    "VM.start": ([ref]) => start(ref ?? null),
    "VM.hard_shutdown": ([ref]) => stop(ref ?? null),
    "Async.VM.clean_shutdown"([ref]) {
      demand(row("VM", ref), String(ref), ["Running"]);
      if (pool.listening) stop(ref ?? null);
      return taskOf(pool.listening ? "success" : "pending");
    },
    "VM.destroy"([ref]) {
      pool.destroyMachine(String(ref));
      return "";
    },
    "VM.set_affinity"([ref, value]) {
      row("host", value);
      row("VM", ref).affinity = value ?? "";
      return "";
    },
    "VM.set_appliance"([ref, group]) {
      const members = row("VM_appliance", group);
      row("VM", ref).appliance = group ?? "";
      members.VMs = [...list(members, "VMs"), String(ref)];
      return "";
    },
    "VM.add_to_other_config": ([ref, key, value]) => addTo("other_config", ref, key, value),
    "VM.remove_from_other_config": ([ref, key]) => removeFrom("other_config", ref, key),
    "VM.add_to_xenstore_data": ([ref, key, value]) => addTo("xenstore_data", ref, key, value),
    "VM.remove_from_xenstore_data": ([ref, key]) => removeFrom("xenstore_data", ref, key),
    "VM.get_allowed_VBD_devices"([ref]) {
      const taken = list(row("VM", ref), "VBDs").map((drive) => text(row("VBD", drive), "userdevice"));
      return [...Array(16).keys()].map(String).filter((number) => !taken.includes(number));
    },
    "VM_appliance.create"([args]) {
      const given = (args ?? {}) as Row;
      return add("VM_appliance", {
        ...{ name_label: given.name_label ?? "", name_description: given.name_description ?? "", VMs: [] },
      });
    },
    "VM_appliance.destroy"([ref]) {
      for (const member of list(row("VM_appliance", ref), "VMs")) row("VM", member).appliance = NULL_REF;
      table("VM_appliance").delete(String(ref));
      return "";
    },
    "VDI.create"([args]) {
      const given = (args ?? {}) as Row;
      for (const name of ["SR", "virtual_size", "type", "sharable", "read_only", "other_config"]) {
        if (!(name in given)) throw new XapiError("FIELD_TYPE_ERROR", [name]);
      }
      // Storage managers round up.
      const size = Math.ceil(Number(given.virtual_size) / 2 ** 22) * 2 ** 22;
      return pool.createDisk({ ...given, virtual_size: String(size) });
    },
    "VDI.destroy"([ref]) {
      pool.destroyDisk(String(ref));
      return "";
    },
    "VBD.create": ([args]) => pool.createDrive((args ?? {}) as Row),
    "VBD.destroy"([ref]) {
      const machine = row("VM", row("VBD", ref).VM);
      if (machine.power_state !== "Halted") throw new XapiError("OPERATION_NOT_ALLOWED", [String(ref)]);
      pool.destroyDrive(String(ref));
      return "";
    },
    "network.create"([args]) {
      const given = (args ?? {}) as Row;
      for (const name of ["name_label", "MTU", "other_config"]) {
        if (!(name in given)) throw new XapiError("FIELD_TYPE_ERROR", [name]);
      }
      const bridge = given.bridge === "" ? `xapi${table("network").size}` : (given.bridge ?? "");
      return add("network", { ...given, bridge, VIFs: [] });
    },
    "network.destroy"([ref]) {
      const [card] = list(row("network", ref), "VIFs");
      if (card !== undefined) throw new XapiError("NETWORK_CONTAINS_VIF", [card]);
      table("network").delete(String(ref));
      return "";
    },
  };

  /** Methods that every class has. */
  function getter(name: string): ((args: readonly Json[]) => Json) | undefined {
    const [, kind = "", field = ""] = /^(\w+)\.get_(\w+)$/.exec(name) ?? [];
    if (
      ![
        "pool",
        "host",
        "network",
        "SR",
        "PBD",
        "VDI",
        "VM",
        "VBD",
        "VIF",
        "task",
        "session",
        "VM_appliance",
        "VM_guest_metrics",
      ].includes(kind)
    ) {
      return undefined;
    }
    if (field === "all_records") return () => Object.fromEntries(table(kind)) as Json;
    if (field === "by_uuid") return ([uuid]) => byUuid(kind, uuid);
    if (field === "by_name_label") {
      return ([label]) => [...table(kind)].filter(([, fields]) => fields.name_label === label).map(([ref]) => ref);
    }
    if (field === "record") return ([ref]) => row(kind, ref) as Json;
    return ([ref]) => {
      const value = row(kind, ref)[field];
      if (value === undefined) throw new XapiError("MESSAGE_METHOD_UNKNOWN", [name]);
      return value;
    };
  }

  return (name) => special[name] ?? getter(name);
}
