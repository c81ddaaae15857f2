/** `node dist/scripts/gen-api.js`, from the project root: writes test/meta/api.snapshot.txt, what users can import. */
import { readFileSync, writeFileSync } from "node:fs";
import { publicEntries, renderApi } from "./api-render.js";

const file = "test/meta/api.snapshot.txt";
const text = renderApi(publicEntries(JSON.parse(readFileSync("package.json", "utf8"))));
writeFileSync(file, text);
console.log(`wrote ${file}: ${text.split("\n").length} lines`);
