import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { SECTOR } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import type { DiskFormatId } from "../base/ids.js";
import { createRegistry, type Registry } from "../base/registry.js";
import type { ByteSource, SourceRef, SourceRequest, SourceResolver } from "../io/source.js";
import { memorySource } from "../io/sources/memory.js";
import { type TestContext, testContext } from "../io/testing/context.js";
import { zlibCodec } from "../runtime/node/codec.js";
import type { DiskFormat, VirtualDisk } from "./model.js";
import { openChain } from "./open.js";
import { raw } from "./raw/format.js";
import { readGuest } from "./read.js";
import { stackDisk } from "./stack.js";
import { checkReads, lawfulExtents } from "./testing/laws.js";
import { layerDisk } from "./testing/layers.js";

const context = (limits: TestContext["limits"] | object = {}): TestContext =>
  testContext({ runtime: { codec: zlibCodec() }, limits });

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FerryError && error.code === code;
}

/** What a guest reads of a disk, a character a sector; an underscore for zeros. */
async function guestOf(disk: VirtualDisk): Promise<string> {
  const bytes = await readGuest(disk, { offset: 0, length: disk.info.size }, context());
  let text = "";
  for (let at = 0; at < bytes.length; at += SECTOR) {
    const sector = bytes.subarray(at, at + SECTOR);
    assert.ok(sector.every((byte) => byte === sector[0]));
    text += sector[0] === 0 ? "_" : String.fromCharCode(sector[0] as number);
  }
  return text;
}

/** What a chain's layers come to, the top one first. */
function flattened(layers: readonly string[]): string {
  return Array.from({ length: layers[0]?.length ?? 0 }, (_, i) => {
    const layer = layers.find((sectors) => i >= sectors.length || sectors.charAt(i) !== ".");
    const found = layer?.charAt(i) ?? "";
    return found === "" || found === "." ? "_" : found;
  }).join("");
}

describe("a stack of layers", () => {
  it("reads as its topmost layer that says something, and as zeros past the end of a shorter parent", async () => {
    const stack = stackDisk(layerDisk("..A_....."), stackDisk(layerDisk(".BB..B."), layerDisk("CCCCC")));
    assert.equal(await guestOf(stack), "CBA_CB___");
    assert.equal(stack.info.size, 9 * SECTOR);
  });

  it("keeps the laws of disks for any layers and any range", async () => {
    const sector = fc.constantFrom(".", ".", ".", "_", "A", "B", "C");
    const layer = fc.array(sector, { minLength: 1, maxLength: 12 }).map((sectors) => sectors.join(""));
    const places = fc.record({ from: fc.nat(12 * SECTOR), bytes: fc.nat(3000) });
    await fc.assert(
      fc.asyncProperty(fc.array(layer, { minLength: 2, maxLength: 4 }), places, async (layers, { from, bytes }) => {
        const disks = layers.map((sectors, i) =>
          layerDisk(i === layers.length - 1 ? sectors.replaceAll(".", "_") : sectors),
        );
        const stack = disks.reduceRight((below, top) => stackDisk(top, below));
        const offset = Math.min(from, stack.info.size);
        const range = { offset, length: Math.min(bytes, stack.info.size - offset) };
        await lawfulExtents(stack, range);
        await checkReads(stack, range);
        assert.equal(await guestOf(stack), flattened(layers));
      }),
      { numRuns: 150 },
    );
  });

  it("closes every layer, also where one of them fails to", async () => {
    const closed: string[] = [];
    const closing = (name: string, fails = false): VirtualDisk => ({
      ...layerDisk("."),
      async close(): Promise<void> {
        closed.push(name);
        if (fails) throw new Error("it stays open");
      },
    });
    const stack = stackDisk(closing("top", true), stackDisk(closing("middle"), closing("base")));
    await assert.rejects(stack.close(), /it stays open/);
    assert.deepEqual(closed, ["top", "middle", "base"]);
  });
});

/** Files of a format of one line: sectors, `<` and the parent's name, `=` and an id, `?` and the id that the parent has to have. */
class Files {
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  readonly requests: SourceRequest[] = [];
  readonly #files: Readonly<Record<string, string>>;

  constructor(files: Readonly<Record<string, string>>) {
    this.#files = files;
  }

  source(name: string): ByteSource {
    this.opened.push(name);
    const source = memorySource(new TextEncoder().encode(this.#files[name] ?? assert.fail(name)), `${name}.line`);
    return {
      ...source,
      close: async () => {
        this.closed.push(name);
      },
    };
  }

  readonly resolver: SourceResolver = {
    open: async (request): Promise<ByteSource | null> => {
      this.requests.push(request);
      if (request.name === "locked") throw new FerryError("io/read-failed", "it is locked");
      return request.name !== null && Object.hasOwn(this.#files, request.name) ? this.source(request.name) : null;
    },
  };
}

type FileRef = Extract<SourceRef, { kind: "file" }>;

/** The same with places on disk, as workers are told them. */
class FilesOnDisk extends Files {
  readonly #names: readonly string[];
  readonly #place: (name: string, ref: FileRef) => SourceRef;

  constructor(
    files: Readonly<Record<string, string>>,
    place: (name: string, ref: FileRef) => SourceRef = (_, ref) => ref,
  ) {
    super(files);
    this.#names = Object.keys(files);
    this.#place = place;
  }

  override source(name: string): ByteSource {
    const stamp = { device: 1, inode: 1 + this.#names.indexOf(name), size: 1, mtimeMs: 0 };
    return { ...super.source(name), ref: () => this.#place(name, { kind: "file", path: name, stamp }) };
  }
}

const line: DiskFormat = {
  ...raw,
  id: "vmdk",
  extensions: [".line"],
  probe: ({ name }) => (name.endsWith(".line") ? { match: "yes" } : null),
  async open(input): Promise<VirtualDisk> {
    if (!("bytes" in input)) return assert.fail("bytes");
    const text = new TextDecoder().decode(await input.bytes.read(0, input.bytes.size));
    if (text.startsWith("!")) throw new FerryError("vmdk/bad-header", "it is damaged");
    const [, sectors = "", , name = null, , own = null, , wanted = null] =
      /^([^<=?]*)(<([^=?]*))?(=([^?]*))?(\?(.*))?$/.exec(text) ?? [];
    const parent = name === null ? null : { name, identity: wanted };
    return layerDisk(sectors, { parent, identity: own });
  },
};
const formats: Registry<DiskFormatId, DiskFormat> = createRegistry<DiskFormatId, DiskFormat>([line, raw]);

async function open(files: Files, name: string, ctx: TestContext = context()): Promise<VirtualDisk> {
  return openChain({ bytes: files.source(name) }, { formats, resolver: files.resolver, format: null }, ctx);
}

describe("a chain", () => {
  it("is opened down to its base, and closes what it opened for its parents but not what it was given", async () => {
    const files = new Files({ top: "..A<middle=3?2", middle: ".B.<base=2?1", base: "CCC=1" });
    const ctx = context();
    const disk = await open(files, "top", ctx);
    assert.equal(await guestOf(disk), "CBA");
    assert.deepEqual(disk.info.parent, { name: "middle", identity: "2" });
    assert.deepEqual(ctx.codes(), []);
    await disk.close();
    assert.deepEqual(files.opened, ["top", "middle", "base"]);
    assert.deepEqual(files.closed.sort(), ["base", "middle"]);
  });

  it("asks for parents by what the child knows of them", async () => {
    const files = new Files({ top: ".<base?7", base: "A=7" });
    await (await open(files, "top")).close();
    assert.deepEqual(files.requests, [{ purpose: "parent", name: "base", identity: "7" }]);
  });

  it("over a parent that is another one is read, and says so", async () => {
    const ctx = context();
    await (await open(new Files({ top: ".<base=2?1", base: "A=9" }), "top", ctx)).close();
    assert.deepEqual(ctx.codes(), ["disk/parent-changed"]);
  });

  for (const [what, files, code] of [
    ["a parent that is missing", { top: ".<middle", middle: ".<gone" }, "disk/parent-missing"],
    ["a parent that cannot be read", { top: ".<middle", middle: ".<locked" }, "io/read-failed"],
    ["a parent that is damaged", { top: ".<middle", middle: ".<base", base: "!" }, "vmdk/bad-header"],
    ["a disk that is its own parent", { top: ".<top" }, "io/limit"],
    ["disks that are each other's parents", { top: ".<other", other: ".<top" }, "io/limit"],
  ] as const) {
    it(`with ${what} is refused, and nothing stays open`, async () => {
      const tried = new Files(files);
      await assert.rejects(open(tried, "top", context({ chainDepth: 8 })), hasCode(code));
      // The top one is the caller's.
      assert.deepEqual(tried.closed.sort(), tried.opened.slice(1).sort());
      assert.ok(tried.opened.length <= 9);
    });
  }

  for (const files of [{ top: ".<top" }, { top: ".<other", other: ".<last", last: ".<top" }]) {
    it(`of ${Object.keys(files).length} files that comes back to itself is refused at once where files can be told apart`, async () => {
      const tried = new FilesOnDisk(files);
      await assert.rejects(open(tried, "top"), hasCode("disk/chain-loop"));
      assert.equal(tried.opened.length, Object.keys(files).length + 1);
      assert.deepEqual(tried.closed.sort(), tried.opened.slice(1).sort());
    });
  }

  it("of two members of one archive is no loop, and one that names itself there is", async () => {
    const member = (offset: number) => (file: SourceRef) => ({ kind: "slice", of: file, offset, length: 9 }) as const;
    const members = { top: member(0), base: member(512), same: member(0) };
    const tried = new FilesOnDisk({ top: ".<base", base: ".<same", same: "A" }, (name, ref) =>
      members[name as keyof typeof members]({ ...ref, stamp: { ...ref.stamp, inode: 7 } }),
    );
    await assert.rejects(open(tried, "top"), hasCode("disk/chain-loop"));
    assert.deepEqual(tried.opened, ["top", "base", "same"]);
  });

  it("of exactly as many layers as the limit says is read", async () => {
    const layers = Array.from({ length: 5 }, (_, i) => [`l${i}`, i === 4 ? "A" : `.<l${i + 1}`] as const);
    const files = new Files(Object.fromEntries(layers));
    assert.equal(await guestOf(await open(files, "l0", context({ chainDepth: 5 }))), "A");
    await assert.rejects(open(files, "l0", context({ chainDepth: 4 })), hasCode("io/limit"));
  });
});
