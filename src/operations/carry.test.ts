import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { hasCode } from "../../test/support/errors.js";
import { descriptorOf, type PackageFiles, packageOf } from "../../test/support/packages.js";
import { Workshop } from "../../test/support/workshop.js";
import { FerryError } from "../base/errors.js";
import type { Context } from "../io/context.js";
import type { FileSet } from "../io/file-set.js";
import type { ByteSource } from "../io/source.js";
import { memorySource } from "../io/sources/memory.js";
import { testContext } from "../io/testing/context.js";
import { memoryFileSet } from "../io/testing/memory-set.js";
import type { PackageEntry } from "../package/model.js";
import { openPath } from "../runtime/node/input.js";
import { createContext } from "../runtime/node/runtime.js";
import { besideIntegrity, type CarryOutcome, carryEntry, checkRoom, storedFiles } from "./carry.js";
import { openPackage } from "./open.js";

const shop = new Workshop();
after(() => shop.close());

const data = new Uint8Array(100_000).map((_, i) => i % 199);
const sound = packageOf(descriptorOf([{ href: "data", use: "none" }]), { data });

function altered(): PackageFiles {
  const changed = data.slice();
  changed[99_999] = 0;
  return { ...sound, data: changed };
}

async function beside(
  files: PackageFiles,
  work: (ctx: Context) => Promise<void>,
  integrity?: boolean,
): Promise<CarryOutcome> {
  const input = await openPath(shop.archive(files), shop.runtime.native);
  const ctx = createContext(shop.runtime, {});
  try {
    const { reader } = await openPackage(input, {}, ctx);
    return await besideIntegrity(reader, integrity === undefined ? {} : { integrity }, ctx, work);
  } finally {
    await input.close();
  }
}

const fail = (code: "io/no-space" | "vmdk/bad-grain") => async (): Promise<void> => {
  throw new FerryError(code, "the work failed");
};

describe("work beside the manifest's check", () => {
  it("comes to the check's verdict", async () => {
    assert.deepEqual(await beside(sound, async () => {}), { integrity: "intact", findings: [] });
    assert.deepEqual(await beside(altered(), async () => {}, false), { integrity: "unchecked", findings: [] });
  });

  it("fails with the manifest's word where a file is altered, though the work went well", async () => {
    await assert.rejects(
      beside(altered(), async () => {}),
      hasCode("package/not-intact"),
    );
  });

  it("is told as altered where the work met damage and a digest explains it", async () => {
    await assert.rejects(beside(altered(), fail("vmdk/bad-grain")), hasCode("package/not-intact"));
  });

  it("fails with its own reason where the package is intact, damaged or not", async () => {
    await assert.rejects(beside(sound, fail("vmdk/bad-grain")), hasCode("vmdk/bad-grain"));
    await assert.rejects(beside(sound, fail("io/no-space")), hasCode("io/no-space"));
  });

  it("is stopped by a failing check", async () => {
    let stopped = false;
    const patient = (ctx: Context): Promise<void> =>
      new Promise((_, reject) => {
        ctx.signal.addEventListener("abort", () => {
          stopped = true;
          reject(new FerryError("run/canceled", "stopped"));
        });
      });
    await assert.rejects(beside(altered(), patient), hasCode("package/not-intact"));
    assert.ok(stopped);
  });
});

describe("an entry that is carried", () => {
  const entry = (source: ByteSource): PackageEntry =>
    ({ name: "data", size: source.size, open: async () => source }) as unknown as PackageEntry;

  it("keeps its bytes, and its holes where the source knows them", async () => {
    const bytes = new Uint8Array(300_000);
    bytes.fill(5, 100_000, 100_010);
    bytes.fill(6, 299_990);
    const written: string[] = [];
    const set = memoryFileSet();
    const watched: FileSet = {
      ...set,
      create: async (name, size) => {
        const target = await set.create(name, size);
        return {
          ...target,
          write: async (chunk) => {
            written.push(`write ${chunk.length}`);
            await target.write(chunk);
          },
          zeros: async (length) => {
            written.push(`zeros ${length}`);
            await target.zeros(length);
          },
        };
      },
    };
    const source: ByteSource = {
      ...memorySource(bytes, "data"),
      async *dataRuns() {
        yield { offset: 100_000, length: 10 };
        yield { offset: 299_990, length: 10 };
      },
    };
    await carryEntry(entry(source), watched, testContext(), "other");
    assert.deepEqual(written, ["zeros 100000", "write 10", "zeros 199980", "write 10"]);
    const got = await set.source("other").read(0, 300_000);
    assert.ok(Buffer.from(got).equals(bytes));
  });

  it("is closed, and no target is, where the source changed meanwhile", async () => {
    const ended: string[] = [];
    const source: ByteSource = {
      ...memorySource(data, "data"),
      checkUnchanged: async () => {
        throw new FerryError("io/changed", "data has changed");
      },
      close: async () => void ended.push("source"),
    };
    const set = memoryFileSet();
    const watched: FileSet = {
      ...set,
      create: async (name, size) => ({
        ...(await set.create(name, size)),
        close: async () => void ended.push("target"),
      }),
    };
    await assert.rejects(carryEntry(entry(source), watched, testContext()), hasCode("io/changed"));
    assert.deepEqual(ended, ["source"]);
  });
});

describe("files and room", () => {
  it("counts chunks one by one, in order", () => {
    const one = { name: "a" } as PackageEntry;
    const chunks = [{ name: "b.000" }, { name: "b.001" }] as PackageEntry[];
    const chunked = { name: "b", chunks } as unknown as PackageEntry;
    assert.deepEqual(
      storedFiles([one, chunked]).map(({ name }) => name),
      ["a", "b.000", "b.001"],
    );
  });

  it("refuses what does not fit, and only that", async () => {
    const withRoom = (room: number | null): FileSet => ({ ...memoryFileSet(), room: async () => room });
    await checkRoom(withRoom(100), () => 100);
    await checkRoom(withRoom(null), () => assert.fail("nobody asks for sizes"));
    await assert.rejects(
      checkRoom(withRoom(100), () => 101),
      hasCode("io/no-space"),
    );
  });
});
