/** The cmdlets of PowerShell itself that our scripts use, and a shell on a host of Hyper-V that is not there. */
import { hypervCmdlets } from "./hyperv-cmdlets.js";
import type { Host } from "./hyperv-host.js";
import { type Cmdlet, PsEnum, PsObject, PsTable, type Shell, same, textOf } from "./run.js";

/** Where the scripts lie. */
export const SCRIPT_ROOT = "D:\\Machines";

function json(value: unknown, depth: number): unknown {
  if (depth < 0) throw new Error("ConvertTo-Json: deeper than -Depth");
  if (value instanceof PsEnum) return value.number;
  if (Array.isArray(value)) return value.map((item) => json(item, depth - 1));
  if (value instanceof PsTable) {
    return Object.fromEntries([...value.entries].map(([key, item]) => [key, json(item, depth - 1)]));
  }
  if (value instanceof PsObject) throw new Error(`ConvertTo-Json: a whole ${value.type}`);
  return value;
}

function number(value: unknown): number | string {
  return value instanceof PsEnum ? value.number : typeof value === "number" ? value : textOf(value);
}

function ownCmdlets(host: Host): Record<string, Cmdlet> {
  const date = (): PsObject =>
    new PsObject("DateTime", {}, { ToUniversalTime: () => date(), ToString: () => "2026-01-02T03:04:05.0000000Z" });
  return {
    "Resolve-Path": {
      values: ["LiteralPath"],
      run: ({ LiteralPath }) => [
        new PsObject("PathInfo", { ProviderPath: textOf(LiteralPath) === "." ? SCRIPT_ROOT : textOf(LiteralPath) }),
      ],
    },
    "Join-Path": {
      values: ["Path", "ChildPath"],
      run: ({ Path, ChildPath }) => [`${textOf(Path)}\\${textOf(ChildPath)}`],
    },
    "Test-Path": {
      values: ["LiteralPath", "PathType"],
      run: ({ LiteralPath }) => [host.files.has(textOf(LiteralPath).toLowerCase())],
    },
    "Get-Item": {
      values: ["LiteralPath"],
      run: ({ LiteralPath }) =>
        host.files.has(textOf(LiteralPath).toLowerCase()) ? [new PsObject("FileInfo", {})] : [],
    },
    "Where-Object": {
      values: ["Property", "Value"],
      switches: ["EQ"],
      pipe: "InputObject",
      run: ({ Property, Value, EQ, InputObject }) => {
        if (EQ !== true) throw new Error("Where-Object compares by -EQ here");
        return (InputObject as PsObject[]).filter((item) => same(item.get(textOf(Property)) ?? null, Value));
      },
    },
    "Select-Object": {
      values: ["First"],
      pipe: "InputObject",
      run: ({ First, InputObject }) => (InputObject as unknown[]).slice(0, Number(First)),
    },
    "Sort-Object": {
      values: ["Property"],
      pipe: "InputObject",
      run: ({ Property, InputObject }) => {
        const names = (Array.isArray(Property) ? Property : [Property]).map(textOf);
        return [...(InputObject as PsObject[])].sort((a, b) => {
          for (const name of names) {
            const [left, right] = [number(a.get(name)), number(b.get(name))];
            if (left !== right) return left < right ? -1 : 1;
          }
          return 0;
        });
      },
    },
    "Write-Warning": {
      values: ["Message"],
      run: ({ Message }, shell) => {
        shell.warnings.push(textOf(Message));
        return [];
      },
    },
    "Set-StrictMode": { values: ["Version"], run: () => [] },
    "Get-Command": { values: ["Name"], run: ({ Name }, shell) => (shell.cmdlets[textOf(Name)] ? [Name] : []) },
    "Get-Module": { values: ["Name"], run: () => [new PsObject("PSModuleInfo", { Version: "2.0.0.0" })] },
    "Get-Date": { values: [], run: () => [date()] },
    "Get-CimInstance": {
      values: ["Namespace", "ClassName", "Filter"],
      run: () => [new PsObject("CimInstance", { BIOSGUID: "{7FFEE066-9755-4950-9A16-4C94AC67AD00}" })],
    },
    "Export-VM": { values: ["VM", "Path"], run: () => [] },
    "New-Object": { values: ["TypeName", "ArgumentList"], run: ({ TypeName }) => [new PsObject(textOf(TypeName), {})] },
    "ConvertTo-Json": {
      values: ["InputObject", "Depth"],
      run: ({ InputObject, Depth }) => [JSON.stringify(json(InputObject, Number(Depth)))],
    },
  };
}

/** A shell on a host. */
export function createShell(host: Host, whatIf: "really" | "what if" = "really"): Shell {
  return {
    cmdlets: { ...ownCmdlets(host), ...hypervCmdlets(host) },
    types: {
      "System.IO.File": {
        WriteAllText(path, text) {
          host.files.set(textOf(path).toLowerCase(), textOf(text));
        },
      },
    },
    variables: {
      PSScriptRoot: SCRIPT_ROOT,
      PSVersionTable: new PsObject("Hashtable", { PSVersion: "5.1.22621.1" }),
    },
    warnings: [],
    asked: [],
    whatIf: whatIf === "what if",
  };
}
