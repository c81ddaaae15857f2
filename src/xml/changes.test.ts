import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLimits } from "../base/limits.js";
import { applyXmlEdits, type XmlEdit } from "./changes.js";
import { parseXml } from "./parse.js";
import type { XmlDocument, XmlElement } from "./tree.js";

const TEXT = "<r>\n  <a k='1'>x</a>\n  <b><c/></b>\n  <d/>\n</r>";
const open = (): XmlDocument => parseXml(new TextEncoder().encode(TEXT), "test.xml", defaultLimits);
const written = (document: XmlDocument): string => new TextDecoder().decode(document.serialize());

function child(document: XmlDocument, name: string): XmlElement {
  for (const element of document.root.elements("", name)) return element;
  return assert.fail(`no child ${name}`);
}

const edit = (element: XmlElement, change: XmlEdit["change"]): XmlEdit => ({ edit: "xml", element, change });

test("a prefix that an edit declares is there for the edits behind it", () => {
  const document = open();
  const a = child(document, "a");
  const conflicts = applyXmlEdits(document, [
    edit(a, { declare: "p", as: "urn:p" }),
    edit(a, { namespace: "urn:p", name: "k", value: "2" }),
    edit(a, { declare: "p", as: "urn:p" }),
  ]);
  assert.deepEqual(conflicts, []);
  assert.match(written(document), /<a k='1' xmlns:p="urn:p" p:k="2">/);
});

test("makes every kind of edit, removals last", () => {
  const document = open();
  const added = document.create("", "new");
  const conflicts = applyXmlEdits(document, [
    edit(child(document, "b"), "remove"),
    edit(child(document, "a"), { namespace: "", name: "k", value: "2" }),
    edit(child(document, "a"), { text: "y" }),
    edit(document.root, { insert: added, before: child(document, "d") }),
  ]);
  assert.deepEqual(conflicts, []);
  assert.equal(written(document), "<r>\n  <a k='2'>y</a>\n  <new/>\n  <d/>\n</r>");
});

test("reports edits that disagree, makes the first, and repeats nothing", () => {
  const document = open();
  const a = child(document, "a");
  const added = document.create("", "new");
  const conflicts = applyXmlEdits(document, [
    edit(a, { namespace: "", name: "k", value: "2" }),
    edit(child(document, "a"), { namespace: "", name: "k", value: "3" }),
    edit(a, { namespace: "", name: "k", value: "2" }),
    edit(a, { text: "y" }),
    edit(a, { text: "z" }),
    edit(document.root, { insert: added }),
    edit(document.root, { insert: added }),
  ]);
  assert.deepEqual(
    conflicts.map((conflict) => [conflict.code, conflict.location]),
    [
      ["xml/edit-conflict", a.location],
      ["xml/edit-conflict", a.location],
    ],
  );
  assert.equal(written(document), "<r>\n  <a k='2'>y</a>\n  <b><c/></b>\n  <d/>\n  <new/>\n</r>");
});

test("reports edits inside of what is removed and leaves them out", () => {
  const document = open();
  const b = child(document, "b");
  const [c] = b.elements();
  assert.ok(c !== undefined);
  const conflicts = applyXmlEdits(document, [
    edit(c, { text: "lost" }),
    edit(document.root, { insert: document.create("", "new"), before: b }),
    edit(b, "remove"),
    edit(b, "remove"),
  ]);
  assert.equal(conflicts.length, 2);
  assert.equal(written(document), "<r>\n  <a k='1'>x</a>\n  <d/>\n</r>");
});
