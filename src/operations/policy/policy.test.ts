import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FerryError } from "../../base/errors.js";
import { parsePolicy, policyFields } from "./policy.js";

function refusal(text: string): string {
  try {
    parsePolicy(text, "policy.yaml");
  } catch (cause) {
    if (!(cause instanceof FerryError)) throw cause;
    const { location } = cause;
    const place = location?.at === "text" ? `${location.line}:${location.column}` : "nowhere";
    return `${cause.code} ${place} ${cause.hint ?? ""}`;
  }
  return assert.fail("it was read");
}

describe("a policy", () => {
  it("holds what it says, sizes in bytes", () => {
    const { name, values, findings } = parsePolicy(
      [
        "policy: 1",
        "name: strangers",
        "hardware: { cpus: 8, memory: 16GiB, firmware: efi }",
        "signature:",
        "  required: trusted",
        `  signers: [{ name: A, sha256: ${"AB:".repeat(31)}AB }, ${"0".repeat(64)}]`,
        "findings: { manifest/odd-spelling: off }",
      ].join("\n"),
      "policy.yaml",
    );
    assert.equal(name, "strangers");
    assert.deepEqual(Object.fromEntries(values), {
      "hardware.cpus": 8,
      "hardware.memory": 16 * 2 ** 30,
      "hardware.firmware": ["efi"],
      "signature.required": "trusted",
      "signature.signers": [
        { name: "A", fingerprint: "ab".repeat(32) },
        { name: null, fingerprint: "0".repeat(64) },
      ],
    });
    assert.deepEqual([...findings], [["manifest/odd-spelling", "off"]]);
  });

  for (const [what, text, expected] of [
    ["no version", "hardware: { cpus: 1 }", "config/bad-value 1:1 Its first line is `policy: 1`."],
    ["nothing", "", "config/bad-value 1:1 Its first line is `policy: 1`."],
    ["another version", "policy: 2", "config/bad-value 1:9 It is one of: 1."],
    ["an unknown group", "policy: 1\nhardwear: {}", "config/unknown-key 2:1 Did you mean hardware?"],
    ["an unknown setting", "policy: 1\nhardware:\n  cpu: 2", "config/unknown-key 3:3 Did you mean cpus?"],
    ["a size that is none", "policy: 1\ndisks: { total: big }", "config/bad-value 2:17 As in `disks: total: 4TiB`."],
    ["a number that is none", "policy: 1\nhardware: { cpus: -1 }", "config/bad-value 2:19 As in `hardware: cpus: 16`."],
    [
      "a word that is none",
      "policy: 1\nproperties: { hidden: no }",
      "config/bad-value 2:23 It is one of: forbidden, allowed.",
    ],
    [
      "a signer that is none",
      "policy: 1\nsignature: { signers: [abc] }",
      "config/bad-value 2:24 It has 64 hexadecimal digits, colons between them or not.",
    ],
    [
      "a code that is none",
      "policy: 1\nfindings: { manifest/absnt: error }",
      "config/unknown-code 2:13 Did you mean manifest/absent, signature/absent?",
    ],
    ["no YAML", "policy: [", "config/bad-yaml 1:10 It is a YAML file such as `policy: 1`."],
  ] as const) {
    it(`with ${what} is refused with its place`, () => {
      assert.equal(refusal(text), expected);
    });
  }

  it("can be written as the examples of its settings say", () => {
    const groups = new Map<string, string[]>();
    for (const { key, example } of policyFields) {
      const [group = "", name = ""] = key.split(".");
      groups.set(group, [...(groups.get(group) ?? []), `  ${name}: ${example}`]);
    }
    const text = ["policy: 1", ...[...groups].flatMap(([group, lines]) => [`${group}:`, ...lines])].join("\n");
    assert.equal(parsePolicy(text, "policy.yaml").values.size, policyFields.length);
  });
});
