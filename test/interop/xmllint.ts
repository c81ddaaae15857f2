import { join, resolve } from "node:path";
import type { SchemaVersion } from "../../src/ovf/schema/versions.js";
import { SCHEMA_FILES, SCHEMAS } from "../support/ovf-schemas.js";
import { peerPath } from "./peers.js";
import { attempt } from "./run.js";

/** What xmllint says of files: valid or not; a file that it cannot parse is missing. */
export async function verdictsOf(
  files: readonly string[],
  version: SchemaVersion,
): Promise<ReadonlyMap<string, boolean>> {
  const schema = join(SCHEMAS, SCHEMA_FILES[version]);
  const args = ["--nonet", "--noout", "--schema", schema, ...files];
  const env = { XML_CATALOG_FILES: resolve(SCHEMAS, "catalog.xml") };
  const { stderr } = await attempt(await peerPath("xmllint"), args, { env });
  const verdicts = new Map<string, boolean>();
  for (const line of stderr.split("\n")) {
    const match = /^(.*) (validates|fails to validate)$/.exec(line);
    if (match?.[1] !== undefined) verdicts.set(match[1], match[2] === "validates");
  }
  return verdicts;
}
