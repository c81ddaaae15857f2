import { VIRTUALBOX, VMWARE } from "../namespaces.js";
import { insertDeclared, setQualified } from "../write.js";
import { itemsIn } from "./hardware.js";
import type { OvfItem } from "./items.js";
import { type OvfText, wholeNumber } from "./node.js";
import { OvfConfiguration, OvfDisk, OvfNetwork, OvfSharedDisk, OvfStartupItem } from "./parts.js";
import { OvfSection } from "./section.js";

/** A DiskSection (DSP0243 9.1). */
export class OvfDiskSection extends OvfSection {
  static override readonly sectionName: string = "DiskSection";

  get disks(): readonly OvfDisk[] {
    return [...this.scope.children(this.element, "Disk")].map((element) => new OvfDisk(element, this.scope));
  }
}

/** A SharedDiskSection: disks that several machines use at once (2.x, DSP0243 9.13). */
export class OvfSharedDiskSection extends OvfSection {
  static override readonly sectionName: string = "SharedDiskSection";

  get disks(): readonly OvfSharedDisk[] {
    return [...this.scope.children(this.element, "SharedDisk")].map(
      (element) => new OvfSharedDisk(element, this.scope),
    );
  }
}

/** A NetworkSection (DSP0243 9.2). */
export class OvfNetworkSection extends OvfSection {
  static override readonly sectionName: string = "NetworkSection";

  get networks(): readonly OvfNetwork[] {
    return [...this.scope.children(this.element, "Network")].map((element) => new OvfNetwork(element, this.scope));
  }
}

/** A ResourceAllocationSection: what a whole collection gets (DSP0243 9.3). */
export class OvfResourceAllocationSection extends OvfSection {
  static override readonly sectionName: string = "ResourceAllocationSection";

  get items(): readonly OvfItem[] {
    return itemsIn(this.element, this.scope);
  }
}

/** An AnnotationSection (DSP0243 9.4). */
export class OvfAnnotation extends OvfSection {
  static override readonly sectionName: string = "AnnotationSection";

  get annotation(): OvfText | null {
    return this.message("Annotation");
  }

  set annotation(text: string | null) {
    this.setText("Annotation", text);
  }
}

/** An EulaSection (DSP0243 9.6). */
export class OvfEula extends OvfSection {
  static override readonly sectionName: string = "EulaSection";

  get license(): OvfText | null {
    return this.message("License");
  }

  set license(text: string | null) {
    this.setText("License", text);
  }
}

/** A StartupSection: the order in which the members of a collection start and stop (DSP0243 9.7). */
export class OvfStartupSection extends OvfSection {
  static override readonly sectionName: string = "StartupSection";

  get items(): readonly OvfStartupItem[] {
    return [...this.scope.children(this.element, "Item")].map((element) => new OvfStartupItem(element, this.scope));
  }
}

/** A DeploymentOptionSection (DSP0243 9.8). */
export class OvfDeploymentOptionSection extends OvfSection {
  static override readonly sectionName: string = "DeploymentOptionSection";

  get options(): readonly OvfConfiguration[] {
    return [...this.scope.children(this.element, "Configuration")].map(
      (element) => new OvfConfiguration(element, this.scope),
    );
  }
}

/** An OperatingSystemSection (DSP0243 9.9). */
export class OvfOperatingSystem extends OvfSection {
  static override readonly sectionName: string = "OperatingSystemSection";

  /** CIM_OperatingSystem.OSType. */
  get cimId(): number | null {
    const id = this.attribute("id");
    return id !== null && /^[0-9]{1,5}$/.test(id) ? Number(id) : null;
  }

  set cimId(id: number | null) {
    this.setNumber("id", id);
  }

  get version(): string | null {
    return this.attribute("version");
  }

  set version(version: string | null) {
    this.setAttribute("version", version);
  }

  get description(): OvfText | null {
    return this.message("Description");
  }

  set description(text: string | null) {
    this.setText("Description", text);
  }

  /** VMware's guest id: `ubuntu64Guest`. */
  get vmwareType(): string | null {
    return this.element.attribute(VMWARE, "osType")?.trim() || null;
  }

  set vmwareType(type: string | null) {
    if (type === null) this.element.setAttribute(VMWARE, "osType", null);
    else setQualified(this.element, VMWARE, "osType", type);
  }

  /** VirtualBox's name: `Debian_64`. */
  get virtualBoxType(): string | null {
    return this.element.element(VIRTUALBOX, "OSType")?.text.trim() || null;
  }

  set virtualBoxType(type: string | null) {
    const present = this.element.element(VIRTUALBOX, "OSType");
    if (type === null) present?.remove();
    else if (present !== undefined) present.text = type;
    else {
      const created = this.element.create(VIRTUALBOX, "OSType");
      created.text = type;
      insertDeclared(this.element, created);
      // Nobody else knows it.
      this.scope.setAttribute(created, "required", "false");
    }
  }
}

/** An InstallSection: the machine is started once to finish its installation (DSP0243 9.10). */
export class OvfInstallSection extends OvfSection {
  static override readonly sectionName: string = "InstallSection";

  /** Seconds after which the installation has failed; `null`: until the guest turns itself off. */
  get initialBootStopDelay(): number | null {
    return wholeNumber(this.attribute("initialBootStopDelay"));
  }

  set initialBootStopDelay(seconds: number | null) {
    this.setNumber("initialBootStopDelay", seconds);
  }
}
