/** Products with their questions, licences and start orders. */
import type { Product, Property, StartupStep } from "../../appliance/appliance.js";
import { cleanText } from "../../appliance/fit/text.js";
import { el, type XmlNode } from "../../xml/build.js";
import { loss } from "../losses.js";
import { type AuthoredProduct, onlyIn } from "./authored.js";
import { isSecond, messageElement, type OvfWriting, section, shortNumber, textElement } from "./export-session.js";

/** The products of a machine, or with `null` of the whole appliance. A single machine is the whole appliance. */
export function productSections(machine: string | null, writing: OvfWriting): XmlNode[] {
  const { fitted } = writing;
  const [only, another] = fitted.machines;
  const whole = machine !== null && another === undefined && only?.id === machine && fitted.groups.length === 0;
  const taken = new Set<string>();
  return fitted.products
    .filter((product) => product.machine === machine || (whole && product.machine === null))
    .map((product) => productSection(product, taken, writing));
}

function productSection(product: Product, taken: Set<string>, writing: OvfWriting): XmlNode {
  const { notes } = writing;
  let instance = product.instance;
  const keyOf = (): string => JSON.stringify([product.class ?? "", instance ?? ""]);
  for (let n = 2; taken.has(keyOf()); n++) instance = `${product.instance ?? ""}${n}`;
  taken.add(keyOf());
  const name = product.name ?? product.class ?? "a product";
  if (instance !== product.instance) {
    notes.push(
      loss(
        "warning",
        "ovf/product-renamed",
        `${name} is the second of its class and instance; it becomes ${instance}`,
        {
          data: { class: product.class, from: product.instance, to: instance },
          hint: "Its properties have another key in the guest's environment.",
        },
      ),
    );
  }
  const children: (XmlNode | null)[] = [];
  const authored = writing.authored?.products[writing.fitted.products.indexOf(product)];
  let category: string | null = null;
  // A category counts for all that stand behind it.
  const inOrder = [...product.properties].sort((a, b) => Number(a.category !== null) - Number(b.category !== null));
  for (const property of inOrder) {
    if (property.category !== null && property.category !== category) {
      category = property.category;
      children.push(messageElement("Category", category, writing));
    }
    const options = authored?.properties[product.properties.indexOf(property)];
    children.push(propertyElement(property, { product: name, options }, writing));
  }
  return section(
    "ProductSection",
    "Information about the installed software",
    {
      "ovf:class": product.class === null ? null : cleanText(product.class),
      "ovf:instance": instance === null ? null : cleanText(instance),
    },
    messageElement("Product", product.name, writing),
    messageElement("Vendor", product.vendor, writing),
    textElement("Version", product.version),
    textElement("FullVersion", product.fullVersion),
    textElement("ProductUrl", authored?.productUrl ?? null),
    textElement("VendorUrl", authored?.vendorUrl ?? null),
    textElement("AppUrl", authored?.appUrl ?? null),
    ...(authored?.icons ?? []).map(({ asset, mimeType, width, height }) =>
      el("Icon", {
        "ovf:fileRef": writing.fileId(asset),
        "ovf:height": height,
        "ovf:width": width,
        "ovf:mimeType": mimeType,
      }),
    ),
    ...children,
  );
}

function propertyElement(
  property: Property,
  {
    product,
    options,
  }: { readonly product: string; readonly options: AuthoredProduct["properties"][number] | undefined },
  writing: OvfWriting,
): XmlNode {
  const { notes, version } = writing;
  const { key, value, password } = property;
  const data = { product, key };
  if (value !== null && typeof value !== "string") {
    notes.push(
      loss("info", "ovf/secret-left-out", `${product}: the value of ${key} is a secret; the package does not hold it`, {
        data,
        hint: "It is asked for where the package is deployed.",
      }),
    );
  }
  if (password && version === "1.0") {
    notes.push(
      loss("info", "ovf/password-mark-dropped", `${product}: OVF 1.0 cannot say that ${key} is a password`, {
        data,
        hint: "Write --ovf-version 1.1.",
      }),
    );
  }
  return el(
    "Property",
    {
      "ovf:key": cleanText(key),
      "ovf:type": property.type,
      "ovf:qualifiers": property.qualifiers === null ? null : cleanText(property.qualifiers),
      "ovf:userConfigurable": property.userConfigurable ? true : null,
      "ovf:value": typeof value === "string" ? cleanText(value) : null,
      "ovf:password": password && version !== "1.0" ? true : null,
      ...(options === undefined || !isSecond(version) ? {} : onlyIn(options)),
    },
    messageElement("Label", property.label, writing),
    messageElement("Description", property.description, writing),
    ...(options?.values ?? []).map(([option, text]) =>
      el("Value", { "ovf:value": cleanText(text), "ovf:configuration": option }),
    ),
  );
}

/** The licences of a machine, or with `null` of the whole appliance. */
export function eulaSections(machine: string | null, writing: OvfWriting): XmlNode[] {
  const { fitted } = writing;
  const [only, another] = fitted.machines;
  const whole = machine !== null && another === undefined && only?.id === machine && fitted.groups.length === 0;
  return fitted.eulas
    .filter((eula) => eula.machine === machine || (whole && eula.machine === null))
    .map(({ text }) => section("EulaSection", "A licence agreement", {}, messageElement("License", text, writing)));
}

/** In which order the members of a collection start. `null`: nobody said. */
export function startupSection(steps: readonly StartupStep[], writing: OvfWriting): XmlNode | null {
  if (steps.length === 0) return null;
  return section(
    "StartupSection",
    "The order in which machines start",
    {},
    ...steps.map(({ machine, order, startDelaySeconds }) =>
      el("Item", {
        "ovf:id": writing.contentId("machine", machine),
        "ovf:order": shortNumber(order, `the place of ${machine} in the start order`, writing),
        "ovf:startDelay": shortNumber(startDelaySeconds, `the delay before ${machine} starts`, writing),
      }),
    ),
  );
}
