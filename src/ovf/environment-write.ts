import type { SecretRef } from "../base/ids.js";
import { el, renderXml, type XmlNode } from "../xml/build.js";
import type { OvfDeployment, ResolvedProperty } from "./deployment.js";
import { OVF_ENVIRONMENT } from "./namespaces.js";
import { OvfContent } from "./views/content.js";

/** What a machine runs on, for its environment. */
export interface PlatformFacts {
  readonly kind: string | null;
  readonly version: string | null;
  readonly vendor: string | null;
  /** `de-AT`. */
  readonly locale: string | null;
  /** Minutes from UTC, to the east. */
  readonly timezone: number | null;
}

/** Values by the keys that guests see. */
export type EnvironmentValues = ReadonlyMap<string, string | SecretRef>;

/** An environment as data. */
export interface EnvironmentModel {
  readonly id: string;
  readonly platform: PlatformFacts | null;
  readonly values: EnvironmentValues;
  /** Systems and collections beside the machine, copies one by one. */
  readonly entities: readonly { readonly id: string; readonly values: EnvironmentValues }[];
}

/**
 * The environment that a system would get (DSP0243 11.1): its own properties and those of the collection right around it, which its own
 * stand before; and the same for each system and collection beside it. A property without a value has an empty one. Copies of a member
 * are called by its id, a hyphen and a number from 1 (9.14).
 * @param copy the number of this copy, where the system is one
 */
export function environmentOf(
  deployment: OvfDeployment,
  system: OvfContent,
  options: { readonly platform?: PlatformFacts; readonly copy?: number } = {},
): EnvironmentModel {
  const place = placeOf(deployment, system);
  const ids = place.parent === null ? [system.id ?? ""] : idsOf(deployment, place.parent, system);
  const id = ids[(options.copy ?? 1) - 1] ?? system.id ?? "";
  const entities: { id: string; values: EnvironmentValues }[] = [];
  for (const sibling of place.siblings) {
    const known = place.parent === null ? [sibling.id ?? ""] : idsOf(deployment, place.parent, sibling);
    const values = valuesOf(deployment, sibling, place.parent);
    for (const other of known) {
      if (other !== id) entities.push({ id: other, values });
    }
  }
  return { id, platform: options.platform ?? null, values: valuesOf(deployment, system, place.parent), entities };
}

/**
 * An environment as an XML document, to be encoded as UTF-8.
 * @param reveal what a secret is. It stands in the document as everybody else's value: DSP0243 knows no other way.
 * @throws `xml/forbidden-character` where a value holds what XML cannot
 */
export function renderEnvironment(model: EnvironmentModel, reveal: (secret: SecretRef) => string): string {
  const properties = (values: EnvironmentValues): XmlNode | null =>
    values.size === 0
      ? null
      : el(
          "PropertySection",
          {},
          ...[...values].map(([key, value]) =>
            el("Property", { "oe:key": key, "oe:value": typeof value === "string" ? value : reveal(value) }),
          ),
        );
  const { platform } = model;
  const root = el(
    "Environment",
    { xmlns: OVF_ENVIRONMENT, "xmlns:oe": OVF_ENVIRONMENT, "oe:id": model.id },
    platform === null ? null : platformNode(platform),
    properties(model.values),
    ...model.entities.map(({ id, values }) => el("Entity", { "oe:id": id }, properties(values))),
  );
  return renderXml(root);
}

function platformNode(platform: PlatformFacts): XmlNode {
  const { kind, version, vendor, locale, timezone } = platform;
  const child = (name: string, value: string | number | null): XmlNode | null =>
    value === null ? null : el(name, {}, value);
  return el(
    "PlatformSection",
    {},
    child("Kind", kind),
    child("Version", version),
    child("Vendor", vendor),
    child("Locale", locale),
    child("Timezone", timezone),
  );
}

interface Place {
  /** `null`: the system stands in the envelope itself. */
  readonly parent: OvfContent | null;
  readonly siblings: readonly OvfContent[];
}

function placeOf({ document }: OvfDeployment, system: OvfContent): Place {
  const above = system.element.parent;
  if (above === null || above.id === document.xml.root.id) return { parent: null, siblings: document.contents };
  const parent = new OvfContent(above, document.scope, "collection");
  return { parent, siblings: parent.children };
}

/** The ids that a member has once it is deployed. */
function idsOf(deployment: OvfDeployment, collection: OvfContent, member: OvfContent): readonly string[] {
  const id = member.id ?? "";
  const copies = deployment.copies(collection, member);
  return copies === null ? [id] : Array.from({ length: Math.min(copies, MOST_COPIES) }, (_, i) => `${id}-${i + 1}`);
}

/** Nobody starts more copies of one machine; the count comes from the descriptor. */
const MOST_COPIES = 10_000;

function valuesOf(deployment: OvfDeployment, system: OvfContent, parent: OvfContent | null): EnvironmentValues {
  const values = new Map<string, string | SecretRef>();
  const take = ({ property, value }: ResolvedProperty): void => {
    values.set(property.qualifiedKey, value ?? "");
  };
  for (const property of deployment.propertiesOf(parent)) take(property);
  for (const property of deployment.propertiesOf(system)) take(property);
  return values;
}
