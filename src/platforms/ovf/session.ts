import type { Appliance, Foreign } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { OvfDeployment } from "../../ovf/deployment.js";
import type { OvfDocument } from "../../ovf/document.js";
import { SCVMM, VCLOUD, VIRTUALBOX, VMWARE, XENSERVER } from "../../ovf/namespaces.js";
import type { OvfScope } from "../../ovf/scope.js";
import type { XmlElement } from "../../xml/tree.js";

/** What all parts of one import share. */
export interface ImportSession {
  readonly document: OvfDocument;
  readonly scope: OvfScope;
  readonly choice: OvfDeployment;
  readonly appliance: Appliance;
  /** Names of the appliance's networks. */
  readonly networkNames: Set<string>;
  readonly report: (diagnostic: Diagnostic) => void;
}

/** Notes where a fact was read. */
export function origin(session: ImportSession, fact: string, place: XmlElement | undefined): void {
  if (place !== undefined) session.appliance.origins.set(fact, place.location);
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
