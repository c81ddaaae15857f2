import assert from "node:assert/strict";
import { test } from "node:test";
import type { SchemaModule } from "./notation.js";
import { SCHEMA_MODULES, schemaOf } from "./versions.js";

function namesOf(module: SchemaModule, kind: "elements" | "types" | "attributes" | "simpleTypes"): string[] {
  const prefix = { elements: "element", types: "type", attributes: "attribute", simpleTypes: "simple-type" }[kind];
  const inherited = module.like === undefined ? [] : namesOf(module.like, kind);
  const gone = new Set(module.without ?? []);
  return [...inherited, ...Object.keys(module[kind] ?? {})].filter((name) => !gone.has(`${prefix} ${name}`));
}

test("every element, attribute and type of every version can be put together", () => {
  let types = 0;
  for (const version of ["1.0.0", "1.1.0", "1.1.1", "2.0.1", "environment-1.1.0"] as const) {
    const schema = schemaOf(version);
    for (const module of SCHEMA_MODULES[version]) {
      const { namespace } = module;
      for (const name of namesOf(module, "elements")) assert.ok(schema.element(namespace, name)?.type, name);
      for (const name of namesOf(module, "attributes")) assert.ok(schema.attribute(namespace, name), name);
      for (const name of [...namesOf(module, "types"), ...namesOf(module, "simpleTypes")]) {
        const type = schema.type(namespace, name);
        assert.ok(type !== undefined, name);
        if (type.kind === "complex" && type.content !== null) assert.ok(type.content.start.expected.length > 0, name);
        types++;
      }
    }
  }
  assert.ok(types > 300);
});

test("no model is ambiguous: in every state a name leads to one place", () => {
  for (const [version, modules] of Object.entries(SCHEMA_MODULES)) {
    const schema = schemaOf(version as keyof typeof SCHEMA_MODULES);
    for (const module of modules) {
      for (const name of namesOf(module, "types")) {
        const type = schema.type(module.namespace, name);
        if (type?.kind !== "complex" || type.content === null) continue;
        const seen = new Set<object>();
        const open = [type.content.start];
        for (let state = open.pop(); state !== undefined; state = open.pop()) {
          if (seen.has(state)) continue;
          seen.add(state);
          const names = state.expected.flatMap((term) => (term.kind === "elements" ? term.elements : []));
          const labels = names.map((element) => `${element.namespace} ${element.name}`);
          assert.equal(new Set(labels).size, labels.length, `${version} ${name}`);
          for (const element of names) {
            const step = type.content.step(state, element.namespace, element.name);
            assert.ok(step !== null);
            open.push(type.content.after(step));
          }
        }
      }
    }
  }
});
