import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { parseXml } from "../../xml/parse.js";
import type { XmlElement } from "../../xml/tree.js";
import type { ConfigText, MachineConfig } from "../platform.js";
import { createReading } from "../reading.js";
import { readDevices } from "./import-devices.js";
import { filesOfDrives, readDrives } from "./import-drives.js";
import { filesOfSystem, readMachine } from "./import-machine.js";
import { readNics } from "./import-nics.js";
import { type DomainReading, domainReading } from "./import-scope.js";
import { child, textOf } from "./view.js";

/** Parts of a domain that are read, or that are the host's business alone. */
const KNOWN =
  /^(?:name|uuid|title|description|metadata|memory|currentMemory|maxMemory|vcpu|os|bootloader|bootloader_args|features|cpu|clock|devices|resource|seclabel|on_poweroff|on_reboot|on_crash)$/;

/** What happens after each event unless the domain says otherwise. */
const EVENTS: Readonly<Record<string, RegExp>> = {
  on_poweroff: /^destroy$/,
  on_reboot: /^restart$/,
  // Both are usual: libvirt's own default, and that of its tools.
  on_crash: /^(?:destroy|restart)$/,
};

/** Features that every machine has, or that the firmware asks for. */
const USUAL_FEATURES = /^(?:acpi|apic|pae|hap|smm|vmport|viridian)$/;

/** Guests that are no machines. */
const CONTAINERS = /^(?:exe|uml)$/;

/**
 * Reads the XML of a libvirt domain.
 * @throws `config/unreadable` for what is no machine, and what `parseXml` throws
 */
export function readDomain(text: ConfigText, ctx: Context): MachineConfig {
  const document = parseXml(text.bytes, text.label, ctx.limits);
  const { root } = document;
  if (root.name !== "domain" || root.namespace !== "") {
    throw new FerryError("config/unreadable", `${text.label} holds <${root.name}>, not <domain>`, {
      location: root.location,
      hint: "virsh dumpxml --inactive NAME writes a domain.",
    });
  }
  const guest = textOf(root, "os", "type")?.trim() ?? "";
  if (CONTAINERS.test(guest)) {
    throw new FerryError("config/unreadable", `${text.label} is a container, and no machine: its type is ${guest}`, {
      location: root.location,
      hint: "Containers have no hardware that another platform could have.",
    });
  }
  return {
    version: null,
    producer: "libvirt",
    files: [...filesOfDrives(root), ...filesOfSystem(root)],
    appliance(files, report) {
      for (const problem of document.problems) report(problem);
      const reading = domainReading(createReading(nameOf(root, text), files, report), root);
      reading.origin("name", child(root, "name")?.location);
      readMachine(reading, files);
      readDrives(reading, files);
      readNics(reading);
      readBoot(reading);
      readDevices(reading);
      leaveRest(reading);
      return reading.appliance;
    },
  };
}

/** The title where the name is but the title without slashes, which libvirt does not take. */
function nameOf(domain: XmlElement, text: ConfigText): string {
  const name = textOf(domain, "name") ?? text.name;
  const title = textOf(domain, "title");
  return title !== null && title.replaceAll("/", "-") === name ? title : name;
}

/** Places of devices count where there are any; a machine without a word about it boots its first disk. */
function readBoot(reading: DomainReading): void {
  const { machine } = reading;
  const placed = reading.booting();
  if (placed.length > 0) machine.boot = [...placed];
  else if (machine.boot.length === 0 && machine.virtualization === "hvm")
    machine.boot = [{ device: "disk", index: null }];
}

function leaveRest({ domain, machine, left }: DomainReading): void {
  const title = textOf(domain, "title");
  if (title !== null && title !== machine.name) left("title", title);
  for (const element of child(domain, "features")?.elements() ?? []) {
    if (!USUAL_FEATURES.test(element.name)) left(`${element.name} of features`, element.markup);
    else if (element.name === "viridian") left("viridian of features");
  }
  for (const element of domain.elements()) {
    const { name } = element;
    if (element.namespace !== "") {
      // Arguments of QEMU may hold secrets: that they are there is enough.
      left(`${element.prefix === "" ? "" : `${element.prefix}:`}${name}`);
    } else if (name in EVENTS) {
      const said = element.text.trim();
      if (EVENTS[name]?.test(said) === false) left(name, said);
    } else if (!KNOWN.test(name) && !isEmpty(element)) left(name, name === "sysinfo" ? "" : element.markup);
  }
}

/** `<genid/>` asks for a new one; `<cputune></cputune>` for nothing. */
function isEmpty(element: XmlElement): boolean {
  return (
    element.name !== "genid" && attrless(element) && [...element.elements()].length === 0 && element.text.trim() === ""
  );
}

function attrless(element: XmlElement): boolean {
  return element.attributes.length === 0;
}
