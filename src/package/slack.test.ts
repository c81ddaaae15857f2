import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLimits } from "../base/limits.js";
import { encodeXml } from "../xml/encoding.js";
import { parseXml } from "../xml/parse.js";
import { filledUp, slackBytes, slackOf } from "./slack.js";

test("slack is white space in short lines, and ends in one", () => {
  for (const bytes of [0, 1, 2, 127, 128, 129, 8192]) {
    const text = new TextDecoder().decode(slackOf(bytes));
    assert.equal(text.length, bytes);
    assert.match(text, /^(?: *\n)*$/);
    assert.ok(text.split("\n").every((line) => line.length < 128));
  }
});

test("a descriptor that is filled up says the same in as many bytes as asked for, in each encoding", () => {
  for (const encoding of ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const) {
    const text = `<?xml version="1.0" encoding="${encoding.replace(/[lb]e$/, "")}"?><a>\u00fc</a>\n`;
    const bytes = encodeXml(text, encoding, encoding.startsWith("utf-16"));
    const unit = encoding === "utf-16le" || encoding === "utf-16be" ? encoding : "byte";
    const filled = filledUp(bytes, bytes.length + 400, unit) ?? assert.fail(encoding);
    assert.equal(filled.length, bytes.length + 400);
    assert.equal(slackBytes(bytes, unit), 0);
    assert.equal(slackBytes(filled, unit), 400, unit);
    assert.equal(parseXml(filled, "a.ovf", defaultLimits).root.text, "\u00fc");
    assert.equal(filledUp(bytes, bytes.length - 1, unit), null);
  }
});
