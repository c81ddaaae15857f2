import assert from "node:assert/strict";
import { test } from "node:test";
import { FerryError } from "../base/errors.js";
import { comment, el, renderXml } from "./build.js";

const withCode = (code: string) => (error: unknown) => error instanceof FerryError && error.code === code;

test("renders nested elements indented and text as it is", () => {
  const text = renderXml(
    el(
      "domain",
      { type: "kvm", id: 7, quiet: null },
      el("name", {}, "a & b"),
      comment(" disks "),
      el("devices", {}, el("disk", { boot: true })),
    ),
  );
  assert.equal(
    text,
    `<?xml version="1.0" encoding="UTF-8"?>
<domain type="kvm" id="7">
  <name>a &amp; b</name>
  <!-- disks -->
  <devices>
    <disk boot="true"/>
  </devices>
</domain>
`,
  );
});

test("escapes what would end an attribute, a tag or a line", () => {
  assert.equal(
    renderXml(el("a", { b: `"<>&'\t\n\r` }, "<>&\r]]>")),
    `<?xml version="1.0" encoding="UTF-8"?>\n<a b="&quot;&lt;&gt;&amp;'&#x9;&#xA;&#xD;">&lt;&gt;&amp;&#xD;]]&gt;</a>\n`,
  );
});

test("leaves out null children and writes numbers", () => {
  assert.equal(
    renderXml(el("vcpu", { placement: undefined }, null, 4)),
    `<?xml version="1.0" encoding="UTF-8"?>\n<vcpu>4</vcpu>\n`,
  );
});

test("refuses characters that XML cannot hold", () => {
  for (const bad of ["a\u0000", "\u001b[31m", "\ud800", "\udc00x", "\ufffe"]) {
    assert.throws(() => renderXml(el("a", {}, bad)), withCode("xml/forbidden-character"));
    assert.throws(() => renderXml(el("a", { b: bad })), withCode("xml/forbidden-character"));
  }
  assert.match(renderXml(el("a", {}, "\u{1f680}é")), /🚀é/u);
});

test("refuses names and comments that would break out of their place", () => {
  for (const bad of ["", "a b", "1a", "a>", "a:b:c", ":a", 'a="']) {
    assert.throws(() => el(bad), withCode("xml/bad-name"));
    assert.throws(() => el("a", { [bad]: "x" }), withCode("xml/bad-name"));
  }
  assert.throws(() => comment("a -- b"), withCode("xml/bad-comment"));
  assert.throws(() => comment("a-"), withCode("xml/bad-comment"));
});
