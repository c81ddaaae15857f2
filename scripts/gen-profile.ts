/** `node dist/scripts/gen-profile.js [--check]`, from the project root: writes docs/reference/profile.md and schemas/profile.schema.json, or says which is stale. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { profileFields } from "../src/operations/profile/fields.js";
import { profileSchema, renderProfilePage } from "./profile-render.js";

const files: readonly (readonly [string, string])[] = [
  ["docs/reference/profile.md", renderProfilePage(profileFields)],
  ["schemas/profile.schema.json", `${JSON.stringify(profileSchema(profileFields), null, 2)}\n`],
];
for (const [file, text] of files) {
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    console.error(`${file} is stale: run \`node dist/scripts/gen-profile.js\``);
    process.exitCode = 1;
  }
}
