import type { Attachment, BootDevice } from "../../appliance/appliance.js";
import { FerryError } from "../../base/errors.js";
import { printable } from "../../base/text.js";
import type { XmlElement } from "../../xml/tree.js";
import { createLeftovers, type Leftovers } from "../leftovers.js";
import type { Reading } from "../reading.js";
import { attr, child, children, numberFrom } from "./view.js";

/** A device that may stand in the boot order. */
interface Bootable {
  readonly element: XmlElement;
  readonly device: BootDevice["device"] | Attachment["device"];
  /** In `attachments` or `nics`. */
  readonly index: number;
}

/** One domain while it is read. */
export interface DomainReading extends Reading {
  readonly domain: XmlElement;
  /** Of the guest: `x86_64`, `aarch64`; `null`: the host's own. */
  readonly arch: string | null;
  /** Whether it runs on the processors that this project's targets have. */
  readonly x86: boolean;
  /** QEMU makes the machine, by itself or with KVM: what libvirt's QEMU driver takes by default holds. */
  readonly emulated: boolean;
  readonly xen: boolean;
  /** A guest of Xen without emulated hardware. */
  readonly paravirtual: boolean;
  readonly left: Leftovers;
  /** Reports a value that makes no sense. */
  strange(element: XmlElement, message: string): void;
  /** Notes a device with its place in the boot order. */
  boots(device: Bootable): void;
  /** Devices with a place in the boot order, in that order. */
  booting(): readonly BootDevice[];
}

/** Devices of a kind that are read. */
const MOST_DEVICES = 2048;

/** What is known of a domain before its devices are looked at. */
export function domainReading(reading: Reading, domain: XmlElement): DomainReading {
  const kind = attr(domain, "type") ?? "";
  const type = child(domain, "os", "type");
  const arch = attr(type, "arch");
  const guest = type?.text.trim() ?? "";
  for (const name of ["disk", "interface", "controller", "serial", "console"]) {
    const found = children(child(domain, "devices"), name);
    if (found.length > MOST_DEVICES) {
      throw new FerryError("config/unreadable", `the domain has ${found.length} devices <${name}>`, {
        location: domain.location,
        hint: `Up to ${MOST_DEVICES} are read.`,
      });
    }
  }
  const order: { readonly place: number; readonly device: BootDevice }[] = [];
  return {
    ...reading,
    domain,
    arch,
    x86: arch === null || /^(?:i[3-6]86|x86_64)$/.test(arch),
    emulated: /^(?:kvm|qemu|hvf)$/.test(kind),
    xen: kind === "xen",
    paravirtual: guest === "xen" || guest === "linux" || guest === "xenpvh",
    left: createLeftovers(reading, "libvirt"),
    strange(element, message) {
      reading.report({
        code: "config/strange-value",
        severity: "warning",
        message: `<${printable(element.name)}>: ${message}`,
        hint: "libvirt itself refuses such a domain. Look at the value.",
        location: element.location,
      });
    },
    boots({ element, device, index }) {
      const place = numberFrom(attr(child(element, "boot"), "order"));
      if (place !== null) order.push({ place, device: { device, index } });
    },
    booting: () => [...order].sort((a, b) => a.place - b.place).map(({ device }) => device),
  };
}
