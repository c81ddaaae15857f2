import { SaxesParser } from "saxes";
import type { Machine } from "../../src/appliance/appliance.js";
import { MIB } from "../../src/base/bytes.js";
import type { PsCommand, PsExpression, PsScript, PsStatement } from "../../src/platforms/hyperv/powershell.js";
import type { ExportPlan } from "../../src/platforms/platform.js";
import type { QemuArgument } from "../../src/platforms/qemu/hardware.js";

/** What a configuration says of a machine, read back by readers of the tests' own. */
export interface Seen {
  name: string;
  annotation: string | null;
  memoryBytes: number;
  cpus: number;
  coresPerSocket: number | null;
  firmware: string;
  /** `disk sata 0:1 web-disk1.vmdk`, sorted; `-` for an empty drive. */
  drives: string[];
  /** `e1000 08:00:27:00:00:01 connected`, in order. */
  nics: string[];
}

/** What a plan's configuration has to say of a fitted machine. */
export function expected(machine: Machine, plan: ExportPlan): Seen {
  const disks = new Map(plan.disks.map((d) => [d.disk, d.name]));
  const files = new Map(plan.files.map((f) => [f.asset, f.name]));
  return {
    name: machine.name,
    annotation: machine.annotation === null ? null : lines(machine.annotation),
    memoryBytes: machine.memoryBytes,
    cpus: machine.cpu.count,
    coresPerSocket: machine.cpu.coresPerSocket,
    firmware: machine.firmware,
    drives: machine.attachments
      .map((a) => {
        const c = machine.controllers.find((known) => known.id === a.controller);
        const file = a.device === "disk" ? disks.get(a.disk ?? "") : files.get(a.file ?? "");
        // A virtio disk is a card of its own: the platform gives it a place.
        const place = c?.bus === "virtio-blk" ? "" : ` ${c?.index}:${a.slot}`;
        return `${a.device} ${c?.bus}${place} ${file ?? "-"}`;
      })
      .sort(),
    nics: machine.nics.map((n) => `${n.model} ${n.mac ?? "-"} ${n.connected ? "connected" : "not"}`),
  };
}

/** Text with the line ends that XML has. */
export function lines(text: string): string {
  return text.replace(/\r\n|\r/g, "\n");
}

/** A VMX file, by the grammar of VMware's dictionary files. */
export function seenVmx(text: string): Seen {
  const map = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([^\s=#]+) = "([^"]*)"$/.exec(line);
    if (match === null) {
      if (line !== "") throw new Error(`no line of a VMX file: ${JSON.stringify(line)}`);
      continue;
    }
    const [, key = "", value = ""] = match;
    if (map.has(key)) throw new Error(`${key} twice`);
    map.set(
      key,
      value.replace(/\|([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    );
  }
  const get = (key: string): string | null => map.get(key) ?? null;
  const drives: string[] = [];
  for (const [key, value] of map) {
    const drive = /^(ide|sata|scsi|nvme)(\d+):(\d+)\.present$/.exec(key);
    const floppy = /^floppy(\d)\.present$/.exec(key);
    if (value !== "TRUE") continue;
    const name = key.slice(0, -".present".length);
    const file = get(`${name}.fileName`);
    if (floppy !== null) drives.push(`floppy floppy 0:${floppy[1]} ${file || "-"}`);
    if (drive === null) continue;
    const [, bus, controller, slot] = drive;
    if (bus !== "ide" && get(`${bus}${controller}.present`) !== "TRUE") throw new Error(`${name} has no controller`);
    const type = get(`${name}.deviceType`);
    const cdrom = type?.includes("cdrom") === true;
    drives.push(
      `${cdrom ? "cdrom" : "disk"} ${bus} ${controller}:${slot} ${type === "cdrom-raw" || type === "atapi-cdrom" ? "-" : file}`,
    );
  }
  const nics: string[] = [];
  for (let i = 0; get(`ethernet${i}.present`) === "TRUE"; i++) {
    const connected = get(`ethernet${i}.startConnected`) !== "FALSE";
    nics.push(
      `${get(`ethernet${i}.virtualDev`)} ${get(`ethernet${i}.address`) ?? "-"} ${connected ? "connected" : "not"}`,
    );
  }
  const annotation = get("annotation");
  const cores = get("cpuid.coresPerSocket");
  const efi = get("firmware") === "efi";
  return {
    name: get("displayName") ?? "",
    annotation: annotation === null ? null : lines(annotation),
    memoryBytes: Number(get("memSize")) * MIB,
    cpus: Number(get("numvcpus")),
    coresPerSocket: cores === null ? null : Number(cores),
    firmware: efi ? (get("uefi.secureBoot.enabled") === "TRUE" ? "efi-secure" : "efi") : "bios",
    drives: drives.sort(),
    nics,
  };
}

/** An element of a document that a test reads back. */
export interface Node {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Node[];
  text: string;
}

/** Parses a document. */
export function parse(xml: string): Node {
  const root: Node = { name: "", attributes: {}, children: [], text: "" };
  const stack = [root];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", (tag) => {
    const node: Node = { name: tag.name, attributes: tag.attributes as Record<string, string>, children: [], text: "" };
    stack.at(-1)?.children.push(node);
    stack.push(node);
  });
  parser.on("closetag", () => void stack.pop());
  parser.on("text", (text) => {
    const top = stack.at(-1);
    if (top !== undefined) top.text += text;
  });
  parser.write(xml).close();
  return root.children[0] ?? root;
}

/** A libvirt domain. */
export function seenDomain(xml: string): Seen {
  const domain = parse(xml);
  const child = (node: Node | undefined, name: string): Node | undefined => node?.children.find((c) => c.name === name);
  const all = (node: Node | undefined, name: string): Node[] => node?.children.filter((c) => c.name === name) ?? [];
  const devices = child(domain, "devices");
  const scsi = new Map(
    all(devices, "controller")
      .filter((c) => c.attributes.type === "scsi")
      .map((c) => [c.attributes.index, c.attributes.model]),
  );
  const parallel = [...scsi].filter(([, model]) => model !== "virtio-scsi").map(([index]) => Number(index));
  const first = Math.max(-1, ...parallel) + 1;
  const names = new Set<string>();
  const drives = all(devices, "disk").map((d) => {
    const target = child(d, "target")?.attributes ?? {};
    if (names.has(target.dev ?? "")) throw new Error(`${target.dev} twice`);
    names.add(target.dev ?? "");
    const path = child(d, "source")?.attributes.file;
    const file = path === undefined ? "-" : path.slice(path.lastIndexOf("/") + 1);
    const a = child(d, "address")?.attributes;
    const device = d.attributes.device;
    switch (target.bus) {
      case "virtio":
        return `${device} virtio-blk ${file}`;
      case "ide":
        return `${device} ide ${a?.bus}:${a?.unit} ${file}`;
      case "fdc":
        return `${device} floppy ${a?.controller}:${a?.unit} ${file}`;
      case "scsi": {
        const model = scsi.get(a?.controller);
        if (model === "virtio-scsi")
          return `${device} virtio-scsi ${Number(a?.controller) - first}:${a?.target} ${file}`;
        return `${device} scsi ${a?.controller}:${model === "lsilogic" ? a?.unit : a?.target} ${file}`;
      }
      default:
        return `${device} ${target.bus} ${a?.controller}:${a?.unit} ${file}`;
    }
  });
  const nics = all(devices, "interface").map(
    (n) =>
      `${child(n, "model")?.attributes.type} ${child(n, "mac")?.attributes.address ?? "-"} ${child(n, "link")?.attributes.state === "down" ? "not" : "connected"}`,
  );
  const os = child(domain, "os");
  const secure = all(child(os, "firmware"), "feature").some(
    (f) => f.attributes.name === "secure-boot" && f.attributes.enabled === "yes",
  );
  const description = child(domain, "description");
  const cores = child(child(domain, "cpu"), "topology")?.attributes.cores;
  return {
    name: (child(domain, "title") ?? child(domain, "name"))?.text ?? "",
    annotation: description === undefined ? null : lines(description.text),
    memoryBytes: Number((child(domain, "currentMemory") ?? child(domain, "memory"))?.text),
    cpus: Number(child(domain, "vcpu")?.attributes.current ?? child(domain, "vcpu")?.text),
    coresPerSocket: cores === undefined ? null : Number(cores),
    firmware: os?.attributes.firmware === "efi" ? (secure ? "efi-secure" : "efi") : "bios",
    drives: drives.sort(),
    nics,
  };
}

/** A Hyper-V script, from its tree. */
export function seenScript(script: PsScript): Seen {
  const commands: { command: PsCommand; variable: string | null }[] = [];
  const values = new Map<string, PsExpression>();
  const visit = (statement: PsStatement): void => {
    if (statement.kind === "assign") {
      values.set(statement.variable, statement.value);
      if (statement.value.kind === "pipeline")
        for (const command of statement.value.commands) commands.push({ command, variable: statement.variable });
    }
    if (statement.kind === "run") for (const command of statement.commands) commands.push({ command, variable: null });
    if (statement.kind === "if") for (const s of [...statement.then, ...statement.otherwise]) visit(s);
    if (statement.kind === "while") for (const s of statement.body) visit(s);
  };
  // What fills a variable with an image's path comes before what uses it.
  const images = new Map<string, string>();
  for (const s of script.body) {
    if (s.kind !== "assign" || s.value.kind !== "pipeline" || s.value.commands[0]?.command !== "Join-Path") continue;
    images.set(s.variable, String(literal(parameter(s.value.commands[0], "ChildPath"))));
  }
  for (const s of script.body) visit(s);
  const named = (name: string): PsCommand[] => commands.filter((c) => c.command.command === name).map((c) => c.command);
  const image = (command: PsCommand): string => {
    const path = parameter(command, "Path");
    return path?.kind === "variable" ? (images.get(path.name) ?? "?") : "-";
  };
  const place = (command: PsCommand): string =>
    `${literal(parameter(command, "ControllerNumber"))}:${literal(parameter(command, "ControllerLocation"))}`;
  const generation = literal(parameter(named("New-VM")[0], "Generation"));
  const cdBus = generation === 2 ? "scsi" : "ide";
  const drives = [
    ...named("Add-VMHardDiskDrive").map(
      (c) => `disk ${String(literal(parameter(c, "ControllerType"))).toLowerCase()} ${place(c)} ${image(c)}`,
    ),
    ...named("Add-VMDvdDrive").map((c) => `cdrom ${cdBus} ${place(c)} ${image(c)}`),
    ...named("Set-VMFloppyDiskDrive").map((c) => `floppy floppy 0:0 ${image(c)}`),
  ];
  const connected = new Set(named("Connect-VMNetworkAdapter").map((c) => variableOf(parameter(c, "VMNetworkAdapter"))));
  const macs = new Map(
    named("Set-VMNetworkAdapter").map((c) => [
      variableOf(parameter(c, "VMNetworkAdapter")),
      String(literal(parameter(c, "StaticMacAddress"))),
    ]),
  );
  const nics = commands
    .filter((c) => c.command.command === "Add-VMNetworkAdapter")
    .map(({ command, variable }) => {
      const legacy = parameter(command, "IsLegacy") !== undefined;
      const mac = macs.get(variable ?? "");
      const text = mac === undefined ? "-" : (mac.toLowerCase().match(/../g) ?? []).join(":");
      return `${legacy ? "legacy" : "synthetic"} ${text} ${connected.has(variable ?? "") ? "connected" : "not"}`;
    });
  const notes = String(literal(parameter(named("Set-VM")[0], "Notes")));
  const firmware = named("Set-VMFirmware").find((c) => parameter(c, "EnableSecureBoot") !== undefined);
  const secure = literal(parameter(firmware, "EnableSecureBoot")) === "On";
  return {
    name: String(literal(script.parameters.find((p) => p.name === "Name")?.value ?? undefined)),
    annotation: notes === "" ? null : lines(notes),
    memoryBytes: Number(literal(parameter(named("Set-VMMemory")[0], "StartupBytes"))),
    cpus: Number(literal(parameter(named("Set-VMProcessor")[0], "Count"))),
    coresPerSocket: null,
    firmware: generation === 2 ? (secure ? "efi-secure" : "efi") : "bios",
    drives: drives.sort(),
    nics,
  };
}

function parameter(command: PsCommand | undefined, name: string): PsExpression | undefined {
  return command?.parameters.find(([n]) => n === name)?.[1] ?? undefined;
}

function literal(value: PsExpression | undefined): string | number | null {
  return value?.kind === "string" || value?.kind === "number" ? value.value : null;
}

function variableOf(value: PsExpression | undefined): string {
  return value?.kind === "variable" ? value.name : "?";
}

/** A QEMU command line with the firmware that its script adds. */
export function seenQemu(args: readonly QemuArgument[], firmware: string): Seen {
  const values = (option: string): string[] => args.filter(([o]) => o === option).map(([, v]) => v);
  const field = (value: string, key: string): string | undefined =>
    value
      .split(/(?<!,),(?!,)/)
      .find((part) => part.startsWith(`${key}=`))
      ?.slice(key.length + 1);
  const images = new Map(values("-drive").map((v) => [field(v, "id") ?? "", field(v, "file") ?? "?"]));
  const drives: string[] = [];
  const nics: string[] = [];
  for (const device of values("-device")) {
    const [model = ""] = device.split(",");
    // Sound cards and serial ports.
    if (/^(?:isa-serial|(?:ich9-)?intel-hda|hda-duplex|AC97|ES1370|sb16)$/.test(model)) continue;
    const file = images.get(field(device, "drive") ?? "") ?? "-";
    const kind = model.endsWith("-cd") ? "cdrom" : "disk";
    const bus = field(device, "bus") ?? "";
    if (model === "floppy") drives.push(`floppy floppy 0:${field(device, "unit")} ${file}`);
    else if (model === "virtio-blk-pci") drives.push(`disk virtio-blk ${file}`);
    else if (model === "nvme") drives.push(`disk nvme ${field(device, "id")?.slice(4)}:0 ${file}`);
    else if (model.startsWith("scsi-")) {
      const [, name, index] = /^(v?)scsi(\d+)\.0$/.exec(bus) ?? [];
      drives.push(`${kind} ${name === "v" ? "virtio-scsi" : "scsi"} ${index}:${field(device, "scsi-id")} ${file}`);
    } else if (model.startsWith("ide-")) {
      const [, name, number] = /^(\w+)\.(\d+)$/.exec(bus) ?? [];
      const unit = field(device, "unit");
      if (unit !== undefined) drives.push(`${kind} ide ${number}:${unit} ${file}`);
      else drives.push(`${kind} sata ${name === "ide" ? 0 : name?.slice(4)}:${number} ${file}`);
    } else if (!/^(?:ich9-ahci|mptsas1068|pvscsi|lsi53c895a|virtio-scsi-pci|qemu-xhci|isa-fdc)$/.test(model)) {
      const word = model === "virtio-net-pci" ? "virtio" : model;
      nics.push(
        `${word} ${field(device, "mac") ?? "-"} ${field(device, "netdev") === undefined ? "not" : "connected"}`,
      );
    }
  }
  const [smp = ""] = values("-smp");
  const cores = field(smp, "cores");
  return {
    name: (values("-name")[0] ?? "").replace(/^guest=/, "").replaceAll(",,", ","),
    annotation: null,
    memoryBytes: Number((values("-m")[0] ?? "").replace(/M$/, "")) * MIB,
    cpus: Number(field(smp, "cpus")),
    coresPerSocket: cores === undefined ? null : Number(cores),
    firmware,
    drives: drives.sort(),
    nics,
  };
}
