/** The published schemas and other people's descriptors, which lie beside the project where its developers have them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultLimits } from "../../src/base/limits.js";
import { checkStructure } from "../../src/ovf/schema/check.js";
import type { StructureFinding } from "../../src/ovf/schema/findings.js";
import type { SchemaVersion } from "../../src/ovf/schema/versions.js";
import { parseXml } from "../../src/xml/parse.js";
import type { XmlDocument } from "../../src/xml/tree.js";

/** The folder with one folder for each version's schemas, and a catalog. */
export const SCHEMAS = "../shared/schemas";
const CORPUS = "../shared/corpus";
const CONFORMANCE = "../shared/conformance/vmware";

/** `false` where schemas and descriptors are there, else why tests that need them are skipped. */
export const lackingSchemas: string | false =
  [SCHEMAS, CORPUS, CONFORMANCE]
    .map((folder) => (existsSync(folder) ? false : `${folder} is not there`))
    .find((lack) => lack !== false) ?? false;

/** The schema of the root element for each version. */
export const SCHEMA_FILES: Readonly<Record<SchemaVersion, string>> = {
  "1.0.0": "1.0.0/dsp8023_1.0.0.xsd",
  "1.1.0": "1.1.0/dsp8023_1.1.0.xsd",
  "1.1.1": "1.1.1/dsp8023_1.1.1.xsd",
  "2.0.1": "2.0.1/dsp8023_2.0.1.xsd",
  "environment-1.1.0": "1.1.0/dsp8027_1.1.0.xsd",
};

/** Every descriptor and environment, as paths. */
export function descriptorFiles(): readonly string[] {
  const folders = [
    ...["ovf", "invalid", "env"].map((name) => join(CORPUS, name)),
    ...["accept", "reject"].map((name) => join(CONFORMANCE, name)),
  ];
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.(?:ovf|xml|vmxml|txt)$/.test(name))
      .map((name) => join(folder, name)),
  );
}

/** What the index of the corpus says of each file that was held to a schema. */
export function recordedVerdicts(): readonly {
  readonly file: string;
  readonly version: SchemaVersion;
  readonly problem: string | null;
}[] {
  const lines = readFileSync(join(CORPUS, "INDEX.tsv"), "utf8").trimEnd().split("\n").slice(1);
  return lines.flatMap((line) => {
    const cells = line.split("\t");
    const verdict = /(in)?valid against (DSP8027 )?([\d.]+)(?:: (.*))?$/.exec(cells[8] ?? "");
    if (verdict === null) return [];
    const version = (verdict[2] === undefined ? verdict[3] : `environment-${verdict[3]}`) as SchemaVersion;
    return [
      { file: join(CORPUS, cells[0] ?? ""), version, problem: verdict[1] === undefined ? null : (verdict[4] ?? "") },
    ];
  });
}

/** A file as a tree. */
export function openXml(file: string): XmlDocument {
  return parseXml(readFileSync(file), file, defaultLimits);
}

/** What a file's structure falls short of. */
export function structureOf(file: string, version: SchemaVersion): readonly StructureFinding[] {
  return [...checkStructure(openXml(file), version)];
}
