import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { SecretRef } from "../base/ids.js";
import type { XmlElement } from "../xml/tree.js";
import type { OvfDocument } from "./document.js";
import { finding } from "./findings.js";
import type { MessageBundles, MessageFiles } from "./messages.js";
import { checkValue } from "./values/check.js";
import type { OvfContent, OvfContents } from "./views/content.js";
import { type ItemRange, type OvfHardware, rangesOf } from "./views/hardware.js";
import type { OvfItem } from "./views/items.js";
import type { OvfText } from "./views/node.js";
import { OvfScaleOut } from "./views/placement.js";
import type { OvfProperty } from "./views/product.js";

/** What a user chose among what a package offers. */
export interface DeploymentChoice {
  /** Id of a configuration; nothing: the default one. */
  readonly configuration?: string;
  /** Language of the texts: `de`, `de-AT`. */
  readonly locale?: string;
  /** Values of properties by `[class.]key[.instance]`, or by their own key where that is unambiguous. */
  readonly values?: Readonly<Record<string, string | SecretRef>>;
  /** Values of single properties, by the ids of their elements. They count more. */
  readonly chosen?: ReadonlyMap<number, string | SecretRef>;
}

/** A property with the value that it has in a deployment. */
export interface ResolvedProperty {
  readonly property: OvfProperty;
  /** The system or collection that it belongs to; `null`: the whole package. */
  readonly owner: OvfContent | null;
  /** `null`: none is given anywhere. */
  readonly value: string | SecretRef | null;
  /** Where the value is from: the user, the `Value` of the configuration, or the property itself. */
  readonly from: "choice" | "configuration" | "default" | null;
  /** The key of the property of an outer collection whose value it takes over (`${key}`, DSP0243 9.5.1). */
  readonly reference: string | null;
}

/** What would be deployed: a package seen for one configuration, language and set of values. */
export interface OvfDeployment {
  readonly document: OvfDocument;
  /** Id of the configuration; `null`: the package offers none. */
  readonly configuration: string | null;
  readonly locale: string | null;
  readonly messages: MessageBundles;
  /** The properties that apply, in document order. */
  readonly properties: readonly ResolvedProperty[];
  /** Those of a system or collection itself; `null`: of the package as a whole. */
  propertiesOf(owner: OvfContent | null): readonly ResolvedProperty[];
  /** A property's value: what was chosen, else what it has in the configuration (DSP0243 9.5.1). */
  answerTo(property: OvfProperty): string | SecretRef | null;
  /** The value that `${key}` stands for anywhere in the package; `undefined`: no property has that key. */
  lookUp(key: string): string | SecretRef | null | undefined;
  /** A text in the language; `null` where it is missing or empty. */
  text(of: XmlElement | OvfText | null | undefined): string | null;
  /** The items of a hardware section, merged for the configuration, limits included. */
  items(hardware: OvfHardware): readonly OvfItem[];
  /** The same by InstanceID, each with its limits. */
  ranges(hardware: OvfHardware): readonly ItemRange[];
  /** How many copies of a member a collection gets (2.x, DSP0243 9.14); `null`: the member itself, no copies. */
  copies(collection: OvfContent, member: OvfContent): number | null;
}

/**
 * Resolves a choice against what a package offers. The default configuration is the one that says so, else the first (DSP0243 9.8).
 * Values that break their own type or qualifiers are reported: those that were chosen as errors, those of the package as warnings.
 * @param files what message bundles outside of the descriptor hold; nothing: they are left out
 * @throws `ovf/unknown-configuration`, `ovf/unknown-property`, `ovf/not-a-bundle`
 */
export function resolveOvf(
  document: OvfDocument,
  choice: DeploymentChoice,
  report: (diagnostic: Diagnostic) => void,
  files: MessageFiles | null = null,
): OvfDeployment {
  const configuration = chooseConfiguration(document, choice, report);
  const properties = new PropertyIndex(document, configuration);
  properties.choose(choice.values ?? {}, choice.chosen ?? new Map());
  properties.resolve(report);
  const messages = files === null ? document.messages : document.messagesWith(files);
  return {
    document,
    configuration,
    locale: choice.locale ?? null,
    messages,
    properties: properties.resolved,
    propertiesOf: (owner) => properties.of(owner),
    answerTo: (property) => properties.answerTo(property),
    lookUp: (key) => properties.lookUp(key),
    text(of) {
      if (of === null || of === undefined) return null;
      return messages.text(of, choice.locale) || null;
    },
    items: (hardware) => hardware.itemsFor(configuration),
    ranges: (hardware) => rangesOf(hardware.itemsFor(configuration)),
    copies(collection, member) {
      for (const section of collection.sectionsOf(OvfScaleOut)) {
        if (section.id !== null && section.id === member.id) return section.countFor(configuration)?.default ?? null;
      }
      return null;
    },
  };
}

function chooseConfiguration(
  document: OvfDocument,
  choice: DeploymentChoice,
  report: (diagnostic: Diagnostic) => void,
): string | null {
  const { configurations } = document;
  const ids = configurations.flatMap((configuration) => configuration.id ?? []);
  if (choice.configuration !== undefined) {
    if (ids.includes(choice.configuration)) return choice.configuration;
    throw new FerryError("ovf/unknown-configuration", `the package has no configuration ${choice.configuration}`, {
      hint: ids.length === 0 ? "It offers none." : `It offers: ${ids.join(", ")}.`,
    });
  }
  const defaults = configurations.filter((configuration) => configuration.isDefault && configuration.id !== null);
  const [first, second] = defaults;
  if (second !== undefined) {
    report(
      finding(
        "ovf/several-defaults",
        "warning",
        second.element,
        `${defaults.length} configurations say that they are the default`,
        {
          hint: `The first counts: ${first?.id}.`,
        },
      ),
    );
  }
  return first?.id ?? ids[0] ?? null;
}

/** A place where properties are: the package, a collection, or a system. */
interface Level {
  readonly owner: OvfContent | null;
  readonly outer: Level | null;
  readonly entries: Entry[];
}

interface Entry {
  readonly property: OvfProperty;
  readonly level: Level;
}

/** All properties of a package: found once, looked up by key and element. */
class PropertyIndex {
  readonly #configuration: string | null;
  readonly #entries: Entry[] = [];
  readonly #byKey = new Map<string, Entry[]>();
  readonly #chosen = new Map<number, string | SecretRef>();
  readonly #byElement = new Map<number, ResolvedProperty>();
  readonly #byOwner = new Map<number | null, ResolvedProperty[]>();

  constructor(document: OvfDocument, configuration: string | null) {
    this.#configuration = configuration;
    this.#collect(document.envelope, null, null);
    const add = (key: string, entry: Entry): void => {
      const known = this.#byKey.get(key);
      if (known === undefined) this.#byKey.set(key, [entry]);
      else known.push(entry);
    };
    for (const entry of this.#entries) add(entry.property.qualifiedKey, entry);
    // By its own key where nothing else has it.
    const qualified = new Set(this.#byKey.keys());
    for (const entry of this.#entries) {
      const { key } = entry.property;
      if (key !== null && !qualified.has(key)) add(key, entry);
    }
  }

  get resolved(): readonly ResolvedProperty[] {
    return [...this.#byElement.values()];
  }

  /** The properties of one owner that apply. */
  of(owner: OvfContent | null): readonly ResolvedProperty[] {
    return this.#byOwner.get(owner?.element.id ?? null) ?? [];
  }

  choose(values: Readonly<Record<string, string | SecretRef>>, single: ReadonlyMap<number, string | SecretRef>): void {
    for (const [key, value] of Object.entries(values)) {
      const found = this.#byKey.get(key);
      if (found === undefined) {
        throw new FerryError("ovf/unknown-property", `the package has no property ${key}`, {
          hint: `It asks for: ${this.#entries.map(({ property }) => property.qualifiedKey).join(", ") || "nothing"}.`,
        });
      }
      for (const { property } of found) this.#chosen.set(property.element.id, value);
    }
    for (const [element, value] of single) this.#chosen.set(element, value);
  }

  /** Resolves the properties that apply, the outer before the inner. */
  resolve(report: (diagnostic: Diagnostic) => void): void {
    for (const entry of this.#entries) {
      if (!entry.property.appliesTo(this.#configuration)) continue;
      const resolved = this.#resolveOne(entry, report);
      this.#byElement.set(entry.property.element.id, resolved);
      const owner = resolved.owner?.element.id ?? null;
      const beside = this.#byOwner.get(owner);
      if (beside === undefined) this.#byOwner.set(owner, [resolved]);
      else beside.push(resolved);
      checkResolved(resolved, report);
    }
  }

  answerTo(property: OvfProperty): string | SecretRef | null {
    const resolved = this.#byElement.get(property.element.id);
    if (resolved !== undefined) return resolved.value;
    return this.#chosen.get(property.element.id) ?? property.valueFor(this.#configuration);
  }

  lookUp(key: string): string | SecretRef | null | undefined {
    const entry = this.#byKey.get(key)?.[0];
    return entry === undefined ? undefined : this.answerTo(entry.property);
  }

  #collect(contents: OvfContents, owner: OvfContent | null, outer: Level | null): void {
    const level: Level = { owner, outer, entries: [] };
    for (const product of contents.products) {
      for (const property of product.properties) level.entries.push({ property, level });
    }
    for (const entry of level.entries) this.#entries.push(entry);
    for (const child of contents.children) this.#collect(child, child, level);
  }

  #resolveOne({ property, level }: Entry, report: (diagnostic: Diagnostic) => void): ResolvedProperty {
    const { owner } = level;
    const { value, from } = this.#given(property);
    const key = typeof value === "string" ? referenceIn(value) : null;
    if (key === null) return { property, owner, value, from, reference: null };
    // Inner properties take over outer ones, which are resolved already: there can be no cycle.
    for (let at = level.outer; at !== null; at = at.outer) {
      const found = at.entries.find((entry) => this.#isCalled(entry, key));
      if (found === undefined) continue;
      return { property, owner, value: this.answerTo(found.property), from, reference: found.property.qualifiedKey };
    }
    report(
      finding(
        "ovf/unresolved-reference",
        "warning",
        property.element,
        `property ${property.qualifiedKey} takes over ${key}, which nothing around it has`,
        {
          hint: "It keeps the text as it stands. Give it a value, or name a property of a collection around it.",
          data: { key },
        },
      ),
    );
    return { property, owner, value, from, reference: null };
  }

  #isCalled({ property }: Entry, key: string): boolean {
    if (!property.appliesTo(this.#configuration)) return false;
    return property.qualifiedKey === key || property.key === key;
  }

  #given(property: OvfProperty): Pick<ResolvedProperty, "value" | "from"> {
    const chosen = this.#chosen.get(property.element.id);
    if (chosen !== undefined) return { value: chosen, from: "choice" };
    const value = property.valueFor(this.#configuration);
    if (value === null) return { value, from: null };
    const special = property.values.some((one) => one.configurations.includes(this.#configuration ?? ""));
    return { value, from: special ? "configuration" : "default" };
  }
}

/**
 * The key in a value that is a reference as a whole. Names with a colon, such as VMware's `${autoIp:Network}`, are for the platform to
 * work out.
 */
function referenceIn(value: string): string | null {
  return /^\s*\$\{([^}:]+)\}\s*$/.exec(value)?.[1]?.trim() ?? null;
}

function checkResolved({ property, value, from }: ResolvedProperty, report: (diagnostic: Diagnostic) => void): void {
  // An empty default asks for an answer.
  if (typeof value !== "string" || (value === "" && from !== "choice")) return;
  for (const problem of checkValue(property.type, property.qualifiers, value)) {
    const shown = property.password
      ? "its value"
      : JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}...` : value);
    const rule = problem.problem === "type" ? `its type ${property.type}` : `its qualifier ${problem.qualifier}`;
    report(
      finding(
        problem.problem === "type" ? "ovf/value-breaks-type" : "ovf/value-breaks-qualifier",
        from === "choice" ? "error" : "warning",
        property.element,
        `property ${property.qualifiedKey}: ${shown} does not fit ${rule}: ${problem.why}`,
        {
          hint:
            from === "choice" ? "Choose another value." : "Whoever deploys the package has to choose another value.",
          data: { property: property.qualifiedKey },
        },
      ),
    );
  }
}
