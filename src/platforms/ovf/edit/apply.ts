/** All edits of a run, on a descriptor's tree. An edit changes its own lines and no other. */
import type { Diagnostic } from "../../../base/diagnostics.js";
import type { OvfDocument } from "../../../ovf/document.js";
import { addDisks, type DiskEdits, removeDisk, resizeDisks } from "./disks.js";
import type { Edits } from "./edits.js";
import { addNics, mapNetworks, removeNics } from "./networks.js";
import { addProperties, refuseUsed, removeProperty, setValues } from "./properties.js";
import { editCpus, editMemory } from "./quantities.js";
import { configurationOf, type EditChange, type EditSession, machineOf, noTarget } from "./session.js";
import { editFirmware, editHardwareType, editName, editOs, editTransports } from "./system.js";
import { editAnnotation, editEula, editProduct, removeSections } from "./texts.js";

/** What edits came to. */
export interface Edited {
  readonly changes: readonly EditChange[];
  readonly notes: readonly Diagnostic[];
  readonly disks: DiskEdits;
}

/**
 * Makes edits in a document's tree: what goes first, then what changes, then what is new. The result is the same in whatever order they were
 * asked for.
 * @param files what is known of the files of new disks, in the order of `addDisks`
 * @throws `edit/...`, and `xml/...` for texts that XML cannot hold; the tree is not to be used then
 */
export function applyEdits(document: OvfDocument, edits: Edits, files: Parameters<typeof addDisks>[1]): Edited {
  const session: EditSession = { document, edits, changes: [], notes: [] };
  // Named in vain is a mistake, whatever is edited.
  configurationOf(session);
  if (edits.machine !== null) machineOf(session);
  const removed: string[] = [];
  for (const what of edits.remove) remove(session, what, removed);
  removeNics(session);
  mapNetworks(session);
  for (const edit of [editName, editCpus, editMemory, editHardwareType, editFirmware, editOs, editTransports])
    edit(session);
  for (const edit of [setValues, editProduct, editEula, editAnnotation, addProperties, addNics]) edit(session);
  const resized = resizeDisks(session);
  const added = addDisks(session, files);
  return { changes: session.changes, notes: session.notes, disks: { added, resized, removed } };
}

const REMOVABLE = ["annotation", "eula", "product", "property.KEY", "disk.ID"];

function remove(session: EditSession, what: string, files: string[]): void {
  if (removeSections(session, what, (property) => refuseUsed(session, property))) return;
  const [, kind, id = ""] = /^(property|disk)\.(.+)$/s.exec(what) ?? [];
  if (kind === "property") removeProperty(session, id);
  else if (kind === "disk") files.push(...removeDisk(session, id));
  else throw noTarget(`${JSON.stringify(what)} is nothing that can be removed`, what, REMOVABLE);
}
