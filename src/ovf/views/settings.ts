import type { XmlElement } from "../../xml/tree.js";
import { VMWARE } from "../namespaces.js";
import type { OvfScope } from "../scope.js";
import { setQualified } from "../write.js";
import { OvfNode } from "./node.js";

/** A `vmw:Config` or `vmw:ExtraConfig`: one of VMware's own settings. */
export class VmwareSetting extends OvfNode {
  readonly kind: "Config" | "ExtraConfig";

  constructor(element: XmlElement, scope: OvfScope, kind: "Config" | "ExtraConfig") {
    super(element, scope);
    this.kind = kind;
  }

  get key(): string {
    return this.#own("key") ?? "";
  }

  set key(key: string) {
    this.#set("key", key);
  }

  get value(): string {
    return this.#own("value") ?? "";
  }

  set value(value: string) {
    this.#set("value", value);
  }

  #own(name: string): string | undefined {
    return this.element.attribute(VMWARE, name) ?? this.element.attribute("", name);
  }

  #set(name: string, value: string): void {
    const bare = this.element.attribute(VMWARE, name) === undefined && this.element.attribute("", name) !== undefined;
    setQualified(this.element, bare ? "" : VMWARE, name, value);
  }
}

/** The settings in an element, without those that have no key. */
export function vmwareSettings(element: XmlElement, scope: OvfScope): VmwareSetting[] {
  const settings: VmwareSetting[] = [];
  for (const child of element.elements(VMWARE)) {
    if (child.name !== "Config" && child.name !== "ExtraConfig") continue;
    const key = child.attribute(VMWARE, "key") ?? child.attribute("", "key");
    if (key !== undefined) settings.push(new VmwareSetting(child, scope, child.name));
  }
  return settings;
}
