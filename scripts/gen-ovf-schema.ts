/**
 * `node dist/scripts/gen-ovf-schema.js FOLDER`, from the project root: writes src/ovf/schema/tables from a folder with the published
 * XML schemas of OVF, one folder for each version: `1.1.1/dsp8023_1.1.1.xsd` and what it imports, with local names. The schemas
 * themselves are not part of this project: what is taken over is which elements, attributes and types there are. Run
 * `npx biome check --write src/ovf/schema/tables` behind it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCHEMA_DOCUMENTS } from "./schema-documents.js";
import { type ReadSchema, readSchema } from "./schema-read.js";
import { renderModules, type TableModule } from "./schema-write.js";

const folder = process.argv[2];
if (folder === undefined) throw new Error("name the folder with the schemas");
for (const { table, about, modules } of SCHEMA_DOCUMENTS) {
  const read = new Map<string, ReadSchema>();
  const written: TableModule[] = modules.map(({ name, file, like }) => {
    const schema = readSchema(readFileSync(join(folder, file)), file);
    read.set(name, schema);
    return { name, file, schema, like: like === undefined ? null : { name: like, schema: read.get(like) ?? schema } };
  });
  writeFileSync(`src/ovf/schema/tables/${table}.ts`, renderModules(about, written));
}
