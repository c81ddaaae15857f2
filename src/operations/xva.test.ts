import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FerryError } from "../base/errors.js";
import { memorySource } from "../io/sources/memory.js";
import { testContext } from "../io/testing/context.js";
import { ovaXml, type XvaMember, xvaBytes } from "../package/xva/testing/archive.js";
import { readXva, xvaDisk } from "./xva.js";

const chunk = new Uint8Array(1024).fill(1);
const CHUNKS: readonly XvaMember[] = [
  ["Ref:4/00000000", chunk],
  ["Ref:4/00000002", chunk],
];

async function noted(members: readonly XvaMember[]): Promise<readonly (readonly [number, ...string[]])[]> {
  const disks = await readXva(memorySource(xvaBytes(members), "vm.xva"), testContext());
  return disks.map(({ size, notes = [] }) => [size, ...notes.map(({ code }) => code)]);
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FerryError && error.code === code;
}

describe("a disk of an XVA", () => {
  it("is as large as the record of its name in ova.xml says: the last chunk may be padded", async () => {
    assert.deepEqual(await noted([ovaXml({ "Ref:9": 7, "Ref:4": 2560 }), ...CHUNKS]), [[2560]]);
    assert.deepEqual(await noted([ovaXml({ "Ref:4": 3072 }), ...CHUNKS]), [[3072]]);
    assert.deepEqual(await noted([ovaXml({ "Ref:4": "<string>2560</string>" }), ...CHUNKS]), [[2560]]);
  });

  it("is reported where chunks are missing at its end, or are too many", async () => {
    assert.deepEqual(await noted([ovaXml({ "Ref:4": 3073 }), ...CHUNKS]), [[3073, "xva/size-differs"]]);
    assert.deepEqual(await noted([ovaXml({ "Ref:4": 2048 }), ...CHUNKS]), [[2048, "xva/size-differs"]]);
  });

  it("ends with its chunks where nothing says how large it is", async () => {
    assert.deepEqual(await noted(CHUNKS), [[3072, "xva/no-size"]]);
    for (const size of ["-1", "1e9", "104857600000001", "99999999999999999"]) {
      assert.deepEqual(await noted([ovaXml({ "Ref:4": size }), ...CHUNKS]), [[3072, "xva/no-size"]], size);
    }
  });

  it("is found by its name, or by being the only one", async () => {
    const one = memorySource(xvaBytes([ovaXml({ "Ref:4": 3072 }), ...CHUNKS]), "vm.xva");
    const two = memorySource(xvaBytes([ovaXml({}), ...CHUNKS, ["Ref:5/00000000", chunk]]), "vm.xva");
    assert.equal((await xvaDisk(one, null, testContext())).name, "Ref:4");
    assert.equal((await xvaDisk(two, "Ref:5", testContext())).name, "Ref:5");
    await assert.rejects(xvaDisk(two, null, testContext()), (error) => {
      assert.ok(error instanceof FerryError);
      // The names are what the message is for.
      assert.match(error.message, /Ref:4 .*Ref:5 /);
      return error.code === "xva/which-disk";
    });
    await assert.rejects(xvaDisk(one, "Ref:5", testContext()), hasCode("xva/which-disk"));
    const none = memorySource(xvaBytes([ovaXml({})]), "vm.xva");
    await assert.rejects(xvaDisk(none, null, testContext()), hasCode("xva/which-disk"));
  });

  it("is not looked for behind an ova.xml that is too large or damaged", async () => {
    const source = memorySource(xvaBytes([ovaXml({}), ...CHUNKS]), "vm.xva");
    await assert.rejects(readXva(source, testContext({ limits: { descriptorBytes: 100 } })), hasCode("io/limit"));
    await assert.rejects(noted([["ova.xml", chunk], ...CHUNKS]), (error) => {
      return error instanceof FerryError && error.code.startsWith("xml/");
    });
  });
});
