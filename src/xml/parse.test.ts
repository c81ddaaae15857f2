import assert from "node:assert/strict";
import { test } from "node:test";
import { FerryError } from "../base/errors.js";
import { defaultLimits, type Limits } from "../base/limits.js";
import { parseXml } from "./parse.js";
import type { XmlDocument } from "./tree.js";

const parse = (text: string, limits: Limits = defaultLimits): XmlDocument =>
  parseXml(new TextEncoder().encode(text), "test.xml", limits);

function refusal(input: string | Uint8Array, limits: Limits = defaultLimits): FerryError {
  try {
    parseXml(typeof input === "string" ? new TextEncoder().encode(input) : input, "test.xml", limits);
  } catch (error) {
    if (error instanceof FerryError) return error;
    throw error;
  }
  return assert.fail("the document was accepted");
}

function place(error: FerryError): string {
  const { location } = error;
  return location?.at === "text" ? `${location.line}:${location.column}` : JSON.stringify(location);
}

test("reads names, namespaces, attributes and text", () => {
  const { root } = parse(
    '<?xml version="1.0"?>\n<a:r xmlns:a="urn:a" xmlns="urn:d" a:x="1 &lt; 2" y=\'"\'>t&amp;<![CDATA[<&]]>&#x41;<b/></a:r>',
  );
  assert.equal(root.namespace, "urn:a");
  assert.equal(root.prefix, "a");
  assert.equal(root.name, "r");
  assert.equal(root.text, "t&<&A");
  assert.equal(root.attribute("urn:a", "x"), "1 < 2");
  assert.equal(root.attribute("", "y"), '"');
  assert.equal(root.attribute("urn:d", "y"), undefined, "the default namespace is not for attributes");
  assert.deepEqual(root.declarations, [
    { prefix: "a", namespace: "urn:a" },
    { prefix: "", namespace: "urn:d" },
  ]);
  const b = root.element("urn:d", "b");
  assert.equal(b?.parent?.id, root.id);
  assert.equal(b?.prefix, "");
});

test("sees the namespaces that are in scope at an element, not those of its siblings", () => {
  const { root } = parse(
    '<r xmlns="urn:1" xmlns:p="urn:p1"><a xmlns="urn:2" xmlns:p="urn:p2" p:k="v"><b/></a><a p:k="w"/></r>',
  );
  const [first, second] = [...root.elements()];
  assert.equal(first?.namespace, "urn:2");
  assert.equal(first?.element("urn:2", "b")?.name, "b");
  assert.equal(first?.attribute("urn:p2", "k"), "v");
  assert.equal(second?.namespace, "urn:1");
  assert.equal(second?.attribute("urn:p1", "k"), "w");
});

test("makes white space in attributes spaces and line ends in text LF", () => {
  const { root } = parse('<r a="1\r\n2\t3&#10;4">x\r\ny\rz<![CDATA[\r\n]]>&#13;</r>');
  assert.equal(root.attribute("", "a"), "1 2 3\n4");
  assert.equal(root.text, "x\ny\nz\n\r");
});

test("leaves comments and instructions out of text", () => {
  assert.equal(parse("<r>a<!-- <b> ]]> -->b<?pi <c> ?>c</r>").root.text, "abc");
});

test("gives lines and columns of elements and attributes for every kind of line end", () => {
  const { root } = parse('<r>\n <a/>\r\n  <b\r\n k="v"/>\r<c/></r>');
  const places = [...root.elements()].map((e) => `${e.name} ${e.line}:${e.column}`);
  assert.deepEqual(places, ["a 2:2", "b 3:3", "c 5:1"]);
  const [attribute] = root.element("", "b")?.attributes ?? [];
  assert.deepEqual(attribute?.location, { at: "text", file: "test.xml", line: 4, column: 2 });
});

test("names the place of what is not well-formed", () => {
  assert.deepEqual(
    [refusal("<a>\n  <b></c></a>")].map((e) => [e.code, place(e)]),
    [["xml/not-well-formed", "2:9"]],
  );
  for (const bad of [
    "<a b",
    "<a></a",
    "<a/><b/>",
    "<a b></a>",
    "<a>&</a>",
    "<a>]]></a>",
    "x<a/>",
    "<a b='<'/>",
    "<a>\u0001</a>",
    "<a><!-- -- --></a>",
  ]) {
    assert.equal(refusal(bad).code, "xml/not-well-formed", bad);
  }
});

test("a prefix that nothing declares is told once, and stands for a namespace of its own", () => {
  const { problems, root } = parse('<a>\n <q:b q:c="1"/><b p:d="2"/><q:b/></a>');
  assert.deepEqual(
    problems.map(({ code, message, location }) => [code, message, location?.at === "text" && location.line]),
    [
      ["xml/undeclared-prefix", "the prefix q is not declared", 2],
      ["xml/undeclared-prefix", "the prefix p is not declared", 2],
    ],
  );
  const [first, second] = [...root.elements()];
  assert.deepEqual([first?.namespace, first?.attribute("q", "c"), second?.attribute("p", "d")], ["q", "1", "2"]);
});

test("refuses duplicate attributes and unknown entities by code", () => {
  assert.equal(refusal('<a b="1" b="2"/>').code, "xml/duplicate-attribute");
  assert.equal(refusal('<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>').code, "xml/duplicate-attribute");
  assert.equal(refusal("<a>&eacute;</a>").code, "xml/undefined-entity");
});

test("refuses documents without an element", () => {
  assert.equal(refusal("").code, "xml/empty");
  assert.equal(refusal("<!-- only -->").code, "xml/empty");
});

test("refuses document types at once, so that no entity expands", () => {
  const laughs = `<?xml version="1.0"?>\n<!-- c -->\n<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>`;
  const error = refusal(laughs);
  assert.equal(error.code, "xml/doctype");
  assert.equal(place(error), "3:1");
  assert.equal(refusal('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>').code, "xml/doctype");
  assert.equal(refusal('<!DOCTYPE a [ <!ENTITY % p SYSTEM "http://x/"> %p; ').code, "xml/doctype");
});

test("keeps the limits for bytes, depth, attributes and elements", () => {
  const limits = { ...defaultLimits, descriptorBytes: 4096, xmlDepth: 3, xmlAttributes: 2, xmlElements: 4 };
  assert.equal(parse("<a><b><c x='1' y='2'/></b><d/></a>", limits).root.name, "a");
  for (const bad of [
    `<a>${"x".repeat(4096)}</a>`,
    "<a><b><c><d/></c></b></a>",
    "<a x='1' y='2' z='3'/>",
    "<a><b/><c/><d/><e/></a>",
  ]) {
    assert.equal(refusal(bad, limits).code, "xml/limit");
    assert.equal(refusal(bad, limits).kind, "limit-exceeded");
  }
});

test("reads an XML 1.1 declaration by the rules of 1.0", () => {
  assert.equal(parse('<?xml version="1.1"?><a>x</a>').root.text, "x");
});

test("takes a million elements without a million objects", () => {
  const items = 300_000;
  const text = `<r xmlns:o="urn:o">${'<o:i o:k="1"><v>2</v></o:i>'.repeat(items)}</r>`;
  const document = parse(text);
  let count = 0;
  for (const element of document.root.elements("urn:o", "i")) count += element.attribute("urn:o", "k") === "1" ? 1 : 0;
  assert.equal(count, items);
});
