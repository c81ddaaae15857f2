import type { Appliance, Eula, Group, Product, Property } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { resolveOvf } from "../../ovf/deployment.js";
import type { OvfDocument } from "../../ovf/document.js";
import { finding } from "../../ovf/findings.js";
import type { Section } from "../../ovf/scope.js";
import type { OvfContent } from "../../ovf/views/content.js";
import { OvfStartupItem } from "../../ovf/views/parts.js";
import { OvfProduct, type OvfProperty } from "../../ovf/views/product.js";
import type { XmlElement } from "../../xml/tree.js";
import type { ImportChoice } from "../platform.js";
import { type PackageDisks, readDisks } from "./disks.js";
import { type PackageFacts, resolveFiles } from "./files.js";
import { readMachine } from "./machine.js";
import { foreignElement, type ImportSession, origin } from "./session.js";

/**
 * The appliance that a descriptor describes, for one choice of configuration, language and property values. Pure: nothing is opened,
 * so disk formats are what the descriptor calls them. Passwords that the descriptor holds are left out.
 * @throws `ovf/unknown-configuration`, `ovf/unknown-property`, `ovf/secret-capacity` for a choice that the package does not have
 */
export function importOvf(
  document: OvfDocument,
  facts: PackageFacts,
  choice: ImportChoice,
  report: (diagnostic: Diagnostic) => void,
): Appliance {
  const appliance: Appliance = {
    name: facts.name,
    machines: [],
    networks: [],
    disks: [],
    files: [],
    products: [],
    eulas: [],
    options: [],
    startup: [],
    groups: [],
    foreign: [],
    origins: new Map(),
  };
  const session: ImportSession = {
    document,
    scope: document.scope,
    choice: resolveOvf(document, choice, report, facts.messages ?? null),
    appliance,
    networkNames: new Set(),
    report,
  };
  readNetworks(session);
  readOptions(session);
  const disks = readDisks(session, resolveFiles(document, facts, report));
  appliance.files = [...disks.files];
  const { root } = document.xml;
  readShared(session, document.sections, null);
  const machines = new MachineReader(session, disks);
  for (const content of document.contents) machines.read(content, null);
  appliance.disks = [...disks.disks.values()];
  readStartup(session, document.sections);
  if (appliance.machines.length === 0) {
    report(finding("ovf/no-machine", "error", root, "the package has no virtual system"));
  }
  annotateSingle(session);
  return appliance;
}

/** Walks through collections and gives machines their ids. */
class MachineReader {
  readonly #session: ImportSession;
  readonly #disks: PackageDisks;
  readonly #ids = { system: new Set<string>(), collection: new Set<string>() };
  readonly #repeats = new Map<string, number>();

  constructor(session: ImportSession, disks: PackageDisks) {
    this.#session = session;
    this.#disks = disks;
  }

  read(content: OvfContent, group: Group | null): void {
    const session = this.#session;
    const id = this.#idOf(content);
    group?.members.push(id);
    if (content.kind === "system") {
      session.appliance.machines.push(readMachine(content, id, this.#disks, session));
      readProducts(session, content.products, id);
      for (const section of content.sectionsNamed("EulaSection")) readEula(session, section, id);
      return;
    }
    const members: Group = { id, name: session.choice.text(content.name), members: [] };
    session.appliance.groups.push(members);
    readShared(session, content.sections, id);
    for (const child of content.children) this.read(child, members);
    readStartup(session, content.sections);
  }

  #idOf(content: OvfContent): string {
    const { kind, element } = content;
    const said = content.id ?? (kind === "system" ? content.hardware[0]?.systemIdentifier : null);
    const wished = said ?? this.#session.choice.text(content.name) ?? kind;
    if (content.id === null) {
      this.#session.report(
        finding("ovf/missing-id", "warning", element, `a virtual ${kind} has no id`, {
          hint: `It is called ${wished}.`,
        }),
      );
    }
    const ids = this.#ids[kind];
    let id = wished;
    while (ids.has(id)) {
      const n = (this.#repeats.get(wished) ?? 1) + 1;
      this.#repeats.set(wished, n);
      id = `${wished}-${n}`;
    }
    if (id !== wished) {
      this.#session.report(
        finding("ovf/duplicate-id", "warning", element, `two virtual ${kind}s have the id ${wished}`, {
          hint: `This one is called ${id}.`,
          data: { id: wished },
        }),
      );
    }
    ids.add(id);
    return id;
  }
}

function readNetworks(session: ImportSession): void {
  for (const network of session.document.networks) {
    const { name, element } = network;
    if (name === null || session.networkNames.has(name)) {
      session.report(
        name === null
          ? finding("ovf/missing-id", "warning", element, "a Network has no name", { hint: "It is left out." })
          : finding("ovf/duplicate-id", "warning", element, `two Networks have the name ${name}`, {
              data: { id: name },
            }),
      );
      continue;
    }
    session.networkNames.add(name);
    const description = session.choice.text(session.scope.child(element, "Description"));
    session.appliance.networks.push({ name, description });
    origin(session, `networks/${name}`, element);
  }
}

function readOptions(session: ImportSession): void {
  for (const configuration of session.document.configurations) {
    const { id, element } = configuration;
    if (id === null) continue;
    session.appliance.options.push({
      id,
      label: session.choice.text(session.scope.child(element, "Label")) ?? id,
      default: configuration.isDefault,
    });
    origin(session, `options/${id}`, element);
  }
}

/** Sections of an envelope or collection that are read elsewhere. */
const READ_ELSEWHERE: ReadonlySet<string> = new Set([
  "DiskSection",
  "NetworkSection",
  "DeploymentOptionSection",
  "StartupSection",
]);

/** Products and licences of the whole package, and what the model has no place for. */
function readShared(session: ImportSession, sections: readonly Section[], collection: string | null): void {
  const { scope, appliance } = session;
  for (const { name, core, element } of sections) {
    if (core && READ_ELSEWHERE.has(name)) continue;
    if (core && name === "ProductSection") readProducts(session, [new OvfProduct(element, scope)], null);
    else if (core && name === "EulaSection") readEula(session, element, null);
    else if (!core || name !== "AnnotationSection" || collection !== null) {
      appliance.foreign.push(foreignElement(scope, element, name, null));
    }
  }
}

function readProducts(session: ImportSession, products: readonly OvfProduct[], machine: string | null): void {
  for (const product of products) {
    const place = `products/${session.appliance.products.length}`;
    const text = (name: string): string | null => session.choice.text(product.part(name));
    const read: Product = {
      class: product.class,
      instance: product.instance,
      name: text("Product"),
      vendor: text("Vendor"),
      version: text("Version"),
      fullVersion: text("FullVersion"),
      machine,
      properties: [],
    };
    for (const property of product.properties) {
      if (!property.appliesTo(session.choice.configuration)) continue;
      const converted = readProperty(session, property);
      if (converted === null) continue;
      read.properties.push(converted);
      origin(session, `${place}/properties/${converted.key}`, property.element);
    }
    session.appliance.products.push(read);
    origin(session, place, product.element);
  }
}

function readProperty(session: ImportSession, property: OvfProperty): Property | null {
  const { key, element, password } = property;
  if (key === null) {
    session.report(finding("ovf/missing-id", "warning", element, "a Property has no key", { hint: "It is left out." }));
    return null;
  }
  const value = session.choice.answerTo(property);
  return {
    key,
    type: property.type,
    // A password that came with the package is everybody's; one that was chosen is a reference.
    value: password && typeof value === "string" ? null : value,
    password,
    userConfigurable: property.userConfigurable,
    label: session.choice.text(property.part("Label")),
    description: session.choice.text(property.part("Description")),
    category: session.choice.text(property.category),
    qualifiers: property.qualifiers,
  };
}

function readEula(session: ImportSession, section: XmlElement, machine: string | null): void {
  const license = session.scope.child(section, "License");
  const eula: Eula = { machine, text: session.choice.text(license) ?? "" };
  origin(session, `eulas/${session.appliance.eulas.length}`, license ?? section);
  session.appliance.eulas.push(eula);
}

/** Start orders. They are read behind the machines that they name; those of whole collections are carried along. */
function readStartup(session: ImportSession, sections: readonly Section[]): void {
  const { appliance, scope } = session;
  const machines = new Set(appliance.machines.map((machine) => machine.id));
  for (const { name, core, element } of sections) {
    if (!core || name !== "StartupSection") continue;
    for (const child of scope.children(element, "Item")) {
      const item = new OvfStartupItem(child, scope);
      const machine = item.id;
      if (machine === null || !machines.has(machine)) {
        appliance.foreign.push(foreignElement(scope, child, `StartupSection ${machine ?? ""}`.trim(), null));
        continue;
      }
      origin(session, `startup/${machine}`, child);
      appliance.startup.push({ machine, order: item.order, startDelaySeconds: item.startDelay });
    }
  }
}

/** OVF 0.9 writers annotate the envelope: with one machine, that is what they mean. */
function annotateSingle(session: ImportSession): void {
  const { appliance, document, scope } = session;
  for (const { name, core, element } of document.sections) {
    if (!core || name !== "AnnotationSection") continue;
    const annotation = scope.child(element, "Annotation");
    const text = session.choice.text(annotation);
    const [machine, another] = appliance.machines;
    if (text !== null && machine !== undefined && another === undefined && machine.annotation === null) {
      machine.annotation = text;
      origin(session, `machines/${machine.id}/annotation`, annotation);
    } else {
      appliance.foreign.push(foreignElement(scope, element, name, null));
    }
  }
}
