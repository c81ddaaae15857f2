import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { OvfDeployment } from "./deployment.js";
import { finding } from "./findings.js";
import { BYTE, parseUnit, scaleQuantity } from "./tables/units.js";
import { wholeNumber } from "./views/node.js";
import type { OvfDisk } from "./views/parts.js";

/**
 * The capacity of a disk in bytes, where `${key}` stands for the value of a property (DSP0243 9.1); 0 where the descriptor does not
 * say one, which is reported.
 * @throws `ovf/secret-capacity`
 */
export function diskCapacity(
  deployment: OvfDeployment,
  disk: OvfDisk,
  report: (diagnostic: Diagnostic) => void,
): number {
  const { diskId: id, capacity, capacityUnits, element } = disk;
  const unit = capacityUnits === null ? BYTE : parseUnit(capacityUnits);
  if (unit === null || unit.base !== "byte") {
    report(
      finding("ovf/unknown-unit", "error", element, `the capacity of disk ${id} is counted in ${capacityUnits}`, {
        hint: "Write it in bytes, or with a unit such as byte * 2^30.",
        data: { disk: id, unit: capacityUnits },
      }),
    );
    return 0;
  }
  if (capacity === null) {
    // oVirt says the size in GiB, in an attribute of its own.
    const size = wholeNumber(disk.attribute("size"));
    if (size !== null && deployment.document.flavour === "ovirt") return size * 2 ** 30;
    report(
      finding("ovf/missing-capacity", "error", element, `disk ${id} has no capacity`, {
        hint: "The image tells its size; a disk without an image cannot be made.",
        data: { disk: id },
      }),
    );
    return 0;
  }
  const key = /^\$\{([^}]*)\}$/.exec(capacity)?.[1];
  const value = key === undefined ? capacity : deployment.lookUp(key);
  if (value !== null && typeof value === "object") {
    throw new FerryError("ovf/secret-capacity", `the capacity of disk ${id} is the secret property ${key}`, {
      location: element.location,
    });
  }
  const bytes = value === null || value === undefined ? null : scaleQuantity(value, unit);
  if (bytes !== null) return bytes;
  const [, digits, word] = /^([0-9]+) ?([A-Za-z]+)$/.exec(value ?? "") ?? [];
  const own = word === undefined || capacityUnits !== null ? null : parseUnit(word);
  const meant = own?.base === "byte" && digits !== undefined ? scaleQuantity(digits, own) : null;
  report(
    finding(
      "ovf/bad-capacity",
      meant === null ? "error" : "warning",
      element,
      `the capacity of disk ${id} is ${capacity}${key === undefined ? "" : `, and ${value === undefined ? "no property has that key" : "the property has no such value"}`}`,
      {
        hint: "A capacity is a whole number below 2^53 bytes, or names a property with such a value.",
        data: { disk: id, capacity },
      },
    ),
  );
  return meant ?? 0;
}
