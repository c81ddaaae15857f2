import type { XmlElement } from "../../xml/tree.js";
import { BOOT_CONFIG, BOOT_SOURCE, CIM_CLASSES } from "../namespaces.js";
import { BOOT_CONFIG_FIELDS, BOOT_SOURCE_FIELDS } from "../tables/cim-fields.js";
import { OvfCim } from "./cim.js";
import { OvfNode } from "./node.js";
import { OvfSection } from "./section.js";

/** A BootDeviceSection: where a machine starts from (2.x, DSP0243 9.12). */
export class OvfBootDeviceSection extends OvfSection {
  static override readonly sectionName: string = "BootDeviceSection";

  /** The one configuration that it holds. */
  get setting(): OvfBootConfig | null {
    for (const element of classElements(this.element, "CIM_BootConfigSetting")) {
      return new OvfBootConfig(element, this.scope);
    }
    return null;
  }
}

/** A `CIM_BootConfigSetting`. */
export class OvfBootConfig extends OvfCim<typeof BOOT_CONFIG_FIELDS> {
  readonly fields: typeof BOOT_CONFIG_FIELDS = BOOT_CONFIG_FIELDS;
  protected readonly classNamespace: string = BOOT_CONFIG;

  /** In the order in which they are tried. */
  get sources(): readonly OvfBootSource[] {
    return [...classElements(this.element, "CIM_BootSourceSetting")].map(
      (element) => new OvfBootSource(element, this.scope),
    );
  }
}

/** A `CIM_BootSourceSetting`. */
export class OvfBootSource extends OvfCim<typeof BOOT_SOURCE_FIELDS> {
  readonly fields: typeof BOOT_SOURCE_FIELDS = BOOT_SOURCE_FIELDS;
  protected readonly classNamespace: string = BOOT_SOURCE;

  /** The device: `CIM:Hard-Disk:1`. */
  get structuredBootString(): string | null {
    return this.property("StructuredBootString");
  }

  set structuredBootString(text: string | null) {
    this.setProperty("StructuredBootString", text);
  }
}

function* classElements(element: XmlElement, name: string): Generator<XmlElement> {
  for (const child of element.elements(undefined, name)) if (child.namespace.startsWith(CIM_CLASSES)) yield child;
}

/** An EnvironmentFilesSection: files that the guest gets beside its environment (2.x, DSP0243 9.11). */
export class OvfEnvironmentFiles extends OvfSection {
  static override readonly sectionName: string = "EnvironmentFilesSection";

  /** How the guest gets them. */
  get transports(): readonly string[] {
    return (this.attribute("transport") ?? "").split(/[\s,]+/).filter((transport) => transport !== "");
  }

  set transports(transports: readonly string[]) {
    this.setAttribute("transport", transports.length === 0 ? null : transports.join(" "));
  }

  get files(): readonly OvfEnvironmentFile[] {
    return [...this.scope.children(this.element, "File")].map((element) => new OvfEnvironmentFile(element, this.scope));
  }
}

/** A `File` in an EnvironmentFilesSection. */
export class OvfEnvironmentFile extends OvfNode {
  /** Id of a File in References. */
  get fileRef(): string | null {
    return this.attribute("fileRef");
  }

  set fileRef(id: string | null) {
    this.setAttribute("fileRef", id);
  }

  /** Relative path on the medium of the transport. */
  get path(): string | null {
    return this.attribute("path");
  }

  set path(path: string | null) {
    this.setAttribute("path", path);
  }
}
