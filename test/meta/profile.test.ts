import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { profileSchema, renderProfilePage } from "../../scripts/profile-render.js";
import { readText } from "../../scripts/tree.js";
import { type ProfileField, profileFields } from "../../src/operations/profile/fields.js";
import { parseProfile } from "../../src/operations/profile/profile.js";

const stale = "run `node dist/scripts/gen-profile.js`";

test("the page and the schema of profiles are those of the settings", () => {
  assert.equal(readText("docs/reference/profile.md"), renderProfilePage(profileFields), stale);
  assert.deepEqual(JSON.parse(readText("schemas/profile.schema.json") ?? "null"), profileSchema(profileFields), stale);
});

test("the example of every setting is understood where it may stand, and it says something", () => {
  const within = ({ where, key, example }: ProfileField): string => {
    if (where === "platform") return `targets: { libvirt: { ${key}: ${example} } }`;
    if (where === "package") return `targets: { ova: { ${key}: ${example} } }`;
    return `${key}: ${example}`;
  };
  const empty = parseProfile("", "x.yaml");
  for (const field of profileFields) {
    const text = within(field);
    assert.notDeepEqual(parseProfile(text, "x.yaml"), empty, text);
    assert.notEqual(parse(text), null);
  }
});
