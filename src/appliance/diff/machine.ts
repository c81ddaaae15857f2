import type { JsonValue } from "../../base/ids.js";
import { nicChip, scsiChip } from "../../targets/chips.js";
import type { Appliance, Attachment, Controller, Machine, Nic } from "../appliance.js";
import { numberControllers } from "../fit/positions.js";
import { kindOfNetwork } from "../networks.js";
import { portraitOf } from "../portrait.js";
import { type ApplianceChange, type Facts, factChanges, type Matched, pair, wholeChange } from "./change.js";

/** A machine with the appliance that it is in. */
export interface Side {
  readonly appliance: Appliance;
  readonly machine: Machine;
  readonly diskNames: ReadonlyMap<string, string>;
}

/** What two readings of one machine do not share: its own facts, controllers, drives and cards. */
export function machineChanges(a: Side, b: Side, matched: Matched): readonly ApplianceChange[] {
  const { by } = matched;
  const machine = a.machine.name;
  const own = { area: "machine", machine, subject: null } as const;
  return [
    ...machineFactChanges(a, b, by).map((change) => ({ ...own, ...change })),
    ...driveChanges(a, b, machine, matched),
    ...nicChanges(a.machine.nics, b.machine.nics, machine, by),
  ];
}

function machineFactChanges(a: Side, b: Side, by: Matched["by"]): readonly ApplianceChange[] {
  const own = { area: "machine", machine: a.machine.name, subject: null } as const;
  const [first, second] = [machineFacts(a, by), machineFacts(b, by)];
  // Of one processor there is nothing to share out; where one becomes several, how they are shared out goes with them.
  for (const facts of [first, second]) {
    const { coresPerSocket } = (facts === first ? a : b).machine.cpu;
    if (Math.max(a.machine.cpu.count, b.machine.cpu.count) > 1) facts.set("cpu.coresPerSocket", coresPerSocket);
  }
  return factChanges(own, first, second, by).map((change) =>
    // Platforms fill up an order behind what was asked for.
    by === "meaning" && change.fact === "boot" && oneBeginsTheOther(change.from, change.to)
      ? { ...change, unsaid: true }
      : change,
  );
}

function oneBeginsTheOther(a: JsonValue, b: JsonValue): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return false;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.every((word, index) => long[index] === word);
}

/** A machine's own facts: those of its portrait; by words as the source has them. */
function machineFacts({ appliance, machine, diskNames }: Side, by: Matched["by"]): Map<string, JsonValue> {
  const facts = new Map<string, JsonValue>();
  for (const { name, of, value } of portraitOf(appliance, machine, diskNames)) {
    if (of === null) facts.set(name, value);
  }
  if (by === "meaning") return facts;
  const fileName = (id: string | null): string | null => fileNameOf(appliance, id);
  const { guestOs, directBoot, video, cpu } = machine;
  facts.set("guestOs", Object.values(guestOs).every((name) => name === null) ? null : { ...guestOs });
  facts.set("hardwareTypes", machine.hardwareTypes);
  facts.set("nvram", fileName(machine.nvram));
  facts.set(
    "directBoot",
    directBoot === null
      ? null
      : { ...directBoot, kernel: fileName(directBoot.kernel), initrd: fileName(directBoot.initrd) },
  );
  facts.set("virtualization", machine.virtualization);
  facts.set("cpu.threadsPerCore", cpu.threadsPerCore);
  facts.set("cpu.nested", cpu.nested);
  facts.set("sound", machine.sound);
  facts.set("video", video === null ? null : { ...video });
  facts.set("serialPorts", orNothing(machine.serialPorts.map((port) => ({ ...port }))));
  facts.set("bounds", orNothing(machine.bounds.map((bound) => ({ ...bound }))));
  facts.set("install", machine.install?.initialBootStopDelaySeconds ?? null);
  facts.set("transports", orNothing(machine.transports));
  return facts;
}

function orNothing(values: readonly JsonValue[]): JsonValue {
  return values.length === 0 ? null : values;
}

function fileNameOf(appliance: Appliance, id: string | null): string | null {
  return id === null ? null : (appliance.files.find((file) => file.id === id)?.name ?? id);
}

function driveChanges(a: Side, b: Side, machine: string, matched: Matched): readonly ApplianceChange[] {
  const { by } = matched;
  const controllers = pair(
    a.machine.controllers,
    b.machine.controllers,
    ({ bus, index }) => `${bus} ${index}`,
    ({ id }) => id,
  );
  const tokens = { a: new Map<string, string>(), b: new Map<string, string>() };
  const changes: ApplianceChange[] = [];
  for (const [number, [first, second]] of controllers.entries()) {
    if (first !== null) tokens.a.set(first.id, String(number));
    if (second !== null) tokens.b.set(second.id, String(number));
    if (by === "words") changes.push(...controllerChanges(first, second, machine));
  }
  const drives = pair([...namedDrives(a, matched.alone)], [...namedDrives(b, matched.alone)], ({ name }) => name);
  for (const [first, second] of drives) {
    const subject = first?.name ?? second?.name ?? "";
    const of = { area: "drive", machine, subject } as const;
    if (first === null) changes.push(wholeChange(of, "added", wholeDrive(b, second.drive)));
    else if (second === null) changes.push(wholeChange(of, "removed", wholeDrive(a, first.drive)));
    else {
      const told = factChanges(
        of,
        driveFacts(a, first.drive, tokens.a, by),
        driveFacts(b, second.drive, tokens.b, by),
        by,
      );
      const moved = by === "meaning" && busOf(a, first.drive) !== busOf(b, second.drive);
      // Controllers are known to each other by what they are paired to; people know them by bus and number.
      const places = { from: placeOf(a, first.drive), to: placeOf(b, second.drive) };
      changes.push(
        ...told
          .filter(({ fact }) => !moved || fact !== "controller")
          .map((change) => (change.fact === "place" && by === "words" ? { ...change, ...places } : change)),
      );
    }
  }
  return changes;
}

function controllerChanges(a: Controller | null, b: Controller | null, machine: string): readonly ApplianceChange[] {
  const there = a ?? b;
  if (there === null) return [];
  const of = { area: "controller", machine, subject: `${there.bus} ${there.index}` } as const;
  const facts = ({ bus, index, model }: Controller): Facts =>
    new Map<string, JsonValue>([
      ["position", `${bus} ${index}`],
      ["model", model],
    ]);
  if (a !== null && b !== null) return factChanges(of, facts(a), facts(b), "words");
  return [wholeChange(of, a === null ? "added" : "removed", { model: there.model })];
}

interface NamedDrive {
  /** The same on both sides: the disk that is in it, or its number among those of its kind. */
  readonly name: string;
  readonly drive: Attachment;
}

/** Drives but those whose disk is only on this side: the disk tells where it is. */
function* namedDrives({ machine, diskNames }: Side, alone: ReadonlySet<string>): Iterable<NamedDrive> {
  const counts = { cdrom: 0, floppy: 0 };
  for (const drive of machine.attachments) {
    if (drive.device !== "disk") yield { name: `${drive.device} ${counts[drive.device]++}`, drive };
    else if (drive.disk !== null) {
      const name = diskNames.get(drive.disk) ?? drive.disk;
      if (!alone.has(name)) yield { name, drive };
    }
  }
}

function driveFacts(
  { appliance, machine }: Side,
  drive: Attachment,
  tokens: ReadonlyMap<string, string>,
  by: Matched["by"],
): Facts {
  const facts = new Map<string, JsonValue>();
  const controller = machine.controllers.find(({ id }) => id === drive.controller);
  if (by === "words") {
    const hangs = drive.controller !== null || drive.slot !== null;
    facts.set("place", hangs ? [tokens.get(drive.controller ?? "") ?? drive.controller, drive.slot] : null);
  } else {
    facts.set("place", placeOf({ machine }, drive));
    // Only SCSI has several chips that guests tell apart: the bus is in the place.
    const model = controller?.bus === "scsi" && drive.device === "disk" ? controller.model : null;
    if (model !== null) facts.set("controller", scsiChip(model) ?? model.toLowerCase());
  }
  facts.set("readOnly", drive.readOnly ? true : null);
  if (drive.device !== "disk") {
    const image = drive.file === null ? null : by === "words" ? fileNameOf(appliance, drive.file) : true;
    facts.set("image", image);
  }
  return facts;
}

function busOf({ machine }: Side, drive: Attachment): string | null {
  return machine.controllers.find(({ id }) => id === drive.controller)?.bus ?? null;
}

/** `scsi 0:1`, by the number of the controller among those of its bus; `null`: not said. */
function placeOf({ machine }: Pick<Side, "machine">, drive: Attachment): string | null {
  const controller = machine.controllers.find(({ id }) => id === drive.controller);
  if (controller === undefined) return drive.slot === null ? null : `slot ${drive.slot}`;
  const number = numberControllers(machine.controllers).get(controller.id) ?? controller.index;
  return `${controller.bus} ${number}${drive.slot === null ? "" : `:${drive.slot}`}`;
}

function wholeDrive(side: Side, drive: Attachment): JsonValue {
  return { place: placeOf(side, drive), image: fileNameOf(side.appliance, drive.file) };
}

/** Where a disk hangs, for what is told of one that came or went. */
export function placesOfDisk({ machines }: Appliance, disk: string): readonly string[] {
  return machines.flatMap((machine) =>
    machine.attachments
      .filter((drive) => drive.disk === disk)
      .map((drive) => `${machine.name} ${placeOf({ machine }, drive) ?? ""}`.trim()),
  );
}

function nicChanges(
  a: readonly Nic[],
  b: readonly Nic[],
  machine: string,
  by: Matched["by"],
): readonly ApplianceChange[] {
  const places = { a: new Map(a.map((nic, i) => [nic, i])), b: new Map(b.map((nic, i) => [nic, i])) };
  const order = (nic: Nic, side: "a" | "b"): string => String(places[side].get(nic));
  // The guest counts its cards. Where one came or went, addresses and networks tell which.
  const cards =
    a.length === b.length
      ? pair(a, b, order)
      : pair(
          a,
          b,
          ({ mac }) => mac,
          ({ network, model }) => JSON.stringify([network, model]),
          () => "any",
        );
  const changes: ApplianceChange[] = [];
  for (const [first, second] of cards) {
    const number = first === null ? places.b.get(second) : places.a.get(first);
    const of = { area: "nic", machine, subject: String(number ?? 0) } as const;
    if (first === null) changes.push(wholeChange(of, "added", wholeNic(second)));
    else if (second === null) changes.push(wholeChange(of, "removed", wholeNic(first)));
    else changes.push(...factChanges(of, nicFacts(first, by), nicFacts(second, by), by));
  }
  return changes;
}

function wholeNic({ network, model, mac }: Nic): JsonValue {
  return { network, model, mac };
}

function nicFacts(nic: Nic, by: Matched["by"]): Facts {
  const { network, kind, model } = nic;
  // A network called NAT is what others call a kind of network.
  const named = kind === null || kind === "network" || (kind === "bridged" && network !== null);
  const meant = {
    network: kindOfNetwork(network) === null ? network : null,
    kind: named ? kindOfNetwork(network) : kind,
  };
  const plugged = by === "words" ? { network, kind } : meant;
  return new Map<string, JsonValue>([
    ["network", plugged.network === null && plugged.kind === null ? null : plugged],
    ["vlan", nic.vlan],
    ["model", model === null ? null : by === "words" ? model : (nicChip(model) ?? model.toLowerCase())],
    ["mac", nic.mac],
    ["connected", nic.connected ? null : false],
    ["portProfile", nic.portProfile],
  ]);
}
