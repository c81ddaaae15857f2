/** The machines and what they bring along. */
import { formatBytes, plural } from "../../base/text.js";
import { targets } from "../../targets/targets.js";
import { atMost, defineField, type PolicyField } from "./field.js";
import { forbidden } from "./fields-package.js";

/** Devices by the words of a policy, and what an audit calls them. */
const DEVICES: Readonly<Record<string, readonly string[]>> = {
  serial: ["audit/serial-port"],
  parallel: ["audit/parallel-port"],
  "shared-folder": ["audit/shared-folder"],
  "usb-filter": ["audit/usb-filter"],
  "host-device": ["audit/host-device"],
  "remote-display": ["audit/remote-display"],
};

/** Settings under `hardware`, `properties` and `validation`. */
export const machineFields: readonly PolicyField[] = [
  defineField({
    key: "hardware.cpus",
    kind: "count",
    what: "Processors of one machine at most.",
    example: "16",
    *check(most, { appliance }) {
      for (const { name, cpu } of appliance.machines) {
        yield* atMost(cpu.count, most, `the machine ${name} has`, (n) => plural(n, "processor"));
      }
    },
  }),
  defineField({
    key: "hardware.memory",
    kind: "size",
    what: "Memory of one machine at most.",
    example: "64GiB",
    *check(most, { appliance }) {
      for (const { name, memoryBytes } of appliance.machines) {
        yield* atMost(memoryBytes, most, `the machine ${name} has`, formatBytes);
      }
    },
  }),
  defineField({
    key: "hardware.nics",
    kind: "count",
    what: "Network cards of one machine at most.",
    example: "4",
    *check(most, { appliance }) {
      for (const { name, nics } of appliance.machines) {
        yield* atMost(nics.length, most, `the machine ${name} has`, (n) => plural(n, "network card"));
      }
    },
  }),
  defineField({
    key: "hardware.disks",
    kind: "count",
    what: "Disks of one machine at most.",
    example: "8",
    *check(most, { appliance }) {
      for (const { name, attachments } of appliance.machines) {
        const disks = attachments.filter(({ device }) => device === "disk").length;
        yield* atMost(disks, most, `the machine ${name} has`, (n) => plural(n, "disk"));
      }
    },
  }),
  defineField({
    key: "hardware.firmware",
    kind: "words",
    choices: ["bios", "efi", "efi-secure", "unknown"],
    what: "Firmware that machines may have; `unknown`: nobody says.",
    example: "[efi, efi-secure]",
    *check(allowed, { appliance }) {
      for (const { name, firmware } of appliance.machines) {
        if (!allowed.includes(firmware)) {
          yield {
            code: "policy/not-allowed",
            message: `the firmware of the machine ${name} is ${firmware}`,
            data: { machine: name, firmware },
          };
        }
      }
    },
  }),
  defineField({
    key: "hardware.networks",
    kind: "words",
    what: "Names of networks that machines may ask for.",
    example: "[LAN, Management]",
    *check(allowed, { appliance }) {
      const asked = new Set(appliance.machines.flatMap(({ nics }) => nics.flatMap(({ network }) => network ?? [])));
      for (const network of asked) {
        if (!allowed.includes(network))
          yield { code: "policy/not-allowed", message: `the network ${network} is asked for`, data: { network } };
      }
    },
  }),
  defineField({
    key: "hardware.forbidden-devices",
    kind: "words",
    choices: Object.keys(DEVICES),
    what: "Devices that machines may not have.",
    example: "[serial, shared-folder, host-device, remote-display]",
    check: (words, facts) =>
      forbidden(
        "forbidden",
        facts,
        words.flatMap((word) => DEVICES[word] ?? []),
      ),
  }),
  defineField({
    key: "hardware.extra-configuration",
    kind: "choice",
    choices: ["forbidden", "allowed", "harmless"],
    what: "Whether vendors' options that bypass the standard may be there; `harmless`: those that reach the host or weaken isolation may not.",
    example: "harmless",
    check: (word, facts) =>
      forbidden(
        word,
        facts,
        word === "harmless" ? ["audit/dangerous-config"] : ["audit/dangerous-config", "audit/extra-config"],
      ),
  }),
  defineField({
    key: "properties.default-passwords",
    kind: "choice",
    choices: ["forbidden", "allowed"],
    what: "Whether passwords may have values in the package: everybody who has it knows them.",
    example: "forbidden",
    check: (word, facts) => forbidden(word, facts, ["audit/default-password"]),
  }),
  defineField({
    key: "properties.plain-secrets",
    kind: "choice",
    choices: ["forbidden", "allowed"],
    what: "Whether what is named like a secret may have a value without being marked as a password.",
    example: "forbidden",
    check: (word, facts) => forbidden(word, facts, ["audit/plain-secret"]),
  }),
  defineField({
    key: "properties.hidden",
    kind: "choice",
    choices: ["forbidden", "allowed"],
    what: "Whether properties may have values that no user is asked about.",
    example: "allowed",
    check: (word, facts) => forbidden(word, facts, ["audit/hidden-property"]),
  }),
  defineField({
    key: "properties.scripts",
    kind: "choice",
    choices: ["forbidden", "allowed"],
    what: "Whether properties may bring scripts for the guest along.",
    example: "allowed",
    check: (word, facts) => forbidden(word, facts, ["audit/script"]),
  }),
  defineField({
    key: "properties.transports",
    kind: "words",
    what: "Ways in which the guest may get its environment.",
    example: "[iso, com.vmware.guestInfo]",
    *check(allowed, { appliance }) {
      for (const { name, transports } of appliance.machines) {
        for (const transport of transports) {
          if (!allowed.includes(transport)) {
            yield {
              code: "policy/not-allowed",
              message: `the machine ${name} gets its environment by ${transport}`,
              data: { machine: name, transport },
            };
          }
        }
      }
    },
  }),
  defineField({
    key: "validation.level",
    kind: "choice",
    choices: ["importer", "strict"],
    what: "How strictly the package is held to the standard: no finding of severity error may be there.",
    example: "importer",
    async *check(level, facts) {
      for (const { severity, code, message } of await facts.validate(
        level === "strict" ? "strict" : "importer",
        null,
      )) {
        if (severity === "error") yield { code: "policy/invalid", message, data: { finding: code } };
      }
    },
  }),
  defineField({
    key: "validation.targets",
    kind: "words",
    choices: targets.all.map(({ id }) => id),
    what: "Targets that have to take the package, as `validate --for` says.",
    example: "[vsphere-8, virtualbox-7]",
    async *check(wanted, facts) {
      for (const { id } of targets.all) {
        if (!wanted.includes(id)) continue;
        for (const { severity, code, message } of await facts.validate("importer", id)) {
          if (severity === "error")
            yield { code: "policy/invalid", message: `${id}: ${message}`, data: { finding: code, target: id } };
        }
      }
    },
  }),
];
