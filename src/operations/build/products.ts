/** Products of a spec with their questions. */
import type { Product, Property } from "../../appliance/appliance.js";
import type { AuthoredProduct } from "../../platforms/ovf/authored.js";
import { type Lowering, oneOf, optionsIn } from "./lowering.js";
import type { Localized } from "./shape.js";
import type { ProductSpec, PropertySpec } from "./spec.js";
import { refuseNode } from "./tree.js";

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  svg: "image/svg+xml",
};

/** @param machine `null`: it is of the whole appliance */
export function productOf(
  spec: ProductSpec,
  machine: string | null,
  lowering: Lowering,
): { readonly product: Product; readonly authored: AuthoredProduct } {
  const { text, asset } = lowering;
  const textOf = (localized: Localized | null): string | null => (localized === null ? null : text(localized));
  const questions = [
    ...(spec.properties ?? []).map(({ key, value }) => ({ key, spec: value })),
    ...(spec["property-list"] ?? []).map((own) => ({ key: own.key ?? "", spec: own as PropertySpec })),
  ];
  const options = (lowering.spec.options ?? []).map(({ key }) => key);
  return {
    product: {
      class: spec.class,
      instance: spec.instance,
      name: textOf(spec.name),
      vendor: textOf(spec.vendor),
      version: spec.version,
      fullVersion: spec["full-version"],
      machine,
      properties: questions.map(
        ({ key, spec: own }): Property => ({
          key,
          type: own.type ?? "string",
          value: own.default,
          password: own.password ?? false,
          userConfigurable: own["user-configurable"] ?? true,
          label: textOf(own.label),
          description: textOf(own.description),
          category: textOf(own.category),
          qualifiers: qualifiersOf(own),
        }),
      ),
    },
    authored: {
      productUrl: spec["product-url"],
      vendorUrl: spec["vendor-url"],
      appUrl: spec["app-url"],
      icons: (spec.icons ?? []).flatMap((icon) => {
        if (icon.file === null) return [];
        const ending = /\.([^.]+)$/.exec(icon.file.path)?.[1]?.toLowerCase() ?? "";
        return [
          {
            asset: asset(icon.file, "file"),
            mimeType: icon.type ?? MEDIA_TYPES[ending] ?? null,
            width: icon.width,
            height: icon.height,
          },
        ];
      }),
      properties: questions.map(({ spec: own }) => ({
        values: (own.values ?? []).map(
          ({ key, value, at }) => [oneOf(key, options, "deployment option", at), value] as const,
        ),
        only: optionsIn(own.only, lowering, own.at),
      })),
    },
  };
}

/** Qualifiers in the syntax of MOF (DSP0243 9.5.1). */
function qualifiersOf(spec: PropertySpec): string | null {
  const quoted = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&")}"`;
  const parts = [
    ...(spec["min-length"] === null ? [] : [`MinLen(${spec["min-length"]})`]),
    ...(spec["max-length"] === null ? [] : [`MaxLen(${spec["max-length"]})`]),
    ...(spec.min === null ? [] : [`MinValue(${spec.min})`]),
    ...(spec.max === null ? [] : [`MaxValue(${spec.max})`]),
    ...(spec.choices === null ? [] : [`ValueMap{${spec.choices.map(quoted).join(", ")}}`]),
  ];
  if (spec.qualifiers === null) return parts.length === 0 ? null : parts.join(", ");
  if (parts.length === 0) return spec.qualifiers;
  throw refuseNode("config/bad-value", "qualifiers and settings that become qualifiers exclude each other", spec.at);
}
