/**
 * A host of Proxmox VE as far as scripts see one: `qm`, `pvesh` and `pvesm`, written from their manuals (qm(1), qm.conf(5), pvesm(1)) alone. It
 * knows every option of `qm create`, refuses those that are not there and values that are not of their format, and keeps machines as files in
 * `FAKE_PVE`. Called with the name of the program first.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const home = process.env.FAKE_PVE ?? "/nonexistent";
const [program = "", ...args] = process.argv.slice(2);

function fail(message: string): never {
  console.error(message);
  process.exit(255);
}

/** Parts of a value: their names and what each may be. */
type Format = Readonly<Record<string, RegExp>>;

const BOOL = /^[01]$/;
const INT = /^[0-9]+$/;
const VOLUME = /^(?:none|cdrom|\/.+|[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]:[^\s,]+)$/;
const driveBase: Format = {
  file: VOLUME,
  media: /^(?:cdrom|disk)$/,
  cache: /^(?:none|writethrough|writeback|unsafe|directsync)$/,
  format: /^(?:raw|cow|qcow|qcow2|qed|vmdk|cloop)$/,
  size: /^[0-9]+(?:\.[0-9]+)?[KMGT]?$/,
  backup: BOOL,
  replicate: BOOL,
  discard: /^(?:ignore|on)$/,
  ssd: BOOL,
  shared: BOOL,
  "import-from": /^(?:\/.+|[A-Za-z][A-Za-z0-9._-]*:.+)$/,
};
const MAC = /^[0-9A-F][02468ACE](?::[0-9A-F]{2}){5}$/i;
const CARDS =
  "e1000 e1000-82540em e1000-82544gc e1000-82545em e1000e i82551 i82557b i82559er ne2k_isa ne2k_pci pcnet rtl8139 virtio vmxnet3".split(
    " ",
  );
const net: Format = {
  model: new RegExp(`^(?:${CARDS.join("|")})$`),
  macaddr: MAC,
  bridge: /^[-_.\w]+$/,
  tag: /^(?:[1-9][0-9]{0,2}|[1-3][0-9]{3}|40[0-8][0-9]|409[0-4])$/,
  firewall: BOOL,
  link_down: BOOL,
  ...Object.fromEntries(CARDS.map((card) => [card, MAC])),
};
const NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/;

/** Options by pattern: a whole value, or parts with the name of the one that may come without. */
const OPTIONS: readonly (readonly [key: RegExp, value: RegExp | readonly [first: string, parts: Format]])[] = [
  [/^name$/, NAME],
  [/^description$/, /^[\s\S]{0,8192}$/],
  [/^(?:cores|sockets|vcpus)$/, /^[1-9][0-9]*$/],
  [/^cpu$/, ["cputype", { cputype: /^[A-Za-z0-9_-]+$/, flags: /^[+-][a-z0-9-]+(?:;[+-][a-z0-9-]+)*$/, hidden: BOOL }]],
  [/^memory$/, ["current", { current: /^(?:1[6-9]|[2-9][0-9]|[1-9][0-9]{2,})$/ }]],
  [/^balloon$/, INT],
  [/^ostype$/, /^(?:other|wxp|w2k|w2k3|w2k8|wvista|win7|win8|win10|win11|l24|l26|solaris)$/],
  [/^bios$/, /^(?:seabios|ovmf)$/],
  [
    /^machine$/,
    ["type", { type: /^(?:pc|q35|pc-(?:i440fx|q35)-[0-9.]+(?:\+pve[0-9]+)?)$/, viommu: /^(?:intel|virtio)$/ }],
  ],
  [/^(?:localtime|onboot|template|protection|tablet|numa|acpi|kvm)$/, BOOL],
  [/^smbios1$/, ["uuid", { uuid: /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, base64: BOOL }]],
  [/^scsihw$/, /^(?:lsi|lsi53c810|virtio-scsi-pci|virtio-scsi-single|megasas|pvscsi)$/],
  [/^serial[0-3]$/, /^(?:\/dev\/.+|socket)$/],
  [/^audio0$/, ["device", { device: /^(?:ich9-intel-hda|intel-hda|AC97)$/, driver: /^(?:spice|none)$/ }]],
  [
    /^vga$/,
    [
      "type",
      {
        type: /^(?:cirrus|none|qxl[234]?|serial[0-3]|std|virtio|virtio-gl|vmware)$/,
        memory: /^(?:[4-9]|[1-9][0-9]|[1-4][0-9]{2}|50[0-9]|51[0-2])$/,
      },
    ],
  ],
  [/^startup$/, ["order", { order: INT, up: INT, down: INT }]],
  [/^boot$/, ["legacy", { legacy: /^[acdn]{1,4}$/, order: /^(?:[a-z]+[0-9]+(?:;[a-z]+[0-9]+)*)?$/ }]],
  [/^net(?:[0-9]|[12][0-9]|3[01])$/, ["model", net]],
  [/^ide[0-3]$/, ["file", driveBase]],
  [/^sata[0-5]$/, ["file", driveBase]],
  [/^scsi(?:[0-9]|[12][0-9]|30)$/, ["file", { ...driveBase, ro: BOOL, iothread: BOOL }]],
  [/^virtio(?:[0-9]|1[0-5])$/, ["file", { ...driveBase, ro: BOOL, iothread: BOOL }]],
  [
    /^efidisk0$/,
    [
      "file",
      {
        file: VOLUME,
        efitype: /^[24]m$/,
        "pre-enrolled-keys": BOOL,
        format: /^(?:raw|qcow2)$/,
        size: /./,
        "import-from": /^\/.+$/,
      },
    ],
  ],
  [/^tpmstate0$/, ["file", { file: VOLUME, version: /^v(?:1\.2|2\.0)$/, size: /./ }]],
];

function parsed(key: string, value: string): Map<string, string> | null {
  const option = OPTIONS.find(([pattern]) => pattern.test(key));
  if (option === undefined) fail(`Unknown option: ${key}`);
  const [, format] = option;
  if (format instanceof RegExp) {
    if (!format.test(value))
      fail(`400 Parameter verification failed.\n${key}: value does not match the format: ${value}`);
    return null;
  }
  const [first, parts] = format;
  const found = new Map<string, string>();
  for (const part of value.split(",")) {
    const [, name = first, text = part] = /^([^=]+)=(.*)$/.exec(part) ?? [];
    const pattern = parts[name];
    if (pattern === undefined) fail(`400 Parameter verification failed.\n${key}: property is not defined: ${name}`);
    if (!pattern.test(text)) fail(`400 Parameter verification failed.\n${key}.${name}: invalid value: ${text}`);
    if (found.has(name)) fail(`400 Parameter verification failed.\n${key}: duplicate key: ${name}`);
    found.set(name, text);
  }
  return found;
}

const STORAGES = new Set(["local", "local-lvm", "tank"]);
const fileOf = (id: string): string => join(home, `${id}.json`);
const load = (id: string): Record<string, string> => {
  if (!/^[1-9][0-9]{2,8}$/.test(id)) fail(`400 Parameter verification failed.\nvmid: invalid format: ${id}`);
  if (!existsSync(fileOf(id))) fail(`Configuration file 'nodes/pve/qemu-server/${id}.conf' does not exist`);
  return JSON.parse(readFileSync(fileOf(id), "utf8"));
};
const machines = (): string[] =>
  readdirSync(home)
    .flatMap((file) => /^([0-9]+)\.json$/.exec(file)?.[1] ?? [])
    .sort((a, b) => Number(a) - Number(b));

/** What a storage makes of a drive: a volume of its own, with all that was said of it. */
function allocated(id: string, key: string, value: string, config: Record<string, string>): string {
  const parts = parsed(key, value);
  if (parts === null || !/^(?:ide|sata|scsi|virtio|efidisk|tpmstate)/.test(key)) return value;
  const file = parts.get("file") ?? fail(`${key}: no volume`);
  const [, storage = "", volume = ""] = /^([^:/]+):(.*)$/.exec(file) ?? [];
  if (file === "none") return value;
  if (!STORAGES.has(storage)) fail(`storage '${storage}' does not exist`);
  if (volume.startsWith("iso/")) {
    if (parts.get("media") !== "cdrom") fail(`${key}: an image is no disk`);
    if (!existsSync(join(home, volume))) fail(`volume '${file}' does not exist`);
    return value;
  }
  if (!/^[0-9]+(?:\.[0-9]+)?$/.test(volume)) fail(`unable to parse volume ID '${file}'`);
  const from = parts.get("import-from");
  if (from === undefined && volume === "0") fail(`${key}: no size and nothing to import`);
  if (from !== undefined && volume !== "0") fail(`${key}: import-from needs size 0`);
  if (from !== undefined && !statSync(from).isFile()) fail(`${key}: ${from} is no file`);
  const number = Object.values(config).filter((known) => known.includes(`vm-${id}-disk-`)).length;
  const rest = [...parts].filter(([name]) => name !== "file" && name !== "import-from");
  return [`${storage}:vm-${id}-disk-${number}`, ...rest.map(([name, text]) => `${name}=${text}`)].join(",");
}

function change(id: string, config: Record<string, string>, words: readonly string[]): void {
  const given = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) {
    const key = /^--?([a-z][a-z0-9-]*)$/.exec(words[i] ?? "")?.[1] ?? fail(`400 too many arguments: ${words[i]}`);
    const value = words[i + 1] ?? fail(`Option ${key} requires an argument`);
    if (given.has(key)) fail(`${key} is given twice`);
    given.set(key, value);
  }
  const next = { ...config };
  for (const [key, value] of given) next[key] = allocated(id, key, value, next);
  for (const device of parsed("boot", next.boot ?? "cdn")
    ?.get("order")
    ?.split(";") ?? []) {
    if (device !== "" && next[device] === undefined) fail(`invalid bootorder: device '${device}' does not exist`);
  }
  writeFileSync(fileOf(id), JSON.stringify(next));
}

function qm([command = "", id = "", ...rest]: readonly string[]): void {
  switch (command) {
    case "list": {
      console.log("      VMID NAME                 STATUS     MEM(MB)    BOOTDISK(GB) PID       ");
      for (const known of machines()) {
        console.log(
          `${known.padStart(10)} ${(load(known).name ?? "").padEnd(20)} stopped    512                0.00 0`,
        );
      }
      return;
    }
    case "status":
      load(id);
      console.log("status: stopped");
      return;
    case "create":
      if (!/^[1-9][0-9]{2,8}$/.test(id)) fail(`400 Parameter verification failed.\nvmid: invalid format: ${id}`);
      if (existsSync(fileOf(id))) fail(`unable to create VM ${id} - VM ${id} already exists on node 'pve'`);
      change(id, {}, rest);
      return;
    case "set":
      change(id, load(id), rest);
      return;
    case "destroy":
      load(id);
      if (rest.join(" ") !== "--purge 1") fail(`Unknown option: ${rest.join(" ")}`);
      rmSync(fileOf(id));
      return;
    default:
      fail(`ERROR: unknown command 'qm ${command}'`);
  }
}

mkdirSync(home, { recursive: true });
if (program === "qm") qm(args);
else if (program === "pvesh" && args.join(" ") === "get /cluster/nextid") {
  let free = 100;
  while (machines().includes(String(free))) free++;
  console.log(free);
} else if (program === "pvesm" && args[0] === "path") {
  const [, storage = "", volume = ""] =
    /^([^:]+):(iso\/[^/]+\.iso)$/.exec(args[1] ?? "") ?? fail(`unable to parse ${args[1]}`);
  if (!STORAGES.has(storage)) fail(`storage '${storage}' does not exist`);
  console.log(join(home, volume));
} else fail(`unknown: ${program} ${args.join(" ")}`);
