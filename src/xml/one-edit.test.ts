import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { FerryError } from "../base/errors.js";
import { defaultLimits } from "../base/limits.js";
import { decodeXml } from "./encoding.js";
import { parseXml } from "./parse.js";
import type { XmlDocument, XmlElement } from "./tree.js";

const SHARED = "../shared";
const skip = existsSync(SHARED) ? false : "../shared is absent";

/** Every document that is XML at all; roundtrip.test.ts names those that are not. */
function sources(): { readonly name: string; readonly bytes: Uint8Array }[] {
  const folders = ["corpus/ovf", "corpus/invalid", "corpus/env", "corpus/libvirt", "corpus/vbox"];
  folders.push("conformance/vmware/accept", "conformance/vmware/reject");
  return folders.flatMap((folder) =>
    readdirSync(join(SHARED, folder)).flatMap((file) => {
      if (!/\.(ovf|xml|vbox)$/.test(file)) return [];
      const bytes = new Uint8Array(readFileSync(join(SHARED, folder, file)));
      try {
        parseXml(bytes, file, defaultLimits);
        return [{ name: `${folder}/${file}`, bytes }];
      } catch (error) {
        if (error instanceof FerryError) return [];
        throw error;
      }
    }),
  );
}

function* all(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of element.elements()) yield* all(child);
}

const EDITS: Readonly<Record<string, (document: XmlDocument, element: XmlElement, value: string) => void>> = {
  "set an attribute": (_, element, value) => {
    const [first] = element.attributes;
    element.setAttribute(first?.namespace ?? "", first?.name ?? "added", value);
  },
  "add an attribute": (_, element, value) => element.setAttribute("", "vmferry-test", value),
  "remove an attribute": (_, element) => {
    const last = element.attributes.at(-1);
    if (last !== undefined) element.setAttribute(last.namespace, last.name, null);
  },
  "set the text": (_, element, value) => {
    if ([...element.elements()].length === 0) element.text = value;
  },
  "add a child": (document, element, value) => {
    const child = document.create(element.namespace, "added");
    child.text = value;
    element.insert(child);
  },
  "remove the element": (document, element) => {
    if (element.id !== document.root.id) element.remove();
  },
};

test("whatever is edited in a document of the corpus, no line but the element's own changes", { skip }, () => {
  const corpus = sources();
  assert.ok(corpus.length > 360, `${corpus.length} documents`);
  const value = fc.string({ maxLength: 12 }).map((text) => text.replace(/[^\x20-\x7e]/g, "x"));
  for (const { name, bytes } of corpus) {
    const { text, encoding } = decodeXml(bytes, name);
    const check = (at: number, kind: string, given: string): void => {
      const document = parseXml(bytes, name, defaultLimits);
      const elements = [...all(document.root)];
      const element = elements[Math.floor(at * elements.length)] ?? document.root;
      const { start, end } = place(text, element);
      EDITS[kind]?.(document, element, given);
      const after = decodeXml(document.serialize(), name);
      assert.equal(after.encoding, encoding, name);
      // White space before a removed element goes with it.
      assert.ok(after.text.length >= start + text.length - end, `${name}: what stands before and behind overlap`);
      const label = `${name}: ${kind} at line ${element.line}`;
      assert.ok(after.text.startsWith(text.slice(0, start)), `${label}: what stands before`);
      assert.ok(after.text.endsWith(text.slice(end)), `${label}: what stands behind`);
    };
    const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(fc.property(at, fc.constantFrom(...Object.keys(EDITS)), value, check), { numRuns: 8 });
  }
});

/** From the white space before an element to its end. */
function place(text: string, element: XmlElement): { readonly start: number; readonly end: number } {
  const lines = text.split(/(?<=\r\n|\n|\r(?!\n))/);
  let at = element.column - 1;
  for (let i = 0; i < element.line - 1; i++) at += lines[i]?.length ?? 0;
  let start = at;
  while (start > 0 && " \t\r\n".includes(text.charAt(start - 1))) start--;
  return { start, end: at + element.markup.length };
}
