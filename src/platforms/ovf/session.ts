import type { Appliance, Foreign } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { OvfDocument } from "../../ovf/document.js";
import type { MessageBundles } from "../../ovf/messages.js";
import { SCVMM, VCLOUD, VIRTUALBOX, VMWARE, XENSERVER } from "../../ovf/namespaces.js";
import type { OvfScope } from "../../ovf/scope.js";
import type { OvfText } from "../../ovf/views/node.js";
import type { XmlElement } from "../../xml/tree.js";
import type { ResolvedChoice } from "./choice.js";

/** What all parts of one import share. */
export interface ImportSession {
  readonly document: OvfDocument;
  readonly scope: OvfScope;
  readonly messages: MessageBundles;
  readonly choice: ResolvedChoice;
  readonly appliance: Appliance;
  /** Names of the appliance's networks. */
  readonly networkNames: Set<string>;
  readonly report: (diagnostic: Diagnostic) => void;
}

/** Notes where a fact was read. */
export function origin(session: ImportSession, fact: string, place: XmlElement | undefined): void {
  if (place !== undefined) session.appliance.origins.set(fact, place.location);
}

/** The localized text of an element; `null` where it is missing or empty. */
export function localized(session: ImportSession, element: XmlElement | OvfText | undefined | null): string | null {
  if (element === undefined || element === null) return null;
  const text = session.messages.text(element, session.choice.locale);
  return text === "" ? null : text;
}

/** Whose words an element is in: a name for vendors that are known, else the namespace itself. */
export function sourceOf(scope: OvfScope, namespace: string): string {
  if (scope.isCore(namespace)) return "ovf";
  if (namespace === VMWARE || namespace === VCLOUD || namespace.startsWith(`${VCLOUD}/`)) return "vmware";
  if (namespace === VIRTUALBOX) return "virtualbox";
  if (namespace === XENSERVER) return "xenserver";
  if (namespace === SCVMM) return "scvmm";
  return namespace;
}

/** An element that the model has no place for, carried as it stands. */
export function foreignElement(scope: OvfScope, element: XmlElement, name: string, machine: string | null): Foreign {
  return { source: sourceOf(scope, element.namespace), name, payload: element.markup, machine };
}
