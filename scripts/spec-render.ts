import type { RecordShape, Shape } from "../src/operations/build/shape.js";

/** The JSON Schema of a spec, for editors. */
export function specSchema(shape: RecordShape<unknown>): object {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "vmferry appliance",
    ...shape.schema(),
  };
}

/** Every kind of map in a spec, each once, the outer ones first. */
export function recordsIn(shape: Shape<unknown>): readonly RecordShape<unknown>[] {
  const found: RecordShape<unknown>[] = [];
  const queue: Shape<unknown>[] = [shape];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const record of next.records) {
      if (found.some(({ title }) => title === record.title)) continue;
      found.push(record);
      queue.push(...Object.values(record.settings).map((setting) => setting.shape));
    }
  }
  return found;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/** docs/reference/build.md. */
export function renderSpecPage(shape: RecordShape<unknown>): string {
  const lines = [
    "# The YAML of an appliance",
    "",
    "<!-- Generated from src/operations/build by `node dist/scripts/gen-spec.js`. Change the source, not this page. -->",
    "",
    "`vmferry build SPEC app.ova` makes a package of it, `vmferry init` writes one. [How](../how-to/build-an-appliance.md). What is not understood is refused with",
    "line, column and what was probably meant. Editors check it with `schemas/spec.schema.json`.",
    "",
    "- A setting may be left out unless it is **bold**. Where a map has a setting that may stand for all of it, its value alone is enough: `disk: root.qcow2` of a",
    "  drive is `root.qcow2`.",
    "- Sizes are bytes or have a binary unit: `512MiB`, `40GiB`. Files are named relative to the YAML file that names them; those outside of the spec's folder",
    "  need `--allow-external`.",
    "- A text for people is a text, or a map with `text` (or `file: NAME`) and what it is in other languages: `{ text: Host name, de: Rechnername }`. `msgid` gives",
    "  it the name under which `strings` and other programs know it.",
    "- `${NAME}` is a variable in any text; `$${NAME}` stands for `${NAME}` itself, which OVF uses for values of properties.",
  ];
  for (const record of recordsIn(shape)) {
    lines.push("", `## ${record.title}`, "", "| Setting | Value | What | Example |", "| --- | --- | --- | --- |");
    for (const [name, setting] of Object.entries(record.settings)) {
      const shown = setting.required === true ? `**\`${name}\`**` : `\`${name}\``;
      lines.push(`| ${shown} | ${cell(setting.shape.label)} | ${cell(setting.what)} | \`${cell(setting.example)}\` |`);
    }
  }
  return `${lines.join("\n")}\n`;
}
