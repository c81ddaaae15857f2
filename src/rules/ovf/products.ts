/** ProductSection (DSP0243 9.5). */
import { repeated } from "../duplicates.js";
import type { ProductNode } from "../nodes.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const product = (properties: string, attributes = ""): { readonly system: string } => ({
  system: `<ProductSection ${attributes}><Info>Software</Info>${properties}</ProductSection>`,
});

export const productRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/product-repeated",
    node: "ovf",
    spec: ovfSpec("9.5"),
    requirements: ["OVF-9.5-7"],
    severity: "error",
    strict: "error",
    what: 'Two ProductSections of one system have the same class and instance ("{id}").',
    why: "The keys of their properties cannot be told apart; VMware's tool refuses the package.",
    fix: "Give one of them another ovf:instance.",
    examples: {
      invalid: [
        {
          system: ["", ""].map(() => product("", 'ovf:class="com.example" ovf:instance="1"').system).join(""),
        },
      ],
      valid: [
        {
          system: ["1", "2"].map((i) => product("", `ovf:class="com.example" ovf:instance="${i}"`).system).join(""),
        },
      ],
    },
    *check(_document, { nodes }) {
      const owners = new Map<ProductNode["owner"], ProductNode[]>();
      for (const node of nodes.products) owners.set(node.owner, [...(owners.get(node.owner) ?? []), node]);
      for (const products of owners.values()) {
        yield* repeated(
          products,
          // Those without a class are told apart by nothing, and writers have several of them.
          ({ product: { class: prefix, instance } }) => (prefix === null ? null : `${prefix} ${instance ?? ""}`.trim()),
          (node) => node.product.element,
        );
      }
    },
  }),
  defineRule({
    code: "ovf/product-ambiguous",
    node: "ovf",
    spec: ovfSpec("9.5"),
    requirements: ["OVF-9.5-7"],
    severity: "off",
    strict: "error",
    what: "Two ProductSections of one system have neither class nor instance.",
    why: "The keys of their properties cannot be told apart.",
    fix: "Give one of them an ovf:class.",
    examples: {
      invalid: [{ system: product("").system + product("").system }],
      valid: [{ system: product("").system + product("", 'ovf:class="a"').system }],
    },
    *check(_document, { nodes }) {
      const seen = new Set<ProductNode["owner"]>();
      for (const { product: section, owner } of nodes.products) {
        if (section.class !== null || section.instance !== null) continue;
        if (seen.has(owner)) yield { location: section.element.location };
        seen.add(owner);
      }
    },
  }),
  defineRule({
    code: "ovf/product-class-invalid",
    node: "ovf/product",
    spec: ovfSpec("9.5"),
    requirements: ["OVF-9.5-11?"],
    severity: "warning",
    strict: "error",
    what: 'The ovf:{name} "{value}" of a ProductSection has a colon in it.',
    why: "Guests get the keys of properties with class and instance around them, with dots between; a colon is kept for later.",
    fix: "Write a name such as com.example.product.",
    examples: { invalid: [product("", 'ovf:class="a:b"')], valid: [product("", 'ovf:class="com.example"')] },
    *check({ product: section }) {
      for (const name of ["class", "instance"] as const) {
        const value = section[name];
        if (value?.includes(":")) yield { values: { name, value } };
      }
    },
  }),
  defineRule({
    code: "ovf/product-instance-needless",
    node: "ovf",
    spec: ovfSpec("9.5"),
    requirements: ["OVF-9.5-12?"],
    severity: "off",
    strict: "warning",
    what: 'The product {class} has the ovf:instance "{instance}", and is there once.',
    why: "The instance tells several installations of one product apart, and lengthens every key.",
    fix: "Leave it out.",
    examples: {
      invalid: [product("", 'ovf:class="com.example" ovf:instance="1"')],
      valid: [product("", 'ovf:class="com.example"')],
    },
    *check(_document, { nodes }) {
      const counts = new Map<ProductNode["owner"], Map<string, number>>();
      for (const { product: section, owner } of nodes.products) {
        const ofOwner = counts.get(owner) ?? new Map<string, number>();
        counts.set(owner, ofOwner.set(section.class ?? "", (ofOwner.get(section.class ?? "") ?? 0) + 1));
      }
      for (const { product: section, owner } of nodes.products) {
        const { instance } = section;
        if (instance === null || counts.get(owner)?.get(section.class ?? "") !== 1) continue;
        yield { values: { class: section.class ?? "(without a class)", instance }, location: section.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/product-class-convention",
    node: "ovf/product",
    spec: ovfSpec("9.5"),
    requirements: ["OVF-9.5-9"],
    severity: "off",
    strict: "info",
    what: 'The ovf:class "{class}" of a ProductSection is no reversed domain name.',
    why: "Names of two vendors cannot meet where each begins with the vendor's domain.",
    fix: "Write one such as com.example.product.",
    examples: { invalid: [product("", 'ovf:class="app"')], valid: [product("", 'ovf:class="com.example"')] },
    *check({ product: section }) {
      if (section.class !== null && !section.class.includes(".")) yield { values: { class: section.class } };
    },
  }),
  defineRule({
    code: "ovf/product-url-invalid",
    node: "ovf/product",
    spec: ovfSpec("9.5"),
    requirements: ["OVF-9.5-3", "OVF-9.5-4"],
    severity: "off",
    strict: "warning",
    what: 'The {name} "{url}" is no URL.',
    why: "Users follow it to learn about the product.",
    fix: "Write a whole URL, such as https://example.com/product.",
    examples: {
      invalid: [product("<ProductUrl>example dot com</ProductUrl>")],
      valid: [product("<ProductUrl>https://example.com/</ProductUrl>")],
    },
    *check({ product: section }) {
      for (const [name, text] of [
        ["ProductUrl", section.productUrl],
        ["VendorUrl", section.vendorUrl],
      ] as const) {
        const url = text?.text ?? "";
        if (text !== null && url !== "" && !/^[a-z][a-z0-9+.-]*:[^\s]+$/i.test(url)) {
          yield { values: { name, url }, location: text.element.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/product-icon-unknown",
    node: "ovf/product",
    spec: ovfSpec("9.5"),
    requirements: ["OVF-9.5-6"],
    severity: "warning",
    strict: "error",
    what: 'An Icon is in the file "{file}", which References does not list.',
    why: "Importers have nothing to show.",
    fix: "Add a File with that ovf:id, or remove the Icon.",
    examples: {
      invalid: [product('<Icon ovf:fileRef="icon"/>')],
      valid: [product('<Icon ovf:fileRef="file1"/>')],
    },
    *check({ product: section }, { index }) {
      for (const { fileRef, element } of section.icons) {
        if (fileRef === null || !index.files.has(fileRef)) {
          yield { values: { file: fileRef ?? "(nothing)" }, location: element.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/eula-empty",
    node: "ovf/section",
    when: ({ section }) => section.name === "EulaSection",
    spec: ovfSpec("9.6"),
    requirements: ["OVF-9.6-1", "OVF-9.6-6"],
    severity: "warning",
    strict: "warning",
    what: "The EulaSection has no licence text.",
    why: "Users are asked to agree to nothing.",
    fix: "Write the text into License, or remove the section.",
    examples: {
      invalid: [{ system: "<EulaSection><Info>x</Info><License/></EulaSection>" }],
      valid: [{ system: "<EulaSection><Info>x</Info><License>Terms</License></EulaSection>" }],
    },
    *check({ section }, { ovf }) {
      if (!section.core || section.name !== "EulaSection") return;
      const license = ovf.scope.child(section.element, "License");
      // The message of a text that has an id is looked for by another rule. VMware writes the id on the section.
      const named = [license, section.element].some(
        (at) => at !== undefined && ovf.scope.attribute(at, "msgid") !== undefined,
      );
      if (!named && (license === undefined || license.text.trim() === "")) yield {};
    },
  }),
  defineRule({
    code: "ovf/annotation-missing",
    node: "ovf/section",
    when: ({ section }) => section.name === "AnnotationSection",
    spec: ovfSpec("9.4"),
    requirements: ["OVF-9.4-1"],
    severity: "off",
    strict: "error",
    what: "The AnnotationSection has no Annotation.",
    why: "It says nothing.",
    fix: "Write one, or remove the section.",
    examples: {
      invalid: [{ system: "<AnnotationSection><Info>x</Info></AnnotationSection>" }],
      valid: [{ system: "<AnnotationSection><Info>x</Info><Annotation>y</Annotation></AnnotationSection>" }],
    },
    *check({ section }, { ovf }) {
      if (!section.core || section.name !== "AnnotationSection") return;
      if (ovf.scope.child(section.element, "Annotation") === undefined) yield {};
    },
  }),
  defineRule({
    code: "ovf/product-of-package-missing",
    node: "ovf",
    spec: ovfSpec("9.5"),
    requirements: ["OVF-9.5-13"],
    severity: "off",
    strict: "info",
    what: "The outermost system or collection has no ProductSection.",
    why: "The first one there describes the package as a whole: importers show its name, vendor and version.",
    fix: "Add one.",
    examples: { invalid: [{}], valid: [product("<Product>x</Product>")] },
    *check({ contents }) {
      const [outermost] = contents;
      if (outermost !== undefined && outermost.products.length === 0) yield { location: outermost.element.location };
    },
  }),
];
