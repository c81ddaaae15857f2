/** A consumer's own settings, put into a package that stays the document that it is. */
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { Context } from "../../io/context.js";
import type { OvfDocument } from "../../ovf/document.js";
import { insertNode } from "../../ovf/insert-node.js";
import { VIRTUALBOX } from "../../ovf/namespaces.js";
import type { OvfContent } from "../../ovf/views/content.js";
import { setQualified } from "../../ovf/write.js";
import { loss } from "../../platforms/losses.js";
import { xenServerSettings } from "../../platforms/ovf/export-xenserver.js";
import { type OvfFlavour, profileOf } from "../../platforms/ovf/flavours.js";
import { isXenServerSetting } from "../../platforms/ovf/xenserver.js";
import { embeddedFor } from "./ovf-settings.js";

/** What is put in, and where. */
export interface Embedding {
  readonly document: OvfDocument;
  /** The package as it is read. */
  readonly appliance: Appliance;
  readonly flavour: OvfFlavour;
  readonly notes: Diagnostic[];
}

/** Puts in what the flavour's importer believes and the package does not say yet. */
export function embedSettings(embedding: Embedding, ctx: Context): void {
  if (embedding.flavour.xenserver === true) addXenServer(embedding);
  if (embedding.flavour.virtualbox === true) addVirtualBox(embedding, ctx);
}

function* systemsOf({ document, appliance }: Embedding): Generator<readonly [OvfContent, Machine]> {
  for (const content of document.envelope.descendants()) {
    const machine = appliance.machines.find(({ id }) => id === content.id);
    if (content.kind === "system" && machine !== undefined) yield [content, machine];
  }
}

/** XenServer's importer takes every machine without these settings for one that boots by BIOS. */
function addXenServer(embedding: Embedding): void {
  const { document, notes } = embedding;
  for (const [content, machine] of systemsOf(embedding)) {
    for (const { element } of content.hardware) {
      if ([...element.elements()].some(isXenServerSetting)) continue;
      for (const setting of xenServerSettings(machine)) insertNode(element, setting, document.scope);
      notes.push(
        loss(
          "info",
          "convert/flavoured",
          `${machine.name}: XenServer's own settings say firmware, boot order and processors`,
          { data: { machine: machine.id } },
        ),
      );
    }
  }
}

/** EFI is what VirtualBox's importer finds in its own settings alone; with them it looks at nothing else, so they say everything. */
function addVirtualBox(embedding: Embedding, ctx: Context): void {
  const { document, appliance, flavour, notes } = embedding;
  const needs = [...systemsOf(embedding)].filter(
    ([content, { firmware }]) =>
      (firmware === "efi" || firmware === "efi-secure") && content.virtualBoxMachine === undefined,
  );
  // An image in a drive would have to become a disk of the package.
  const plain = needs.filter(([, { attachments }]) => attachments.every(({ file }) => file === null));
  if (plain.length === 0) return;
  const fitted = fit(appliance, profileOf(flavour));
  const { embedded } = embeddedFor(fitted, flavour, ctx);
  if (embedded === undefined || fitted.notes.some(({ severity }) => severity === "error")) return;
  for (const [content, machine] of plain) {
    const settings = embedded.machine(machine.id);
    if (settings === null) continue;
    insertNode(content.element, settings, document.scope);
    const disks = machine.attachments.flatMap(({ disk }) => disk ?? []);
    for (const { diskId, element } of [...document.disks, ...document.sharedDisks]) {
      if (diskId !== null && disks.includes(diskId)) setQualified(element, VIRTUALBOX, "uuid", embedded.disk(diskId));
    }
    notes.push(
      loss(
        "info",
        "convert/flavoured",
        `${machine.name}: VirtualBox's own settings say that it boots by EFI; its importer goes by them alone`,
        { data: { machine: machine.id, firmware: machine.firmware } },
      ),
      // What fitting changed counts for machines that are imported by these settings.
      ...fitted.notes.filter(({ data }) => data?.machine === machine.id),
    );
  }
  notes.push(...embedded.notes);
}
