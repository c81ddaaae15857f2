import { OvfEthernetPortItem } from "./items.js";
import { isTrue, OvfNode, type OvfText } from "./node.js";

/** A `File` in References: something that belongs to the package (DSP0243 7.1). */
export class OvfFile extends OvfNode {
  get id(): string | null {
    return this.attribute("id");
  }

  set id(id: string | null) {
    this.setAttribute("id", id);
  }

  /** As written: a path in the package, or a URL. */
  get href(): string | null {
    return this.attribute("href");
  }

  set href(href: string | null) {
    this.setAttribute("href", href);
  }

  /** Whether the file lies elsewhere: the reference begins with a scheme other than `file:`. */
  get remote(): boolean {
    const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):\/\//.exec(this.href ?? "")?.[1];
    return scheme !== undefined && scheme.toLowerCase() !== "file";
  }

  /** Bytes, as stored; `null` where it is missing or no number. */
  get size(): number | null {
    const size = Number(this.attribute("size") ?? Number.NaN);
    return Number.isSafeInteger(size) && size >= 0 ? size : null;
  }

  set size(bytes: number | null) {
    this.setNumber("size", bytes);
  }

  /** `gzip`; `identity` and nothing are `null`. */
  get compression(): string | null {
    const compression = this.attribute("compression");
    return compression === "identity" ? null : compression;
  }

  set compression(compression: string | null) {
    this.setAttribute("compression", compression);
  }

  /** Bytes of each piece where the file is stored as `name.000000000` and so on. */
  get chunkSize(): number | null {
    const size = Number(this.attribute("chunkSize") ?? Number.NaN);
    return Number.isSafeInteger(size) && size > 0 ? size : null;
  }

  set chunkSize(bytes: number | null) {
    this.setNumber("chunkSize", bytes);
  }
}

/** A `Disk` in the DiskSection (DSP0243 9.1). */
export class OvfDisk extends OvfNode {
  get diskId(): string | null {
    return this.attribute("diskId");
  }

  set diskId(id: string | null) {
    this.setAttribute("diskId", id);
  }

  /** Id of a File; `null`: an empty disk. */
  get fileRef(): string | null {
    return this.attribute("fileRef");
  }

  set fileRef(id: string | null) {
    this.setAttribute("fileRef", id);
  }

  /** Id of another disk. */
  get parentRef(): string | null {
    return this.attribute("parentRef");
  }

  set parentRef(id: string | null) {
    this.setAttribute("parentRef", id);
  }

  /** A number, or `${key}`: the value of a property. */
  get capacity(): string | null {
    return this.attribute("capacity");
  }

  set capacity(capacity: string | null) {
    this.setAttribute("capacity", capacity);
  }

  /** A programmatic unit; nothing means bytes. */
  get capacityUnits(): string | null {
    return this.attribute("capacityAllocationUnits");
  }

  set capacityUnits(unit: string | null) {
    this.setAttribute("capacityAllocationUnits", unit);
  }

  /** URI. */
  get format(): string | null {
    return this.attribute("format");
  }

  set format(uri: string | null) {
    this.setAttribute("format", uri);
  }

  /** Bytes that are used, as written. */
  get populatedSize(): string | null {
    return this.attribute("populatedSize");
  }

  set populatedSize(bytes: string | null) {
    this.setAttribute("populatedSize", bytes);
  }
}

/** A `SharedDisk`: one that several machines use at once (2.x, DSP0243 9.13). */
export class OvfSharedDisk extends OvfDisk {
  get readOnly(): boolean {
    return isTrue(this.attribute("readOnly"));
  }

  set readOnly(readOnly: boolean | null) {
    this.setFlag("readOnly", readOnly);
  }
}

/** A `Network` in the NetworkSection (DSP0243 9.2). */
export class OvfNetwork extends OvfNode {
  get name(): string | null {
    return this.attribute("name");
  }

  set name(name: string | null) {
    this.setAttribute("name", name);
  }

  get description(): OvfText | null {
    return this.message("Description");
  }

  set description(text: string | null) {
    this.setText("Description", text);
  }

  /** Port profiles that stand in the descriptor itself (2.x). */
  get portProfiles(): readonly OvfPortProfile[] {
    return [...this.scope.children(this.element, "NetworkPortProfile")].map(
      (element) => new OvfPortProfile(element, this.scope),
    );
  }

  /** URIs of port profiles that lie elsewhere (2.x). */
  get portProfileUris(): readonly string[] {
    return [...this.scope.children(this.element, "NetworkPortProfileURI")].map((element) => element.text.trim());
  }

  set portProfileUris(uris: readonly string[]) {
    const present = [...this.scope.children(this.element, "NetworkPortProfileURI")];
    uris.forEach((uri, i) => {
      (present[i] ?? this.create("NetworkPortProfileURI")).text = uri;
    });
    for (const element of present.slice(uris.length)) element.remove();
  }
}

/** A `NetworkPortProfile`: what a port of the network must be able to do (2.x). */
export class OvfPortProfile extends OvfNode {
  get items(): readonly OvfEthernetPortItem[] {
    return [...this.scope.children(this.element, "Item")].map(
      (element) => new OvfEthernetPortItem(element, this.scope),
    );
  }
}

/** A `Configuration` in the DeploymentOptionSection (DSP0243 9.8). */
export class OvfConfiguration extends OvfNode {
  get id(): string | null {
    return this.attribute("id");
  }

  set id(id: string | null) {
    this.setAttribute("id", id);
  }

  get isDefault(): boolean {
    return isTrue(this.attribute("default"));
  }

  set isDefault(isDefault: boolean | null) {
    this.setFlag("default", isDefault);
  }

  get label(): OvfText | null {
    return this.message("Label");
  }

  set label(text: string | null) {
    this.setText("Label", text);
  }

  get description(): OvfText | null {
    return this.message("Description");
  }

  set description(text: string | null) {
    this.setText("Description", text);
  }
}

/** An `Item` in a StartupSection: when a system or collection starts and stops (DSP0243 9.7). */
export class OvfStartupItem extends OvfNode {
  get id(): string | null {
    return this.attribute("id");
  }

  set id(id: string | null) {
    this.setAttribute("id", id);
  }

  get order(): number {
    return this.number("order") ?? 0;
  }

  set order(order: number | null) {
    this.setNumber("order", order);
  }

  /** Seconds before those of the next order start. */
  get startDelay(): number {
    return this.number("startDelay") ?? 0;
  }

  set startDelay(seconds: number | null) {
    this.setNumber("startDelay", seconds);
  }

  /** Whether the next order may start as soon as the guest says that it is ready. */
  get waitingForGuest(): boolean {
    return isTrue(this.attribute("waitingForGuest"));
  }

  set waitingForGuest(waiting: boolean | null) {
    this.setFlag("waitingForGuest", waiting);
  }

  /** Seconds before those of the previous order stop. */
  get stopDelay(): number {
    return this.number("stopDelay") ?? 0;
  }

  set stopDelay(seconds: number | null) {
    this.setNumber("stopDelay", seconds);
  }

  /** `powerOn` or `none`. */
  get startAction(): string {
    return this.attribute("startAction") ?? "powerOn";
  }

  set startAction(action: string | null) {
    this.setAttribute("startAction", action);
  }

  /** `powerOff`, `guestShutdown` or `none`. */
  get stopAction(): string {
    return this.attribute("stopAction") ?? "powerOff";
  }

  set stopAction(action: string | null) {
    this.setAttribute("stopAction", action);
  }
}
