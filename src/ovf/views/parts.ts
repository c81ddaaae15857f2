import type { XmlElement } from "../../xml/tree.js";
import type { OvfScope } from "../scope.js";

/** A view of one element of a descriptor. It reads the tree whenever it is asked and keeps nothing. */
export class OvfNode {
  readonly element: XmlElement;
  readonly scope: OvfScope;

  constructor(element: XmlElement, scope: OvfScope) {
    this.element = element;
    this.scope = scope;
  }

  /** An attribute of the standard, trimmed; `null` where it is missing or empty. */
  attribute(name: string): string | null {
    const value = this.scope.attribute(this.element, name)?.trim();
    return value === undefined || value === "" ? null : value;
  }

  /** The configurations that the element is for; empty: for all. */
  get configurations(): readonly string[] {
    return (this.attribute("configuration") ?? "").split(/\s+/).filter((id) => id !== "");
  }

  /** Whether the element counts in a configuration; `null`: the package has none. */
  appliesTo(configuration: string | null): boolean {
    const { configurations } = this;
    return configurations.length === 0 || (configuration !== null && configurations.includes(configuration));
  }
}

/** A `File` in References: something that belongs to the package. */
export class OvfFile extends OvfNode {
  get id(): string | null {
    return this.attribute("id");
  }

  /** As written: a path in the package, or a URL. */
  get href(): string | null {
    return this.attribute("href");
  }

  /** Bytes; `null` where it is missing or no number. */
  get size(): number | null {
    const size = Number(this.attribute("size") ?? Number.NaN);
    return Number.isSafeInteger(size) && size >= 0 ? size : null;
  }

  /** `gzip`; `identity` and nothing are `null`. */
  get compression(): string | null {
    const compression = this.attribute("compression");
    return compression === "identity" ? null : compression;
  }

  /** Bytes of each piece where the file is stored as `name.000000000` and so on. */
  get chunkSize(): number | null {
    const size = Number(this.attribute("chunkSize") ?? Number.NaN);
    return Number.isSafeInteger(size) && size > 0 ? size : null;
  }
}

/** A `Disk` in the DiskSection. */
export class OvfDisk extends OvfNode {
  get diskId(): string | null {
    return this.attribute("diskId");
  }

  /** Id of a File; `null`: an empty disk. */
  get fileRef(): string | null {
    return this.attribute("fileRef");
  }

  /** Id of another disk. */
  get parentRef(): string | null {
    return this.attribute("parentRef");
  }

  /** A number, or `${key}`: the value of a property. */
  get capacity(): string | null {
    return this.attribute("capacity");
  }

  get capacityUnits(): string | null {
    return this.attribute("capacityAllocationUnits");
  }

  /** URI. */
  get format(): string | null {
    return this.attribute("format");
  }

  get populatedSize(): string | null {
    return this.attribute("populatedSize");
  }
}

/** A `Network` in the NetworkSection. */
export class OvfNetwork extends OvfNode {
  get name(): string | null {
    return this.attribute("name");
  }
}

/** A `Configuration` in the DeploymentOptionSection. */
export class OvfConfiguration extends OvfNode {
  get id(): string | null {
    return this.attribute("id");
  }

  get isDefault(): boolean {
    return isTrue(this.attribute("default"));
  }
}

/** An `Item` in a StartupSection. */
export class OvfStartupItem extends OvfNode {
  get id(): string | null {
    return this.attribute("id");
  }

  get order(): number {
    return wholeNumber(this.attribute("order")) ?? 0;
  }

  /** Seconds. */
  get startDelay(): number {
    return wholeNumber(this.attribute("startDelay")) ?? 0;
  }
}

/** Whether an attribute is `true` as XML Schema writes it. Writers from scripting languages begin it with a capital. */
export function isTrue(value: string | null): boolean {
  return value !== null && /^(true|1)$/i.test(value);
}

/** A whole number from 0 to 2^53 - 1; `null` for any other text. */
export function wholeNumber(text: string | null): number | null {
  if (text === null || !/^[0-9]{1,16}$/.test(text.trim())) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}
