import { DISK_BUSES } from "../src/appliance/wished-disks.js";
import { DISK_KEYS, type ProfileField } from "../src/operations/profile/fields.js";
import { FIRMWARE, OVF_VERSIONS, targetWords } from "../src/operations/profile/profile.js";
import { flavours } from "../src/platforms/ovf/flavours.js";

const TEXT = { type: ["string", "number"] };
const FLAVOURS = flavours.map(({ id }) => id);

function objectOf(fields: readonly ProfileField[], all: readonly ProfileField[]): object {
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(
      fields.map((field) => [field.key, { description: field.what, ...shapeOf(field, all) }]),
    ),
  };
}

function shapeOf({ kind }: ProfileField, all: readonly ProfileField[]): object {
  switch (kind) {
    case "text":
    case "guest":
      return TEXT;
    case "count":
      return { type: "integer", minimum: 1, maximum: 4096 };
    case "size":
      return { type: ["integer", "string"], pattern: "^\\d{1,12}\\s*(?:[KMGTkmgt](?:iB)?|B)?$" };
    case "firmware":
      return { enum: FIRMWARE };
    case "mac":
      return { enum: ["keep", "new"] };
    case "bus":
      return { enum: DISK_BUSES };
    case "nics":
      return {
        oneOf: [
          { type: "string" },
          {
            type: "object",
            propertyNames: { pattern: "^(?:\\*|\\d{1,3})$" },
            additionalProperties: { type: "string" },
          },
        ],
      };
    case "words":
      return { oneOf: [TEXT, { type: "array", items: TEXT }] };
    case "names":
    case "options":
      return { type: "object", additionalProperties: TEXT };
    case "disks": {
      const properties = DISK_KEYS.map((key) => [key, key === "bus" ? { enum: DISK_BUSES } : TEXT]);
      return {
        type: "object",
        additionalProperties: {
          type: "object",
          additionalProperties: false,
          properties: Object.fromEntries(properties),
        },
      };
    }
    case "machines":
      return {
        type: "object",
        additionalProperties: objectOf(
          all.filter(({ where }) => where === "machine"),
          all,
        ),
      };
    case "flavour":
      return { enum: FLAVOURS };
    case "version":
      return { enum: OVF_VERSIONS };
    case "targets":
      return {
        type: "object",
        propertyNames: { enum: targetWords },
        additionalProperties: objectOf(sectionOf(all), all),
      };
  }
}

function sectionOf(fields: readonly ProfileField[]): readonly ProfileField[] {
  return fields.filter(({ where }) => where !== "top");
}

/** The JSON Schema of a profile, for editors. */
export function profileSchema(fields: readonly ProfileField[]): object {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "vmferry profile",
    ...objectOf(
      fields.filter(({ where }) => where !== "platform" && where !== "package"),
      fields,
    ),
  };
}

const KINDS: Readonly<Record<ProfileField["kind"], string>> = {
  text: "a word",
  guest: "a word",
  count: "a whole number from 1 on",
  size: "bytes, or a number with a binary unit",
  firmware: words(FIRMWARE),
  mac: words(["keep", "new"]),
  bus: words(DISK_BUSES),
  nics: "a word, or words by number",
  words: "a list of words",
  names: "words by name",
  options: "words by name",
  disks: "disks by id or file name",
  machines: "machines by id or name",
  flavour: words(FLAVOURS),
  version: words(OVF_VERSIONS),
  targets: "sections by target",
};

function words(choices: readonly string[]): string {
  return `one of ${choices.map((word) => `\`${word}\``).join(", ")}`;
}

/** docs/reference/profile.md. */
export function renderProfilePage(fields: readonly ProfileField[]): string {
  const table = (title: string, text: string, where: readonly ProfileField["where"][]): readonly string[] => [
    "",
    `## ${title}`,
    "",
    text,
    "",
    "| Setting | Value | What | Example |",
    "| --- | --- | --- | --- |",
    ...fields
      .filter((field) => where.includes(field.where))
      .map(({ key, kind, what, example }) => `| \`${key}\` | ${KINDS[kind]} | ${what} | \`${example}\` |`),
  ];
  return `${[
    "# Profiles",
    "",
    "<!-- Generated from src/operations/profile by `node dist/scripts/gen-profile.js`. Change the source, not this page. -->",
    "",
    "A profile says in a YAML file what many conversions want: `vmferry convert` and `vmferry adapt` take it with `--profile FILE`. What the command line says",
    "counts before it; what is said there of all (`--bus sata`) counts before what the profile says of one. Machines, disks and networks that a source does not",
    "have mean nothing to it, and the plan names them (`fit/profile-unused`). What is not understood is refused with line and column. Editors check it with",
    "`schemas/profile.schema.json`. [How](../how-to/move-machines-between-platforms.md#many-machines-one-profile).",
    ...table(
      "For all machines, or one",
      "At the top, in a section of `targets`, and for one machine below `machines`.",
      ["machine"],
    ),
    ...table("For the whole conversion", "At the top, and in a section of `targets`.", ["all"]),
    ...table("At the top alone", "What is said of one machine counts before what is said of all.", ["top"]),
    ...table(
      "For one target",
      "In a section of `targets`. A version (`vsphere-8`) counts before its platform (`vmware`), a consumer (`ova:virtualbox`) before the package (`ova`), both before the top.",
      ["platform", "package"],
    ),
  ].join("\n")}\n`;
}
