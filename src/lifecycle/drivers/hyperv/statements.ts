/** What is asked of a host's PowerShell. Values stand in single quotes, inside of which nothing is special but quotes, and those are doubled. */
import { quotePs } from "../../../platforms/hyperv/powershell.js";

/** The mark in the notes of a machine. */
export function markOf(uuid: string): string {
  return `vmferry ${uuid}`;
}

/** A machine of a deployment, and the folder that its configuration lies in. */
export interface OwnMachine {
  readonly name: string;
  readonly uuid: string;
  readonly folder: string;
}

/** What a host is. @param root folder for machines; `null`: the host's own for disks */
export function lookStatements(root: string | null): readonly string[] {
  return [
    "$settings = Get-VMHost",
    root === null ? "$root = [string] $settings.VirtualHardDiskPath" : `$root = ${quotePs(root)}`,
    "$there = Test-Path -LiteralPath $root -PathType Container",
    "$free = $null",
    "if ($there) { $free = (Get-Item -LiteralPath $root).PSDrive.Free }",
    "$names = @()",
    "foreach ($vm in @(Get-VM)) { $names += [string] $vm.Name }",
    "$switches = @()",
    "foreach ($one in @(Get-VMSwitch)) { $switches += [string] $one.Name }",
    "$result = [ordered]@{ root = $root; there = $there; free = $free; names = $names; switches = $switches }",
  ];
}

/** Our machine goes into `$found`; `$null`: it is not there. */
export function findStatements(uuid: string): readonly string[] {
  return [
    "$found = $null",
    `foreach ($vm in @(Get-VM)) { if ($vm.Notes -like ${quotePs(`*${markOf(uuid)}*`)}) { $found = $vm } }`,
  ];
}

/** The same, where it has to be there. */
export function demandStatements(uuid: string, name: string): readonly string[] {
  return [
    ...findStatements(uuid),
    `if ($null -eq $found) { throw (${quotePs("the machine {0} is not there any more")} -f ${quotePs(name)}) }`,
  ];
}

/** What a machine does. */
export function stateStatements(uuid: string): readonly string[] {
  return [...findStatements(uuid), "if ($null -ne $found) { $result = [string] $found.State }"];
}

/** Whether a machine is there, its own or one of its name: `own`, `other`. It may have no mark yet. */
export function presenceStatements({ name, uuid, folder }: OwnMachine): readonly string[] {
  return [
    "foreach ($vm in @(Get-VM)) {",
    `$own = ($vm.Notes -like ${quotePs(`*${markOf(uuid)}*`)}) -or ($vm.Path -eq ${quotePs(`${folder}\\${name}`)})`,
    "if ($own) { $result = 'own' }",
    `if (($vm.Name -eq ${quotePs(name)}) -and (-not $own)) { throw 'somebody else has a machine of that name' }`,
    "}",
  ];
}

/**
 * Runs the script that the export wrote, unless the name is somebody else's, and says when the machine starts. Running it again changes nothing.
 * @param delay seconds after the host's start; `null`: it does not start with the host
 */
export function makeStatements(machine: OwnMachine, script: string, delay: number | null): readonly string[] {
  const { name, uuid, folder } = machine;
  const words = [
    `& ${quotePs(`${folder}\\${script}`)}`,
    `-Name ${quotePs(name)}`,
    `-DiskFolder ${quotePs(folder)}`,
    `-MachineFolder ${quotePs(folder)}`,
  ];
  const start =
    delay === null ? "-AutomaticStartAction 'Nothing'" : `-AutomaticStartAction 'Start' -AutomaticStartDelay ${delay}`;
  return [
    ...presenceStatements(machine),
    `$made = ${words.join(" ")}`,
    ...demandStatements(uuid, name),
    `Set-VM -VM $found ${start}`,
    "$result = $null",
  ];
}

/** Switches a machine off and removes it. */
export function removeStatements({ name, uuid, folder }: OwnMachine): readonly string[] {
  return [
    "foreach ($vm in @(Get-VM)) {",
    `if (($vm.Notes -like ${quotePs(`*${markOf(uuid)}*`)}) -or ($vm.Path -eq ${quotePs(`${folder}\\${name}`)})) {`,
    "if ([string] $vm.State -ne 'Off') { Stop-VM -VM $vm -TurnOff -Force }",
    "Remove-VM -VM $vm -Force",
    "}",
    "}",
  ];
}

/** Switches a machine on, or its power away. */
export function powerStatements(uuid: string, name: string, what: "start" | "off"): readonly string[] {
  const act = what === "start" ? "Start-VM -VM $found" : "Stop-VM -VM $found -TurnOff -Force";
  const off = what === "start" ? "-eq" : "-ne";
  return [...demandStatements(uuid, name), `if ([string] $found.State ${off} 'Off') { ${act} }`];
}

/**
 * Asks the guest to shut down, and does not wait for it, as Stop-VM would.
 * Source: Msvm_ShutdownComponent, InitiateShutdown, in the Hyper-V WMI provider (V2).
 */
export function shutDownStatements(uuid: string, name: string): readonly string[] {
  return [
    ...demandStatements(uuid, name),
    "$filter = 'SystemName=\"{0}\"' -f $found.Id",
    "$part = Get-CimInstance -Namespace 'root\\virtualization\\v2' -ClassName 'Msvm_ShutdownComponent' -Filter $filter",
    "if ($null -eq $part) { throw 'its guest does not answer: the integration services do not run' }",
    "$said = Invoke-CimMethod -InputObject $part -MethodName 'InitiateShutdown' -Arguments @{ Force = $false; Reason = 'vmferry' }",
    "if ($said.ReturnValue -ne 0) { throw ('its guest refuses ({0})' -f $said.ReturnValue) }",
  ];
}

/** Addresses that the guest's integration services tell. */
export function addressStatements(uuid: string): readonly string[] {
  return [
    ...findStatements(uuid),
    "$result = @()",
    "if ($null -ne $found) { foreach ($card in @(Get-VMNetworkAdapter -VM $found)) { foreach ($one in @($card.IPAddresses)) { $result += [string] $one } } }",
  ];
}

/** Which files of a folder are there. */
export function filesStatements(folder: string, names: readonly string[]): readonly string[] {
  return [
    "$result = @()",
    `foreach ($name in @(${names.map(quotePs).join(", ")})) {`,
    `$file = Join-Path -Path ${quotePs(folder)} -ChildPath $name`,
    "if (Test-Path -LiteralPath $file -PathType Leaf) { $result += $name }",
    "}",
  ];
}

/** Makes a folder. */
export function folderStatements(folder: string): readonly string[] {
  return [`$made = New-Item -ItemType Directory -Path ${quotePs(folder)} -Force`];
}

/** Removes what interrupted copies left in a folder. Somebody may still write to it. */
export function tidyStatements(folder: string): readonly string[] {
  return [
    `foreach ($one in @(Get-ChildItem -LiteralPath ${quotePs(folder)} -Filter '*.part')) {`,
    "try { Remove-Item -LiteralPath $one.FullName -Force } catch { $kept = $one }",
    "}",
  ];
}

/** Removes a folder with all that is in it. Nothing there is fine. */
export function removeFolderStatements(folder: string): readonly string[] {
  const one = quotePs(folder);
  return [`if (Test-Path -LiteralPath ${one} -PathType Container) { Remove-Item -LiteralPath ${one} -Recurse -Force }`];
}
