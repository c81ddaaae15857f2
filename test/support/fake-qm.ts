/**
 * A host of Proxmox VE as far as scripts see one: `qm`, `pvesh` and `pvesm`, written from their manuals (qm(1), qm.conf(5), pvesm(1)) alone. It
 * knows every option of `qm create`, refuses those that are not there and values that are not of their format, and keeps machines as files in
 * `FAKE_PVE`. Called with the name of the program first.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DRIVE, OptionError, readOption } from "../fakes/pve-options.js";

const home = process.env.FAKE_PVE ?? "/nonexistent";
const [program = "", ...args] = process.argv.slice(2);

function fail(message: string): never {
  console.error(message);
  process.exit(255);
}

function parsed(key: string, value: string): Map<string, string> | null {
  try {
    return readOption(key, value);
  } catch (cause) {
    if (!(cause instanceof OptionError)) throw cause;
    return fail(`400 Parameter verification failed.\n${cause.key}: ${cause.message}`);
  }
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
  if (parts === null || !DRIVE.test(key)) return value;
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
  if (key === "efidisk0" && from !== undefined && !(parts.has("efitype") && parts.has("pre-enrolled-keys")))
    fail("efidisk0: need to specify 'efitype' and 'pre-enrolled-keys' when using 'import-from'");
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
