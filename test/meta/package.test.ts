import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readText, readTree } from "../../scripts/tree.js";
import { version } from "../../src/base/version.js";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly type: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly bundleDependencies?: unknown;
}

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
}

function json<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8"));
}

const manifest = json<Manifest>("package.json");
const lock = json<{ readonly packages: Readonly<Record<string, Locked>> }>("package-lock.json");

/** What users install. Each has its reason, size and licence in the decision below; a new one needs them too. */
const runtime = ["asn1js", "aws4fetch", "commander", "fflate", "fzstd", "pkijs", "saxes", "yaml"];
const optional = ["koffi"];
/** What the build and the tests need. */
const development = ["@biomejs/biome", "@types/node", "esbuild", "fast-check", "typescript"];
const licences = ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD", "MIT OR Apache-2.0"];
const decision = "docs/decisions/0002-dependencies.md";

test("the dependencies are the chosen ones, each with its reason", () => {
  assert.deepEqual(Object.keys(manifest.dependencies).sort(), runtime);
  assert.deepEqual(Object.keys(manifest.optionalDependencies).sort(), optional);
  assert.deepEqual(Object.keys(manifest.devDependencies).sort(), development);
  const text = readText(decision) ?? "";
  for (const name of [...runtime, ...optional, ...development]) {
    assert.match(text, new RegExp(`^\\| \`${name}\` \\|`, "m"), `${name} has no row in ${decision}`);
  }
});

test("every dependency, down to the last, has a licence that fits MIT", () => {
  for (const [path, { license }] of Object.entries(lock.packages)) {
    if (path === "") continue;
    assert.ok(license !== undefined && licences.includes(license), `${path}: ${license}`);
  }
});

test("the lock file names no registry but the public one, and pins every package by its digest", () => {
  for (const [path, { resolved, integrity, dev, optional, os }] of Object.entries(lock.packages)) {
    if (path === "") continue;
    assert.ok(resolved === undefined || resolved.startsWith("https://registry.npmjs.org/"), `${path}: ${resolved}`);
    // npm knows no digest of a tool's binaries for other systems until it has seen them.
    const otherSystem = dev === true && optional === true && os !== undefined;
    if (integrity !== undefined || !otherSystem) assert.match(integrity ?? "", /^sha512-/, path);
  }
});

test("installing the package from the registry runs no script of ours", () => {
  for (const script of ["preinstall", "install", "postinstall"]) assert.equal(manifest.scripts[script], undefined);
  // `prepare` runs in a clone alone: it builds.
  assert.equal(manifest.scripts.prepare, "npm run build");
  for (const [name, script] of Object.entries(manifest.scripts)) assert.doesNotMatch(script, /curl|wget|https?:/, name);
});

test("name, licence, module format and version are what they are said to be", () => {
  assert.equal(manifest.name, "vmferry");
  assert.equal(manifest.license, "MIT");
  assert.match(readText("LICENSE") ?? "", /^MIT License/);
  assert.equal(manifest.type, "module");
  assert.equal(manifest.engines.node, ">=20.19");
  assert.equal(manifest.version, version);
  assert.equal(lock.packages[""]?.version, version);
  assert.match(readText("CHANGELOG.md") ?? "", new RegExp(`^## \\[?${version.replaceAll(".", "\\.")}`, "m"));
});

test("random tests go through the file that can seed them", () => {
  const door = "test/support/fast-check.ts";
  const direct = `from "${"fast-check"}"`;
  for (const [file, text] of [...readTree("src", ".ts"), ...readTree("test", ".ts")]) {
    if (file !== door) assert.ok(!text.includes(direct), `${file}: import { fc } from ${door}`);
  }
});
