/** Disks that hold the difference to another one (DSP0243 9.1). */
import type { OvfDisk } from "../../ovf/views/parts.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("9.1");

const disks = (...parents: readonly (readonly [id: string, parent: string])[]): string =>
  parents
    .map(([id, parent]) => `<Disk ovf:diskId="${id}" ovf:capacity="8"${parent && ` ovf:parentRef="${parent}"`}/>`)
    .join("");

const nameOf = ({ diskId }: OvfDisk): string => diskId ?? "(without an id)";

export const diskParentRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/disk-parent-unknown",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-21"],
    severity: "error",
    strict: "error",
    what: 'The disk {disk} holds the difference to the disk "{parent}", which the DiskSection does not list.',
    why: "Without its parent most of its content is missing.",
    fix: "Add the parent, or correct ovf:parentRef.",
    examples: {
      invalid: [{ disks: disks(["disk1", "none"]) }],
      valid: [{ disks: disks(["base", ""], ["disk1", "base"]) }],
    },
    *check(disk, { index }) {
      const parent = disk.parentRef;
      if (parent !== null && !index.disks.has(parent)) yield { values: { disk: nameOf(disk), parent } };
    },
  }),
  defineRule({
    code: "ovf/disk-parent-cycle",
    node: "ovf",
    spec,
    requirements: ["OVF-9.1-21"],
    severity: "error",
    strict: "error",
    what: "The disk {disk} is among its own parents.",
    why: "A chain of differences ends at a disk that is whole; this one has no end.",
    fix: "Correct ovf:parentRef.",
    examples: {
      invalid: [{ disks: disks(["disk1", "disk1"]) }, { disks: disks(["disk1", "b"], ["b", "disk1"]) }],
      valid: [{ disks: disks(["base", ""], ["disk1", "base"]) }],
    },
    *check(_document, { index }) {
      const done = new Set<OvfDisk>();
      for (const start of index.disks.values()) {
        const chain = new Set<OvfDisk>();
        for (let disk: OvfDisk | undefined = start; disk !== undefined && !done.has(disk); ) {
          if (chain.has(disk)) {
            yield { values: { disk: nameOf(disk) }, location: disk.element.location };
            break;
          }
          chain.add(disk);
          disk = index.disks.get(disk.parentRef ?? "");
        }
        for (const disk of chain) done.add(disk);
      }
    },
  }),
  defineRule({
    code: "ovf/disk-parent-later",
    node: "ovf",
    spec,
    requirements: ["OVF-9.1-22"],
    severity: "info",
    strict: "error",
    what: "The disk {disk} stands before its parent {parent}.",
    why: "Whoever makes disks in the order of the DiskSection does not have the parent yet.",
    fix: "Move the parent in front of it.",
    examples: {
      invalid: [{ disks: disks(["disk1", "base"], ["base", ""]) }],
      valid: [{ disks: disks(["base", ""], ["disk1", "base"]) }],
    },
    *check(_document, { nodes, index }) {
      const seen = new Set<string>();
      for (const disk of nodes.disks) {
        const { diskId, parentRef } = disk;
        if (parentRef !== null && parentRef !== diskId && index.disks.has(parentRef) && !seen.has(parentRef)) {
          yield { values: { disk: nameOf(disk), parent: parentRef }, location: disk.element.location };
        }
        if (diskId !== null) seen.add(diskId);
      }
    },
  }),
];
