import type { PolicyField } from "../src/operations/policy/field.js";

const HEX = "^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$";
const SIZE = {
  type: ["integer", "string"],
  pattern: "^\\d{1,12}\\s*(?:[KMGTkmgt](?:iB)?|B)?$",
  description: "bytes, or a number with a binary unit: 40GiB",
};
const SEVERITY = { enum: ["error", "warning", "info", "off"] };

/** The JSON Schema of a policy, for editors. */
export function policySchema(fields: readonly PolicyField[]): object {
  const groups: Record<string, { type: "object"; additionalProperties: false; properties: Record<string, object> }> =
    {};
  for (const field of fields) {
    const [group = "", name = ""] = field.key.split(".");
    groups[group] ??= { type: "object", additionalProperties: false, properties: {} };
    groups[group].properties[name] = { description: field.what, ...shapeOf(field) };
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "vmferry policy",
    type: "object",
    additionalProperties: false,
    required: ["policy"],
    properties: {
      policy: { const: 1 },
      name: { type: "string", description: "What results call it." },
      ...groups,
      findings: { type: "object", additionalProperties: SEVERITY, description: "How bad findings are, by code." },
    },
  };
}

function shapeOf({ kind, choices }: PolicyField): object {
  const word = choices === undefined ? { type: "string" } : { enum: choices };
  const listOf = (item: object): object => ({ oneOf: [item, { type: "array", items: item }] });
  switch (kind) {
    case "count":
      return { type: "integer", minimum: 0 };
    case "size":
      return SIZE;
    case "choice":
      return word;
    case "words":
      return listOf(word);
    case "files":
      return listOf({ type: "string" });
    case "signers": {
      const print = { type: "string", pattern: HEX };
      const named = {
        type: "object",
        additionalProperties: false,
        required: ["sha256"],
        properties: { name: { type: "string" }, sha256: print },
      };
      return listOf({ oneOf: [print, named] });
    }
    case "severities":
      return { type: "object", additionalProperties: SEVERITY };
  }
}

const KINDS: Readonly<Record<PolicyField["kind"], string>> = {
  count: "a whole number",
  size: "a size",
  choice: "a word",
  words: "a list of words",
  files: "a list of files",
  signers: "a list of fingerprints",
  severities: "codes with severities",
};

/** docs/reference/policy.md. */
export function renderPolicyPage(fields: readonly PolicyField[]): string {
  const lines = [
    "# Policies",
    "",
    "<!-- Generated from src/operations/policy by `node dist/scripts/gen-policy.js`. Change the source, not this page. -->",
    "",
    "A policy says what a package has to be before it is used: `vmferry verify --policy FILE` judges, and `convert`, `pack` and `unpack` write nothing where",
    "it refuses. [How](../how-to/judge-packages-of-strangers.md). The first line is `policy: 1`; `name` is what results call it. All else may be left out, and",
    "what is not understood is refused with line and column. Editors check it with `schemas/policy.schema.json`.",
    "",
    "Sizes are bytes or have a binary unit (`512MiB`, `40GiB`). `findings` changes how bad findings are by their code: `findings: { signer/expired: warning }`.",
  ];
  let group = "";
  for (const field of fields) {
    const [own = "", name = ""] = field.key.split(".");
    if (own !== group) {
      group = own;
      lines.push("", `## ${own}`, "", "| Setting | Value | What | Example |", "| --- | --- | --- | --- |");
    }
    const words =
      field.choices === undefined
        ? KINDS[field.kind]
        : `${field.kind === "choice" ? "one" : "some"} of ${field.choices.map((word) => `\`${word}\``).join(", ")}`;
    const example = field.example.trim().replace(/^- /, "");
    lines.push(
      `| \`${name}\` | ${words} | ${field.what} | \`${field.kind === "signers" ? `[${example}]` : example}\` |`,
    );
  }
  return `${lines.join("\n")}\n`;
}
