import assert from "node:assert/strict";
import { test } from "node:test";
import { FerryError } from "../base/errors.js";
import { defaultLimits } from "../base/limits.js";
import { parseXml } from "./parse.js";
import type { XmlDocument, XmlElement } from "./tree.js";

const parse = (text: string): XmlDocument => parseXml(new TextEncoder().encode(text), "test.xml", defaultLimits);
const written = (document: XmlDocument): string => new TextDecoder().decode(document.serialize());
const withCode = (code: string) => (error: unknown) => error instanceof FerryError && error.code === code;
const child = (parent: XmlElement, name: string): XmlElement =>
  [...parent.elements(undefined, name)][0] ?? assert.fail(`no child ${name}`);

test("changes one attribute and nothing else", () => {
  const text = `<?xml version='1.0'?>\r\n<!-- c -->\n<r  xmlns:o = "urn:o"\n   o:a\t=\t'1'  b="2" >\r\n <x/></r>\n<?end?>\n`;
  const document = parse(text);
  document.root.setAttribute("urn:o", "a", `it's "9" & <`);
  assert.equal(document.root.attribute("urn:o", "a"), `it's "9" & <`);
  assert.equal(written(document), text.replace("'1'", "'it&apos;s &quot;9&quot; &amp; &lt;'"));
});

test("adds attributes behind the others and removes them with their white space", () => {
  const document = parse('<r xmlns:o="urn:o" a="1"  b="2" />');
  document.root.setAttribute("urn:o", "c", "3");
  document.root.setAttribute("", "a", null);
  assert.equal(written(document), '<r xmlns:o="urn:o"  b="2" o:c="3" />');
  document.root.setAttribute("urn:o", "c", null);
  document.root.setAttribute("", "nothing", null);
  assert.equal(written(document), '<r xmlns:o="urn:o"  b="2" />');
});

test("replaces text and keeps child elements and comments", () => {
  const document = parse("<r><a>old</a><b><!-- k -->x<![CDATA[y]]><c/>z</b><d/></r>");
  child(document.root, "a").text = "1 < 2 ]]>";
  child(document.root, "b").text = "new";
  child(document.root, "d").text = "filled";
  assert.equal(child(document.root, "b").text, "new");
  assert.equal(written(document), "<r><a>1 &lt; 2 ]]&gt;</a><b><!-- k -->new<c/></b><d>filled</d></r>");
  child(document.root, "a").text = "";
  assert.equal(written(document), "<r><a></a><b><!-- k -->new<c/></b><d>filled</d></r>");
});

test("inserts elements laid out like their neighbours", () => {
  const document = parse('<r xmlns="urn:d" xmlns:o="urn:o">\r\n  <a/>\r\n  <c/>\r\n</r>');
  const b = document.create("urn:d", "b");
  b.text = "x & y";
  b.setAttribute("urn:o", "id", "7");
  document.root.insert(b, child(document.root, "c"));
  document.root.insert(document.create("urn:o", "e"));
  assert.equal(
    written(document),
    '<r xmlns="urn:d" xmlns:o="urn:o">\r\n  <a/>\r\n  <b o:id="7">x &amp; y</b>\r\n  <c/>\r\n  <o:e/>\r\n</r>',
  );
  assert.deepEqual(
    [...document.root.elements()].map((e) => e.name),
    ["a", "b", "c", "e"],
  );
  child(document.root, "b").remove();
  child(document.root, "e").remove();
  assert.equal(written(document), '<r xmlns="urn:d" xmlns:o="urn:o">\r\n  <a/>\r\n  <c/>\r\n</r>');
});

test("puts a first child on a line of its own", () => {
  const document = parse("<r>\n  <empty/>\n  <open>\n  </open>\n</r>");
  child(document.root, "empty").insert(document.create("", "x"));
  child(document.root, "open").insert(document.create("", "y"));
  assert.equal(written(document), "<r>\n  <empty>\n    <x/>\n  </empty>\n  <open>\n    <y/>\n  </open>\n</r>");
});

test("moves a child within its parent and leaves its bytes alone", () => {
  const document = parse("<r>\n <a  k='1'/>\n <b/>\n <c/>\n</r>");
  document.root.insert(child(document.root, "a"), child(document.root, "c"));
  assert.equal(written(document), "<r>\n <b/>\n <a  k='1'/>\n <c/>\n</r>");
  document.root.insert(child(document.root, "b"));
  assert.equal(written(document), "<r>\n <a  k='1'/>\n <c/>\n <b/>\n</r>");
});

test("shows edits through every view", () => {
  const document = parse("<r><a k='1'/></r>");
  const one = child(document.root, "a");
  const two = child(document.root, "a");
  assert.equal(one.id, two.id);
  one.setAttribute("", "k", "2");
  assert.equal(two.attribute("", "k"), "2");
  assert.equal(two.markup, "<a k='2'/>");
  one.remove();
  assert.equal(two.parent, null);
  assert.deepEqual([...document.root.elements()], []);
});

test("needs a declared prefix for a namespace and takes the nearest", () => {
  const document = parse('<r xmlns:p="urn:1"><a xmlns:p="urn:2"/></r>');
  const a = child(document.root, "a");
  assert.throws(() => a.setAttribute("urn:1", "k", "v"), withCode("xml/undeclared-namespace"), "p means urn:2 here");
  assert.throws(() => a.insert(document.create("urn:3", "x")), withCode("xml/undeclared-namespace"));
  assert.equal(written(document), '<r xmlns:p="urn:1"><a xmlns:p="urn:2"/></r>', "nothing was inserted");
  a.declare("q", "urn:1");
  a.setAttribute("urn:1", "k", "v");
  assert.equal(written(document), '<r xmlns:p="urn:1"><a xmlns:p="urn:2" xmlns:q="urn:1" q:k="v"/></r>');
  assert.throws(() => document.root.declare("p", "urn:9"), withCode("xml/prefix-taken"));
  document.root.declare("p", "urn:1");
});

test("an element without a namespace cannot go below a default namespace", () => {
  const document = parse('<r xmlns="urn:d"><a/></r>');
  assert.throws(() => document.root.insert(document.create("", "x")), withCode("xml/undeclared-namespace"));
});

test("builds trees before they are inserted", () => {
  const document = parse('<r xmlns:o="urn:o"/>');
  const outer = document.create("urn:o", "outer");
  const inner = document.create("urn:n", "inner");
  inner.declare("n", "urn:n");
  inner.setAttribute("urn:n", "k", "v");
  outer.insert(inner);
  document.root.insert(outer);
  assert.equal(written(document), '<r xmlns:o="urn:o"><o:outer><n:inner xmlns:n="urn:n" n:k="v"/></o:outer></r>');
  assert.equal(
    parse(written(document)).root.element("urn:o", "outer")?.element("urn:n", "inner")?.attribute("urn:n", "k"),
    "v",
  );
});

test("refuses elements of other documents, other parents and circles", () => {
  const one = parse("<r><a><b/></a><c/></r>");
  const two = parse("<r><x/></r>");
  const a = child(one.root, "a");
  assert.throws(() => one.root.insert(child(two.root, "x")), withCode("xml/foreign-element"));
  assert.throws(() => child(one.root, "c").insert(child(a, "b")), withCode("xml/foreign-element"));
  assert.throws(() => one.root.insert(one.create("", "y"), child(a, "b")), withCode("xml/foreign-element"));
  assert.throws(() => one.root.remove(), withCode("xml/foreign-element"));
  const top = one.create("", "t");
  const sub = one.create("", "s");
  top.insert(sub);
  assert.throws(() => sub.insert(top), withCode("xml/foreign-element"));
  assert.equal(written(one), "<r><a><b/></a><c/></r>");
});

test("refuses names and characters that XML cannot hold", () => {
  const document = parse("<r/>");
  assert.throws(() => document.create("", "a b"), withCode("xml/bad-name"));
  assert.throws(() => document.root.setAttribute("", 'x="', "1"), withCode("xml/bad-name"));
  assert.throws(() => document.root.setAttribute("", "x", "\u0000"), withCode("xml/forbidden-character"));
  assert.throws(() => {
    document.root.text = "\ud800";
  }, withCode("xml/forbidden-character"));
  assert.equal(written(document), "<r/>");
});
