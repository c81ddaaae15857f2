/** In which format disks are stored (DSP0243 5.2, 9.1). */
import { formatOfUri } from "../../ovf/tables/disk-formats.js";
import type { OvfDisk } from "../../ovf/views/parts.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const nameOf = ({ diskId }: OvfDisk): string => diskId ?? "(without an id)";

/** An absolute URI: a scheme, and none of the characters that no URI has (RFC 3986). */
function isUri(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+$/.test(text);
}

const disk = (format: string): string =>
  `<Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="8"${format && ` ovf:format="${format}"`}/>`;

const VMDK = "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized";

export const diskFormatRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/disk-format-missing",
    node: "ovf/disk",
    spec: ovfSpec("9.1"),
    requirements: ["OVF-9.1-11"],
    severity: "warning",
    strict: "error",
    what: "The disk {disk} has content and no ovf:format.",
    why: "Importers choose by it how to read the file. VirtualBox refuses the package.",
    fix: `Add ovf:format with the URI of the format, such as ${VMDK}.`,
    examples: { invalid: [{ disks: disk("") }], valid: [{ disks: disk(VMDK) }] },
    *check(disk, { ovf }) {
      if (disk.fileRef === null || disk.format !== null) return;
      // oVirt says it in attributes of its own.
      if (ovf.flavour !== "ovirt") yield { values: { disk: nameOf(disk) } };
    },
  }),
  defineRule({
    code: "ovf/disk-format-no-uri",
    node: "ovf/disk",
    spec: ovfSpec("5.2"),
    requirements: ["OVF-5.2-2"],
    severity: "warning",
    strict: "error",
    what: 'The ovf:format "{format}" of the disk {disk} is no absolute URI.',
    why: "Formats are known by URIs that point to their description.",
    fix: `Write the URI of the format, such as ${VMDK}.`,
    examples: {
      invalid: ["vmdk", "http//vmdk", "http://x y"].map((format) => ({ disks: disk(format) })),
      valid: [{ disks: disk(VMDK) }, { disks: disk("urn:example:format") }],
    },
    *check(disk) {
      const { format } = disk;
      if (format !== null && !isUri(format)) yield { values: { disk: nameOf(disk), format } };
    },
  }),
  defineRule({
    code: "ovf/disk-format-unknown",
    node: "ovf/disk",
    spec: ovfSpec("5.2"),
    requirements: ["OVF-5.2-3"],
    severity: "warning",
    strict: "warning",
    what: 'Nobody that we know of writes the ovf:format "{format}" of the disk {disk}.',
    why: "Software knows formats by their URIs, letter by letter; one that it does not know it cannot read.",
    fix: `Write the URI that the format is known by, such as ${VMDK}.`,
    examples: { invalid: [{ disks: disk("http://example.com/own-format") }], valid: [{ disks: disk(VMDK) }] },
    *check(disk) {
      const { format } = disk;
      if (format !== null && isUri(format) && formatOfUri(format) === null)
        yield { values: { disk: nameOf(disk), format } };
    },
  }),
];
