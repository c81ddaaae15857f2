import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { commands } from "../cli/commands.js";
import { renderExplain } from "../report/explain-text.js";
import { plain } from "../report/palette.js";
import { findMessages } from "../rules/messages/message.js";
import { foreignMessages } from "../rules/messages/messages.js";
import { rules } from "../rules/rules.js";
import { allCodes, explain, explainCode } from "./explain.js";

/** Commands that the contract names; those that are not there yet are checked as soon as they are. */
const promised = new Set<string>();

test("every code of rules and tables is explained, with what, why and what to do", () => {
  for (const code of Object.keys(allCodes)) {
    const { codes, messages } = explain(code);
    assert.deepEqual(
      codes.map((entry) => entry.code),
      [code],
    );
    assert.deepEqual(messages, []);
    const text = renderExplain({ schema: "vmferry/explain@1", query: code, codes, messages }, plain);
    assert.ok(text.includes(code) && text.includes("what to do"));
  }
});

test("a rule's code has its severities, its section, and an example of wrong and right that differ", () => {
  for (const { code, severity, strict, spec, examples } of rules) {
    const found = explainCode(code);
    assert.deepEqual([found?.severity, found?.strict, found?.spec], [severity, strict, spec]);
    if (examples === null) assert.equal(found?.example, null);
    else assert.notEqual(found?.example?.invalid, found?.example?.valid, code);
  }
});

test("a finding that is no rule's has the requirements that it is about", () => {
  const found = explainCode("manifest/bad-digest");
  assert.deepEqual([found?.severity, found?.strict, found?.requirements], [null, "error", ["OVF-5.1-16"]]);
});

test("codes in lines that vmferry printed are found", () => {
  const { codes } = explain(
    "error[xml/undeclared-prefix]: vmw is not declared (a.ovf:1:2)\nwarning[manifest/absent]: x",
  );
  assert.deepEqual(
    codes.map(({ code }) => code),
    ["xml/undeclared-prefix", "manifest/absent"],
  );
});

test("a code that is misspelled is refused with those that are spelled alike", () => {
  for (const [word, meant] of [
    ["ovf/disk-capcity-missing", "ovf/disk-capacity-missing"],
    ["manfiest/weak-algorithm", "manifest/weak-algorithm"],
    ["weak-algorithm", "manifest/weak-algorithm"],
    ["ovf/digest-mismatch", "manifest/digest-mismatch"],
  ] as const) {
    assert.throws(
      () => explain(word),
      (error: { code: string; hint: string }) => {
        assert.equal(error.code, "explain/unknown-code");
        assert.ok(error.hint.startsWith(`Did you mean ${meant}`), error.hint);
        return true;
      },
    );
  }
  assert.throws(() => explain("zzzzzzzz/qqqqqqqq"), { code: "explain/unknown-code" });
});

test("text without a message that is known is refused", () => {
  for (const text of ["it does not work at all", "", "Segmentation fault (core dumped)"])
    assert.throws(() => explain(text), { code: /^explain\/unknown-(?:text|code)$/ });
});

describe("messages of other programs", () => {
  for (const message of foreignMessages) {
    test(`${message.program}: ${message.says}: its own example is found, and nothing else in it`, () => {
      assert.deepEqual(
        findMessages(message.example, foreignMessages).map((found) => found.message.pattern),
        [message.pattern],
      );
      const [explained] = explain(message.example).messages;
      assert.doesNotMatch(`${explained?.means} ${explained?.fix}`, /\{[a-z]+\}/i, "a value is missing");
      for (const code of message.codes) assert.ok(Object.hasOwn(allCodes, code), code);
      for (const thread of message.seen) assert.match(thread, /^[\w.-]+\/[\w.-]+#[0-9]+$/);
    });
  }
});

test("the commands that messages name exist, with the options that they show", async () => {
  for (const line of new Set(foreignMessages.flatMap((message) => message.commands))) {
    const entry = commands.find(({ name }) => line === name || line.startsWith(`${name} `));
    if (entry === undefined) {
      assert.ok(promised.has(line.split(" ")[0] ?? ""), line);
      continue;
    }
    const flags = Object.values((await entry.load()).options).map(({ flags: spelled }) => spelled.split(" ")[0]);
    for (const [flag] of line.matchAll(/--[a-z-]+/g)) assert.ok(flags.includes(flag), line);
  }
});

test("blanks, line breaks and typographic quotes of a log change nothing", () => {
  const { messages } = explain(
    "Error:\n - Line 30:  Unsupported hardware\n family ‘vmx-10’.\nResult Code: VBOX_E_FILE_ERROR",
  );
  assert.deepEqual(
    messages.map(({ program, says }) => [program, says]),
    [
      ["vmware", "Unsupported hardware family 'vmx-10'"],
      ["virtualbox", "VBOX_E_FILE_ERROR"],
    ],
  );
});

test("hostile text of a megabyte is looked through in under two seconds", () => {
  const pieces = [
    "unsupported element '",
    "vbox:Machine> element in OVF ",
    "ovf: ",
    "error parsing ",
    "hard disk item ",
    " ",
    "'",
  ];
  const started = performance.now();
  for (const piece of pieces) findMessages(piece.repeat(Math.ceil(1024 ** 2 / piece.length)), foreignMessages);
  assert.ok(performance.now() - started < 2000 * pieces.length);
});
