/** Facts of a machine that many platforms have no word for, and what it means to lose one. */
import type { Appliance, Machine } from "../appliance/appliance.js";
import type { Diagnostic, Severity } from "../base/diagnostics.js";
import type { JsonValue } from "../base/ids.js";
import { formatBytes, plural } from "../base/text.js";

/** A fact that a platform either has a word for or loses. Facts that every platform has are not among them. */
export type HeldFact =
  | "uuid"
  | "chipset"
  | "virtualization"
  | "tpm"
  | "directBoot"
  | "threadsPerCore"
  | "maxCpus"
  | "nested"
  | "dynamicMemory"
  | "serialPorts"
  | "sound"
  | "video"
  | "clock"
  | "nicKind"
  | "vlan"
  | "readOnly"
  | "sharedDisks"
  | "products"
  | "eulas"
  | "options"
  | "startup"
  | "groups"
  | "bounds"
  | "install"
  | "transports"
  | "portProfile"
  | "networkDescription";

/** What is known about losing one fact. */
interface FactLoss {
  readonly fact: HeldFact;
  readonly severity: Severity;
  /** What a machine says; `null`: nothing that would be lost. */
  said(machine: Machine, appliance: Appliance): { readonly text: string; readonly value: JsonValue } | null;
  readonly hint?: string;
}

const of = (text: string, value: JsonValue): { text: string; value: JsonValue } => ({ text, value });

/** In the order of the notes. */
const FACTS: readonly FactLoss[] = [
  {
    fact: "uuid",
    severity: "info",
    said: ({ uuid }) => (uuid === null ? null : of(`its UUID ${uuid}`, uuid)),
    hint: "The guest gets a new one: licences and inventories that go by it have to be told.",
  },
  {
    fact: "chipset",
    severity: "info",
    said: ({ chipset }) => (chipset === null ? null : of(`that its chip set is ${chipset}`, chipset)),
  },
  {
    fact: "virtualization",
    severity: "warning",
    said: ({ virtualization }) =>
      virtualization === null || virtualization === "hvm"
        ? null
        : of(`that it is a ${virtualization === "pv" ? "paravirtual (PV)" : "PVH"} guest of Xen`, virtualization),
    hint: "On emulated hardware it needs a boot loader, and a kernel with drivers for that hardware.",
  },
  {
    fact: "tpm",
    severity: "warning",
    said: ({ tpm }) => (tpm === null ? null : of(`its TPM ${tpm}`, tpm)),
    hint: "Disks that are unlocked by the TPM ask for their recovery key: have it at hand.",
  },
  {
    fact: "directBoot",
    severity: "warning",
    said: ({ directBoot }) =>
      directBoot === null
        ? null
        : of("the kernel that is booted from outside of its disk", { arguments: directBoot.arguments }),
    hint: "The guest needs a boot loader on its disk.",
  },
  {
    fact: "threadsPerCore",
    severity: "info",
    said: ({ cpu: { threadsPerCore } }) =>
      threadsPerCore === null || threadsPerCore === 1
        ? null
        : of(`that each core has ${threadsPerCore} threads`, threadsPerCore),
  },
  {
    fact: "maxCpus",
    severity: "info",
    said: ({ cpu: { max } }) =>
      max === null ? null : of(`that it may have ${plural(max, "processor")} while it runs`, max),
  },
  {
    fact: "nested",
    severity: "warning",
    said: ({ cpu: { nested } }) => (nested === true ? of("that it may run machines of its own", nested) : null),
  },
  {
    fact: "dynamicMemory",
    severity: "info",
    said: ({ dynamicMemory: range }) =>
      range === null
        ? null
        : of(`that its memory may be ${formatBytes(range.minBytes)} to ${formatBytes(range.maxBytes)}`, { ...range }),
  },
  {
    fact: "serialPorts",
    severity: "info",
    said: ({ serialPorts }) =>
      serialPorts.length === 0
        ? null
        : of(
            `its ${plural(serialPorts.length, "serial port")}`,
            serialPorts.map((port) => ({ ...port })),
          ),
  },
  {
    fact: "sound",
    severity: "info",
    said: ({ sound }) => (sound === null ? null : of(`its sound card (${sound})`, sound)),
  },
  {
    fact: "video",
    severity: "info",
    said: ({ video }) =>
      video === null ? null : of(`its graphics card${video.model === null ? "" : ` (${video.model})`}`, { ...video }),
  },
  {
    fact: "clock",
    severity: "info",
    said: ({ clock }) =>
      clock === null ? null : of(`that its clock shows ${clock === "utc" ? "UTC" : "local time"}`, clock),
  },
  {
    fact: "nicKind",
    severity: "info",
    said: ({ nics }) => {
      const kinds = nics.flatMap(({ kind }) => (kind === null || kind === "network" ? [] : [kind]));
      return kinds.length === 0 ? null : of(`how its network cards are plugged in (${kinds.join(", ")})`, kinds);
    },
  },
  {
    fact: "vlan",
    severity: "warning",
    said: ({ nics }) => {
      const tags = nics.flatMap(({ vlan }) => (vlan === null ? [] : [vlan]));
      return tags.length === 0 ? null : of(`the VLANs of its network cards (${tags.join(", ")})`, tags);
    },
    hint: "Set the VLAN on the port or port group that the card is plugged into.",
  },
  {
    fact: "readOnly",
    severity: "warning",
    said: ({ attachments }) => {
      const disks = attachments.flatMap(({ device, disk, readOnly }) =>
        readOnly && device === "disk" && disk !== null ? [disk] : [],
      );
      return disks.length === 0 ? null : of(`that it only reads the disks ${disks.join(", ")}`, disks);
    },
  },
];

/** A note for each fact that a machine says and a platform does not hold. */
export function factLosses(
  appliance: Appliance,
  machine: Machine,
  label: string,
  holds: ReadonlySet<HeldFact>,
): Diagnostic[] {
  return FACTS.flatMap(({ fact, severity, said, hint }) => {
    const value = holds.has(fact) ? null : said(machine, appliance);
    if (value === null) return [];
    return [
      {
        code: "platform/fact-dropped" as const,
        severity,
        message: `${machine.name}: ${label} cannot hold ${value.text}`,
        ...(hint === undefined ? {} : { hint }),
        data: { machine: machine.id, fact, value: value.value },
      },
    ];
  });
}
