/** How large disks are, and how much of them is used (DSP0243 9.1). */
import { parseUnit } from "../../ovf/tables/units.js";
import type { OvfDisk } from "../../ovf/views/parts.js";
import type { OvfProperty } from "../../ovf/views/product.js";
import type { Facts } from "../facts.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";
import { standardSpelling } from "./units.js";

const spec = ovfSpec("9.1");

const property = (key: string): string => `\${${key}}`;

const disk = (attributes: string): string => `<Disk ovf:diskId="disk1" ${attributes}/>`;

const product = (attributes: string): string =>
  `<ProductSection><Info>Product</Info><Property ovf:key="size" ovf:type="uint16" ${attributes}/></ProductSection>`;

const nameOf = ({ diskId }: OvfDisk): string => diskId ?? "(without an id)";

/** The largest signed number of 64 bits. */
const MOST = 2n ** 63n - 1n;

/** The key of the property that says a capacity; `null`: the descriptor says it itself. */
function keyOf({ capacity }: OvfDisk): string | null {
  return /^\$\{(.+)\}$/.exec(capacity ?? "")?.[1] ?? null;
}

/** A whole number as it is written. */
function numberOf(text: string | null): bigint | null {
  return text !== null && /^\+?[0-9]{1,40}$/.test(text) ? BigInt(text.replace("+", "")) : null;
}

/** Properties by their keys, alone and qualified. */
function propertiesByKey({ nodes }: Facts): ReadonlyMap<string, OvfProperty> {
  const found = new Map<string, OvfProperty>();
  for (const one of nodes.properties) {
    for (const key of [one.key, one.qualifiedKey]) if (key !== null && !found.has(key)) found.set(key, one);
  }
  return found;
}

export const diskSizeRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/disk-capacity-missing",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-3"],
    severity: "error",
    strict: "error",
    what: "The disk {disk} has no ovf:capacity.",
    why: "It is how large the disk is that the guest sees; importers make it by this number.",
    fix: "Add ovf:capacity, in bytes or in the unit of ovf:capacityAllocationUnits.",
    examples: { invalid: [{ disks: disk('ovf:fileRef="file1"') }], valid: [{}] },
    *check(disk, { ovf }) {
      if (disk.capacity !== null) return;
      // oVirt says it in an attribute of its own, or, of a disk that is a LUN, nowhere.
      if (ovf.flavour === "ovirt") return;
      yield { values: { disk: nameOf(disk) } };
    },
  }),
  defineRule({
    code: "ovf/disk-capacity-invalid",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-4"],
    severity: "error",
    strict: "error",
    what: 'The ovf:capacity "{capacity}" of the disk {disk} is neither a whole number nor a property.',
    why: "Importers make the disk by this number, which goes up to 2^63 - 1.",
    fix: "Write a whole number, or a property (a dollar sign and its key in braces) for an empty disk whose size is asked for.",
    examples: {
      invalid: ["8 GB", "-1", property(""), "9223372036854775808"].map((capacity) => ({
        disks: disk(`ovf:fileRef="file1" ovf:capacity="${capacity}"`),
      })),
      valid: [{ disks: disk(`ovf:capacity="${property("size")}"`) }],
    },
    *check(disk) {
      const { capacity } = disk;
      if (capacity === null || keyOf(disk) !== null) return;
      const value = numberOf(capacity);
      if (value === null || value > MOST) yield { values: { disk: nameOf(disk), capacity } };
    },
  }),
  defineRule({
    code: "ovf/disk-capacity-zero",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-5"],
    severity: "warning",
    strict: "error",
    what: "The disk {disk} has an ovf:capacity of 0.",
    why: "No platform makes a disk without a size.",
    fix: "Write the size that the guest sees.",
    examples: { invalid: [{ disks: disk('ovf:capacity="0"') }], valid: [{ disks: disk('ovf:capacity="1"') }] },
    *check(disk) {
      if (numberOf(disk.capacity) === 0n) yield { values: { disk: nameOf(disk) } };
    },
  }),
  defineRule({
    code: "ovf/disk-unit-invalid",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-7", "OVF-9.1-8"],
    severity: "error",
    strict: "error",
    what: 'The capacity of the disk {disk} is counted in "{unit}", which is no unit of bytes.',
    why: "Nobody can tell how large the disk is.",
    fix: 'Write ovf:capacityAllocationUnits as DSP0004 has it, such as "byte * 2^30" for GiB.',
    examples: {
      invalid: ["sectors", "bit * 2^33"].map((unit) => ({
        disks: disk(`ovf:capacity="8" ovf:capacityAllocationUnits="${unit}"`),
      })),
      valid: [{ disks: disk('ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^30"') }],
    },
    *check(disk) {
      const unit = disk.capacityUnits;
      if (unit === null || parseUnit(unit)?.base === "byte") return;
      yield { values: { disk: nameOf(disk), unit } };
    },
  }),
  defineRule({
    code: "ovf/disk-unit-spelling",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-7", "OVF-UNIT-2?", "OVF-UNIT-5?", "OVF-UNIT-7", "OVF-UNIT-8"],
    severity: "info",
    strict: "warning",
    what: 'The ovf:capacityAllocationUnits "{unit}" of the disk {disk} is not spelled as DSP0004 has it.',
    why: "We know what is meant; others may take it for bytes.",
    fix: 'Write the word in lower case and singular, then a power: "byte * 2^30".',
    examples: {
      invalid: ["GigaBytes", "bytes", "byte*1024*1024"].map((unit) => ({
        disks: disk(`ovf:capacity="8" ovf:capacityAllocationUnits="${unit}"`),
      })),
      valid: [{ disks: disk('ovf:capacity="8" ovf:capacityAllocationUnits="byte*2^30"') }],
    },
    *check(disk, { ovf }) {
      const unit = disk.capacityUnits;
      // The drafts had no such rule.
      if (unit === null || ovf.scope.legacy || parseUnit(unit)?.standard !== false) return;
      yield { values: { disk: nameOf(disk), unit } };
    },
    mend({ element, scope, capacityUnits }) {
      const unit = parseUnit(capacityUnits ?? "");
      const value = unit === null ? null : standardSpelling(unit);
      const attribute = element.attributes.find(
        ({ name, namespace }) => name === "capacityAllocationUnits" && scope.isCore(namespace),
      );
      if (attribute === undefined || value === null) return [];
      const { namespace, name } = attribute;
      return [{ edit: "xml", element, change: { namespace, name, value } }];
    },
  }),
  defineRule({
    code: "ovf/disk-unit-empty",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-6", "OVF-UNIT-11?"],
    severity: "warning",
    strict: "error",
    what: "The ovf:capacityAllocationUnits of the disk {disk} is empty.",
    why: "An absent one means bytes; an empty one is no unit, and some importers refuse it.",
    fix: "Write the unit, or remove the attribute where the capacity is in bytes.",
    examples: {
      invalid: [{ disks: disk('ovf:capacity="8" ovf:capacityAllocationUnits=""') }],
      valid: [{ disks: disk('ovf:capacity="8"') }],
    },
    *check(disk) {
      const written = disk.scope.attribute(disk.element, "capacityAllocationUnits");
      if (written !== undefined && written.trim() === "") yield { values: { disk: nameOf(disk) } };
    },
  }),
  defineRule({
    code: "ovf/disk-capacity-property-unknown",
    node: "ovf",
    spec,
    requirements: ["OVF-9.1-14"],
    severity: "error",
    strict: "error",
    what: 'The capacity of the disk {disk} is the property "{key}", which {problem}.',
    why: "Nobody can tell how large the disk is to be.",
    fix: "Add a property with that key and a whole number as its value, or write the capacity itself.",
    examples: {
      invalid: [
        { disks: disk(`ovf:capacity="${property("size")}"`) },
        { disks: disk(`ovf:capacity="${property("size")}"`), system: product('ovf:value="large"') },
      ],
      valid: [
        { disks: disk(`ovf:capacity="${property("size")}"`), system: product('ovf:value="8"') },
        { disks: disk(`ovf:capacity="${property("size")}"`), system: product('ovf:userConfigurable="true"') },
      ],
    },
    *check(_document, facts) {
      const asking = facts.nodes.disks.filter((disk) => keyOf(disk) !== null);
      if (asking.length === 0) return;
      const properties = propertiesByKey(facts);
      for (const disk of asking) {
        const key = keyOf(disk) ?? "";
        const found = properties.get(key);
        const values = found === undefined ? [] : [found.value, ...found.values.map(({ value }) => value)];
        const wrong = values.find((value) => value !== null && value.trim() !== "" && numberOf(value.trim()) === null);
        const problem = found === undefined ? "no product has" : wrong ? `has the value "${wrong}"` : null;
        if (problem !== null) yield { values: { disk: nameOf(disk), key, problem }, location: disk.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/disk-capacity-property-with-file",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-15"],
    severity: "warning",
    strict: "error",
    what: "The disk {disk} has content, and its capacity is a property.",
    why: "The image in the file has one size, whatever is answered.",
    fix: "Write the capacity of the image.",
    examples: {
      invalid: [
        { disks: disk(`ovf:fileRef="file1" ovf:capacity="${property("size")}"`), system: product('ovf:value="8"') },
      ],
      valid: [{ disks: disk(`ovf:capacity="${property("size")}"`), system: product('ovf:value="8"') }],
    },
    *check(disk) {
      if (disk.fileRef !== null && keyOf(disk) !== null) yield { values: { disk: nameOf(disk) } };
    },
  }),
  defineRule({
    code: "ovf/disk-populated-invalid",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-17", "OVF-XSD-3"],
    severity: "warning",
    strict: "error",
    what: 'The ovf:populatedSize "{size}" of the disk {disk} is no number of bytes.',
    why: "Importers reserve space by it.",
    fix: "Write the number of bytes that are used, digits alone, or leave it out.",
    examples: {
      invalid: ["8 GB", "-1"].map((size) => ({ disks: disk(`ovf:capacity="8" ovf:populatedSize="${size}"`) })),
      valid: [{ disks: disk('ovf:capacity="8" ovf:populatedSize="8"') }],
    },
    *check(disk) {
      const size = disk.populatedSize;
      const value = numberOf(size);
      if (size !== null && (value === null || value > MOST)) yield { values: { disk: nameOf(disk), size } };
    },
  }),
  defineRule({
    code: "ovf/disk-populated-above-capacity",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-17", "OVF-9.1-18"],
    severity: "warning",
    strict: "error",
    what: "The disk {disk} has {capacity} bytes, of which {populated} are said to be used.",
    why: "More of a disk cannot be used than there is; one of the two numbers is in another unit.",
    fix: "Write ovf:populatedSize in bytes, whatever the unit of the capacity, or leave it out.",
    examples: {
      invalid: [{ disks: disk('ovf:capacity="8" ovf:populatedSize="9"') }],
      valid: [{ disks: disk('ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^20" ovf:populatedSize="9"') }],
    },
    *check(disk) {
      const [capacity, populated] = [numberOf(disk.capacity), numberOf(disk.populatedSize)];
      const unit = parseUnit(disk.capacityUnits ?? "byte");
      if (capacity === null || populated === null || unit?.base !== "byte") return;
      if (populated * unit.denominator <= capacity * unit.numerator) return;
      const bytes = (capacity * unit.numerator) / unit.denominator;
      yield { values: { disk: nameOf(disk), capacity: String(bytes), populated: String(populated) } };
    },
  }),
];
