/** PowerShell on the fake host: the cmdlets for files, and what our statements use beyond the module of Hyper-V. */
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parsePowerShell } from "../support/powershell/parse.js";
import { type Cmdlet, PsObject, PsTable, type Shell, textOf } from "../support/powershell/run.js";
import { createShell } from "../support/powershell/shell.js";
import type { FakeHyperv } from "./hyperv.js";

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const below = (path: string, folder: string): boolean => path.toLowerCase().startsWith(`${folder.toLowerCase()}\\`);

/** The path as the host has it; `undefined`: there is no such file. */
function fileAt({ files }: FakeHyperv, path: string): string | undefined {
  return [...files.keys()].find((known) => same(known, path));
}

function sizeOf(fake: FakeHyperv, path: string): number {
  const blob = fake.files.get(fileAt(fake, path) ?? "");
  return blob === undefined ? 0 : statSync(blob).size;
}

function used(fake: FakeHyperv): number {
  return [...fake.files.values()].reduce((sum, blob) => sum + statSync(blob).size, 0);
}

/** Puts a file of this machine onto the host. @throws in Windows' words where there is no room, or no folder */
export function putFile(fake: FakeHyperv, from: string, path: string): void {
  const folder = path.slice(0, path.lastIndexOf("\\"));
  if (!fake.folders.some((known) => same(known, folder)))
    throw new Error(`Could not find a part of the path '${path}'.`);
  if (used(fake) + statSync(from).size > fake.limit) throw new Error("There is not enough space on the disk.");
  removeFile(fake, path);
  const blob = join(fake.home, `blob-${fake.host.next++}`);
  copyFileSync(from, blob);
  fake.files.set(path, blob);
}

function removeFile(fake: FakeHyperv, path: string): void {
  const known = fileAt(fake, path);
  if (known === undefined) return;
  rmSync(fake.files.get(known) ?? "", { force: true });
  fake.files.delete(known);
}

/** A shell of the host. */
export function shellOf(fake: FakeHyperv): Shell {
  const { host } = fake;
  const sync = (): void => {
    host.files.clear();
    for (const path of fake.files.keys()) host.files.set(path.toLowerCase(), null);
  };
  sync();
  const base = createShell(host);
  const denied: Cmdlet["run"] = () => {
    throw new Error("You do not have the required permission to complete this task.");
  };
  const demanded = (path: unknown): string => {
    const known = fileAt(fake, textOf(path));
    if (known === undefined) throw new Error(`Cannot find path '${textOf(path)}' because it does not exist.`);
    return known;
  };
  const own: Record<string, Cmdlet> = {
    "Get-VMHost": { values: [], run: () => [new PsObject("VMHost", { VirtualHardDiskPath: "D:\\Machines\\" })] },
    "Test-Path": {
      values: ["LiteralPath", "PathType"],
      run: ({ LiteralPath, PathType }) => {
        const path = textOf(LiteralPath).replace(/\\$/, "");
        if (textOf(PathType) === "Leaf") return [fileAt(fake, path) !== undefined];
        if (textOf(PathType) === "Container") return [fake.folders.some((known) => same(known, path))];
        throw new Error("Test-Path without a type");
      },
    },
    "Get-Item": {
      values: ["LiteralPath"],
      run: ({ LiteralPath }) => [
        new PsObject("Item", {
          Length: sizeOf(fake, textOf(LiteralPath)),
          PSDrive: new PsObject("PSDriveInfo", { Free: Math.max(0, fake.limit - used(fake)) }),
        }),
      ],
    },
    "Get-ChildItem": {
      values: ["LiteralPath", "Filter"],
      run: ({ LiteralPath, Filter }) => {
        const end = /^\*(\.[a-z]+)$/.exec(textOf(Filter))?.[1];
        if (end === undefined) throw new Error("Get-ChildItem without a filter by ending");
        return [...fake.files.keys()]
          .filter((path) => below(path, textOf(LiteralPath)) && path.toLowerCase().endsWith(end))
          .map((path) => new PsObject("FileInfo", { FullName: path }));
      },
    },
    "New-Item": {
      values: ["ItemType", "Path"],
      switches: ["Force"],
      run: ({ ItemType, Path }) => {
        if (textOf(ItemType) !== "Directory") throw new Error("only folders are made");
        const path = textOf(Path);
        if (!fake.folders.some((known) => same(known, path))) fake.folders.push(path);
        return [new PsObject("DirectoryInfo", {})];
      },
    },
    "Remove-Item": {
      values: ["LiteralPath"],
      switches: ["Recurse", "Force"],
      run: ({ LiteralPath, Recurse }) => {
        const path = textOf(LiteralPath);
        const isFolder = fake.folders.some((known) => same(known, path));
        if (isFolder && Recurse !== true) throw new Error("the folder would be asked about");
        if (isFolder && host.vms.some((vm) => vm.folder !== null && same(vm.folder, path))) {
          throw new Error("The process cannot access the file because it is being used by another process.");
        }
        for (const known of [...fake.files.keys()])
          if (same(known, path) || below(known, path)) removeFile(fake, known);
        fake.folders = fake.folders.filter((known) => !same(known, path) && !below(known, path));
        sync();
        return [];
      },
    },
    "Move-Item": {
      values: ["LiteralPath", "Destination"],
      switches: ["Force"],
      run: ({ LiteralPath, Destination }) => {
        const from = demanded(LiteralPath);
        const blob = fake.files.get(from) ?? "";
        fake.files.delete(from);
        removeFile(fake, textOf(Destination));
        fake.files.set(textOf(Destination), blob);
        sync();
        return [];
      },
    },
    "Copy-Item": {
      values: ["LiteralPath", "Destination"],
      switches: ["Force"],
      run: ({ LiteralPath, Destination }) => {
        putFile(fake, textOf(LiteralPath), textOf(Destination));
        sync();
        return [];
      },
    },
    "Get-FileHash": {
      values: ["LiteralPath", "Algorithm"],
      run: ({ LiteralPath, Algorithm }) => {
        const hash = createHash(textOf(Algorithm).toLowerCase());
        hash.update(readFileSync(fake.files.get(demanded(LiteralPath)) ?? ""));
        return [new PsObject("FileHashInfo", { Hash: hash.digest("hex").toUpperCase() })];
      },
    },
    "Get-CimInstance": {
      values: ["Namespace", "ClassName", "Filter"],
      run: ({ ClassName, Filter }) => {
        if (textOf(ClassName) !== "Msvm_ShutdownComponent") throw new Error(`no class ${textOf(ClassName)}`);
        const id = /^SystemName="([^"]+)"$/.exec(textOf(Filter))?.[1];
        const vm = host.vms.find((known) => known.id === id && known.state === "Running" && known.guest !== "absent");
        return vm === undefined ? [] : [new PsObject("CimInstance", { SystemName: vm.id })];
      },
    },
    "Invoke-CimMethod": {
      values: ["InputObject", "MethodName", "Arguments"],
      run: ({ InputObject, MethodName, Arguments }) => {
        if (!(InputObject instanceof PsObject) || textOf(MethodName) !== "InitiateShutdown")
          throw new Error("no such method");
        if (
          !(Arguments instanceof PsTable) ||
          Arguments.get("Force") === undefined ||
          Arguments.get("Reason") === undefined
        ) {
          throw new Error("InitiateShutdown takes Force and Reason");
        }
        const vm = host.vms.find((known) => known.id === InputObject.get("SystemName"));
        if (vm?.guest === "obeys") vm.state = "Off";
        return [new PsObject("CimMethodResult", { ReturnValue: 0 })];
      },
    },
    "ConvertTo-Json": {
      values: ["InputObject", "Depth"],
      switches: ["Compress"],
      run: ({ InputObject, Depth }, shell) => base.cmdlets["ConvertTo-Json"]?.run({ InputObject, Depth }, shell) ?? [],
    },
  };
  const cmdlets: Record<string, Cmdlet> = { ...base.cmdlets, ...own };
  for (const [name, cmdlet] of Object.entries(cmdlets)) {
    if (!fake.allowed && name.includes("-VM")) cmdlets[name] = { ...cmdlet, run: denied };
  }
  return {
    ...base,
    cmdlets,
    types: {
      ...base.types,
      "System.Net.WebUtility": { UrlEncode: (text) => encodeURIComponent(textOf(text)).replaceAll("%20", "+") },
    },
    script: (path) => parsePowerShell(readFileSync(fake.files.get(demanded(path)) ?? "", "utf8")),
  };
}
