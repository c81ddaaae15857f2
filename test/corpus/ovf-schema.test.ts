/** Structure of descriptors and environments of other people, held to the verdicts that xmllint gave when they were collected. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SCHEMA_DOCUMENTS } from "../../scripts/schema-documents.js";
import { type ReadSchema, readSchema } from "../../scripts/schema-read.js";
import { FerryError } from "../../src/base/errors.js";
import { checkStructure } from "../../src/ovf/schema/check.js";
import type { StructureKind } from "../../src/ovf/schema/findings.js";
import type { SchemaModule } from "../../src/ovf/schema/notation.js";
import { type SchemaVersion, schemaVersionOf } from "../../src/ovf/schema/versions.js";
import {
  descriptorFiles,
  openXml,
  recordedVerdicts,
  SCHEMAS,
  lackingSchemas as skip,
  structureOf,
} from "../support/ovf-schemas.js";

/** What xmllint says, and what we call it. Of an element that does not come where it should it cannot tell why. */
const WORDS: readonly (readonly [said: RegExp, kinds: readonly StructureKind[]])[] = [
  [/This element is not expected/, ["element-unexpected", "element-order", "element-missing"]],
  [/Missing child element/, ["element-missing", "element-order"]],
  [/is required but missing/, ["attribute-missing"]],
  [/is not a valid value/, ["value-invalid"]],
  // Long ones are cut in the index.
  [/attribute '\{[^}]*XMLSchema-instance\}type'/, ["unknown-type"]],
  [/attribute '[^']*': '/, ["value-invalid"]],
  [/No matching global declaration/, ["element-unexpected"]],
];

test("the verdict on every file of the corpus is the one that is recorded, for the reason that is recorded", {
  skip,
}, () => {
  const verdicts = recordedVerdicts();
  let valid = 0;
  for (const { file, version, problem } of verdicts) {
    const found = structureOf(file, version);
    const kinds = new Set(found.map(({ kind }) => kind));
    if (problem === null) {
      assert.deepEqual([...kinds], [], file);
      valid++;
      continue;
    }
    const [, expected = []] = WORDS.find(([said]) => said.test(problem)) ?? [];
    assert.ok(
      expected.some((kind) => kinds.has(kind)),
      `${file}: ${problem}, but ${[...kinds].join(" ") || "nothing"} was found`,
    );
  }
  assert.ok(valid > 80 && verdicts.length - valid > 80, `${valid} of ${verdicts.length} are valid`);
});

test("every finding in every file has a message, a hint, and a place in the file", { skip }, () => {
  let findings = 0;
  for (const file of descriptorFiles()) {
    for (const version of ["1.1.1", "2.0.1"] as const) {
      const found = tryStructure(file, version);
      for (const { message, hint, element, subject } of found) {
        assert.ok(message !== "" && hint !== "" && subject !== "" && element.line > 0, file);
        assert.doesNotMatch(`${message} ${hint}`, /undefined|null|NaN|\n/, file);
        findings++;
      }
    }
  }
  assert.ok(findings > 1000);
});

function tryStructure(file: string, version: SchemaVersion): readonly ReturnType<typeof structureOf>[number][] {
  try {
    return structureOf(file, version);
  } catch (error) {
    // Some are not well-formed, and meant to be so.
    if (error instanceof FerryError && error.code.startsWith("xml/")) return [];
    throw error;
  }
}

test("documents of the standard's namespaces are held to the newest schema of theirs", { skip }, () => {
  const versions = new Map<SchemaVersion | null, number>();
  for (const { file, version } of recordedVerdicts()) {
    const own = schemaVersionOf(openXml(file).root);
    if (own !== null) assert.equal(own, version, file);
    versions.set(own, (versions.get(own) ?? 0) + 1);
  }
  assert.ok(["1.1.1", "2.0.1", "environment-1.1.0"].every((version) => versions.has(version as SchemaVersion)));
});

test("the tables say what the published schemas say", { skip }, async () => {
  let schemas = 0;
  for (const { table, modules } of SCHEMA_DOCUMENTS) {
    const tables = (await import(`../../src/ovf/schema/tables/${table}.js`)) as Readonly<Record<string, SchemaModule>>;
    for (const { name, file } of modules) {
      const written = tables[name];
      assert.ok(written !== undefined, name);
      assert.deepEqual(whole(written), readSchema(readFileSync(join(SCHEMAS, file)), file), name);
      schemas++;
    }
  }
  assert.equal(schemas, 22);
});

/** A module with what it repeats of another. */
function whole(module: SchemaModule): ReadSchema {
  const like = module.like === undefined ? null : whole(module.like);
  const merge = <T>(
    kind: string,
    above: Readonly<Record<string, T>> = {},
    own: Readonly<Record<string, T>> = {},
  ): Record<string, T> => {
    const gone = new Set(module.without ?? []);
    return Object.fromEntries(Object.entries({ ...above, ...own }).filter(([name]) => !gone.has(`${kind} ${name}`)));
  };
  return {
    prefix: module.prefix,
    namespace: module.namespace,
    elements: merge("element", like?.elements, module.elements),
    attributes: merge("attribute", like?.attributes, module.attributes),
    types: merge("type", like?.types, module.types),
    simpleTypes: merge("simple-type", like?.simpleTypes, module.simpleTypes),
  };
}

test("bytes stay as they are while structure is looked at", { skip }, () => {
  const [file = ""] = descriptorFiles();
  const document = openXml(file);
  const version = schemaVersionOf(document.root) ?? "1.1.1";
  const count = [...checkStructure(document, version)].length;
  assert.equal([...checkStructure(document, version)].length, count);
  assert.deepEqual(Buffer.from(document.serialize()), readFileSync(file));
});
