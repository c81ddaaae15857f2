import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mappedResolver, noResolver } from "./resolver.js";
import type { ByteSource, SourceRequest, SourceResolver } from "./source.js";
import { memorySource } from "./sources/memory.js";

const file = (label: string): ByteSource => memorySource(new Uint8Array(1), label);
const asking = (name: string | null, identity: string | null = null): SourceRequest => ({
  purpose: "parent",
  name,
  identity,
});
/** Finds every name in one folder. */
const folder = (label: string): SourceResolver => ({ open: async ({ name }) => file(`${label}/${name}`) });

async function labelOf(resolver: SourceResolver, request: SourceRequest, from: ByteSource): Promise<string | null> {
  return (await resolver.open(request, from))?.label ?? null;
}

describe("a resolver that is told where files are", () => {
  const mapped = { open: async () => file("there/base"), beside: folder("there") };
  const resolver = mappedResolver(
    new Map([
      ["/vms/base.qcow2", mapped],
      ["ABCD-12", mapped],
    ]),
    folder("here"),
  );
  const top = file("top");

  it("answers names and ids that it was told, and leaves all else to the other one", async () => {
    assert.equal(await labelOf(resolver, asking("/vms/base.qcow2"), top), "there/base");
    assert.equal(await labelOf(resolver, asking("x", "abcd-12"), top), "there/base");
    assert.equal(await labelOf(resolver, asking(null, "ABCD-12"), top), "there/base");
    assert.equal(await labelOf(resolver, asking("/VMS/base.qcow2"), top), "here//VMS/base.qcow2");
    assert.equal(await labelOf(mappedResolver(new Map(), noResolver), asking(null), top), null);
  });

  it("looks for what a mapped file names beside that file, and for what that names as well", async () => {
    const base = (await resolver.open(asking("/vms/base.qcow2"), top)) ?? assert.fail();
    const below = (await resolver.open(asking("below"), base)) ?? assert.fail();
    assert.equal(below.label, "there/below");
    assert.equal(await labelOf(resolver, asking("lowest"), below), "there/lowest");
    assert.equal(await labelOf(resolver, asking("below"), top), "here/below");
  });
});
