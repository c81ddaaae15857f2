import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { FerryError } from "../base/errors.js";
import { defaultLimits } from "../base/limits.js";
import { el, renderXml, type XmlChild, type XmlNode } from "./build.js";
import { parseXml } from "./parse.js";
import type { XmlDocument, XmlElement } from "./tree.js";

const SHARED = "../shared";
const skip = existsSync(SHARED) ? false : "../shared is absent";

/** Files of the corpus that are XML by name, and what is wrong with those that are not XML. */
const BROKEN: Readonly<Record<string, string>> = {
  "corpus/invalid/abiquo__malformed.ovf": "xml/not-well-formed",
  "corpus/invalid/ganeti__wrong-xml.ovf": "xml/not-well-formed",
};

function documents(): string[] {
  const folders = ["corpus/ovf", "corpus/invalid", "corpus/env", "corpus/libvirt", "corpus/vbox"];
  folders.push("conformance/vmware/accept", "conformance/vmware/reject");
  return folders.flatMap((folder) =>
    readdirSync(join(SHARED, folder))
      .filter((name) => /\.(ovf|xml|vbox)$/.test(name))
      .map((name) => `${folder}/${name}`),
  );
}

const load = (bytes: Uint8Array): XmlDocument => parseXml(bytes, "document", defaultLimits);
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(join(SHARED, name)));

function* all(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of element.elements()) yield* all(child);
}

test("every well-formed document of the corpus comes back byte for byte, the others are refused", { skip }, () => {
  const names = documents();
  assert.ok(names.length > 350, `${names.length} documents`);
  const refused: Record<string, string> = {};
  for (const name of names) {
    const bytes = bytesOf(name);
    try {
      const document = load(bytes);
      assert.deepEqual(document.serialize(), bytes, name);
      // An edit and its opposite make the tree write everything again, from its spans.
      for (const element of all(document.root)) {
        const [attribute] = element.attributes;
        if (attribute === undefined) continue;
        const { namespace, name: local, value } = attribute;
        element.setAttribute(namespace, local, `${value}x`);
        element.setAttribute(namespace, local, value);
      }
      const again = load(document.serialize());
      assert.equal(JSON.stringify(outline(again.root)), JSON.stringify(outline(load(bytes).root)), name);
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      refused[name] = error.code;
      assert.equal(error.location?.at, "text", name);
    }
  }
  assert.deepEqual(refused, BROKEN);
});

test("one edit in a document of the corpus changes only its own bytes", { skip }, () => {
  for (const name of documents()) {
    if (name in BROKEN) continue;
    const bytes = bytesOf(name);
    const count = [...all(load(bytes).root)].length;
    for (const pick of [0, Math.floor(count / 2), count - 1]) {
      const document = load(bytes);
      const element = [...all(document.root)][pick] ?? document.root;
      element.setAttribute("", "vmferry-test", "1");
      const edited = document.serialize();
      let same = 0;
      while (same < bytes.length && edited[same] === bytes[same]) same++;
      let tail = 0;
      while (tail < bytes.length - same && edited[edited.length - 1 - tail] === bytes[bytes.length - 1 - tail]) tail++;
      assert.equal(same + tail, bytes.length, `${name}, element ${pick}`);
      const added = Buffer.from(edited.subarray(same, edited.length - tail))
        .toString("latin1")
        .replaceAll("\0", "");
      assert.equal(added.length, ' vmferry-test="1"'.length, name);
    }
  }
});

test("a child that is removed leaves all other bytes in place", { skip }, () => {
  for (const name of documents()) {
    if (name in BROKEN) continue;
    const bytes = bytesOf(name);
    const document = load(bytes);
    const [first] = document.root.elements();
    if (first === undefined) continue;
    const rest = outline(document.root).children.slice(1);
    first.remove();
    const again = load(document.serialize());
    assert.deepEqual(outline(again.root).children, rest, name);
  }
});

interface Outline {
  readonly name: string;
  readonly attributes: readonly string[];
  readonly text: string;
  readonly children: readonly Outline[];
}

function outline(element: XmlElement): Outline {
  return {
    name: `{${element.namespace}}${element.name}`,
    attributes: element.attributes.map((a) => `{${a.namespace}}${a.name}=${a.value}`),
    text: element.text.trim(),
    children: [...element.elements()].map(outline),
  };
}

const text = fc
  .string({ unit: "binary", maxLength: 8 })
  .map((s) => s.replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, ""));
const name = fc.constantFrom("a", "b", "p:c", "q:d", "é");
const attributes = fc.dictionary(fc.constantFrom("k", "l", "p:k", "q:m"), text);
const { node } = fc.letrec<{ node: XmlNode; child: XmlChild }>((tie) => ({
  node: fc
    .tuple(name, attributes, fc.array(tie("child"), { maxLength: 4 }))
    .map(([n, a, children]) => el(n, a, ...children)),
  child: fc.oneof(
    { maxDepth: 4 },
    text.filter((t) => t !== ""),
    tie("node"),
  ),
}));
const tree = node.map((inner) => el("root", { "xmlns:p": "urn:p", "xmlns:q": "urn:q" }, inner));

test("what the builder writes reads back with the same values, and again with the same bytes", () => {
  fc.assert(
    fc.property(tree, (root) => {
      const bytes = new TextEncoder().encode(renderXml(root));
      const document = load(bytes);
      assert.deepEqual(document.serialize(), bytes);
      const [built] = root.children;
      const [read] = document.root.elements();
      assert.ok(typeof built === "object" && "name" in built && read !== undefined);
      compare(built, read);
    }),
  );
});

function compare(built: XmlNode, read: XmlElement): void {
  assert.equal(read.prefix === "" ? read.name : `${read.prefix}:${read.name}`, built.name);
  assert.deepEqual(
    read.attributes.map((a) => [a.prefix === "" ? a.name : `${a.prefix}:${a.name}`, a.value]),
    built.attributes.map(([key, value]) => [key, value]),
  );
  const strings = built.children.filter((child) => typeof child === "string");
  if (strings.length > 0) assert.equal(read.text, strings.join(""));
  const children = built.children.filter((child) => typeof child === "object" && "name" in child);
  const found = [...read.elements()];
  assert.equal(found.length, children.length);
  children.forEach((child, i) => {
    const element = found[i];
    if (element !== undefined && typeof child === "object" && "name" in child) compare(child, element);
  });
}

type Step =
  | { readonly do: "attribute"; readonly at: number; readonly key: string; readonly value: string | null }
  | { readonly do: "text"; readonly at: number; readonly value: string }
  | { readonly do: "insert"; readonly at: number; readonly before: number | null; readonly value: string }
  | { readonly do: "remove"; readonly at: number };
const at = fc.nat({ max: 30 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("attribute" as const), at, key: fc.constantFrom("k", "z"), value: fc.option(text) }),
    fc.record({ do: fc.constant("text" as const), at, value: text }),
    fc.record({ do: fc.constant("insert" as const), at, before: fc.option(at), value: text }),
    fc.record({ do: fc.constant("remove" as const), at }),
  ),
  { maxLength: 12 },
);

test("any sequence of edits reads back as the tree that it made", () => {
  fc.assert(
    fc.property(tree, steps, (root, edits) => {
      const document = load(new TextEncoder().encode(renderXml(root)));
      for (const step of edits) apply(document, step);
      const again = load(document.serialize());
      assert.deepEqual(exact(again.root), exact(document.root));
    }),
  );
});

function apply(document: XmlDocument, step: Step): void {
  const elements = [...all(document.root)];
  const element = elements[step.at % elements.length] ?? document.root;
  if (step.do === "attribute") element.setAttribute("", step.key, step.value);
  else if (step.do === "text") element.text = step.value;
  else if (step.do === "remove") {
    if (element.parent !== null) element.remove();
  } else {
    const created = document.create("urn:p", "new");
    created.text = step.value;
    const children = [...element.elements()];
    const before = step.before === null ? undefined : children[step.before % Math.max(1, children.length)];
    element.insert(created, before);
  }
}

function exact(element: XmlElement): unknown {
  return [
    element.namespace,
    element.name,
    element.attributes.map((a) => [a.namespace, a.name, a.value]),
    element.text,
    [...element.elements()].map(exact),
  ];
}

test("damaged documents end in a tree or in an error with a code", { skip }, () => {
  const seeds = ["corpus/ovf/virtualbox__box-2.ovf", "corpus/ovf/cot__v0-9.ovf", "corpus/ovf/ovirt__vmovfdata.ovf"].map(
    bytesOf,
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat({ max: 255 })), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (seed, changes, cut) => {
        const bytes = seed.slice(0, cut < 0.7 ? seed.length : Math.floor(seed.length * cut));
        for (const [place, value] of changes) bytes[Math.floor(place * bytes.length)] = value;
        try {
          const document = load(bytes);
          for (const element of all(document.root))
            for (const a of element.attributes) a.value.length + element.text.length;
          assert.deepEqual(document.serialize(), bytes);
        } catch (error) {
          assert.ok(error instanceof FerryError && error.code.startsWith("xml/"), String(error));
        }
      },
    ),
    { numRuns: 150 },
  );
});
