import assert from "node:assert/strict";
import { test } from "node:test";
import { memorySource } from "../io/sources/memory.js";
import { createContext, createNodeRuntime } from "../runtime/node/runtime.js";
import { validateInput } from "./validate.js";

const runtime = createNodeRuntime({ worker: new URL("../worker-node.js", import.meta.url), workers: 0 });
const ctx = createContext(runtime);
const NAMESPACE = "http://schemas.dmtf.org/ovf/environment/1";

async function judged(text: string): Promise<readonly string[]> {
  const source = memorySource(new TextEncoder().encode(text), "ovf-env.xml");
  const input = { kind: "file", source, name: "ovf-env.xml", folder: null } as const;
  const { file, xml } = await validateInput("ovf-env.xml", input, {}, ctx);
  assert.equal(file.verdict, file.diagnostics.some(({ severity }) => severity === "error") ? "reject" : "accept");
  for (const { location } of file.diagnostics) assert.ok(xml === null || location?.at === "text");
  return file.diagnostics.map(({ code, location }) => `${code} ${location?.at === "text" ? location.line : "-"}`);
}

const environment = (content: string, namespace = NAMESPACE): string =>
  `<?xml version="1.0"?>\n<Environment xmlns="${namespace}" xmlns:oe="${namespace}" oe:id="vm">\n${content}\n</Environment>`;

test("an OVF environment is judged as one, with its places", async () => {
  const property = '<Property oe:key="a" oe:value="1"/>';
  assert.deepEqual(await judged(environment(`<PropertySection>${property}</PropertySection>`)), []);
  assert.deepEqual(await judged(environment(`<PropertySection>\n${property}\n${property}\n</PropertySection>`)), [
    "ovf-env/repeated 5",
  ]);
  assert.deepEqual(await judged(environment("", "http://schemas.dmtf.org/ovf/environment/2")), ["ovf-env/namespace 2"]);
  assert.deepEqual(await judged(environment("<PropertySection><Property oe:key='a'/></PropertySection>")), [
    "ovf-env/structure 3",
  ]);
  assert.deepEqual(await judged(environment("<PlatformSection><Timezone>2000</Timezone></PlatformSection>")), [
    "ovf-env/bad-value 3",
  ]);
});

test("what only looks like an environment is no package, as before", async () => {
  assert.deepEqual(await judged("<Environment"), ["package/unknown-kind -"]);
  assert.deepEqual(await judged("<other><Environment/></other>"), ["package/unknown-kind -"]);
});
