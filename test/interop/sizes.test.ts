/** Every variant in every size, in both directions, as far as the other program goes: the table of docs/reference/interop.md. */
import assert from "node:assert/strict";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { diskFormats } from "../../src/disk/formats.js";
import type { DiskFormat } from "../../src/disk/model.js";
import { type Carrier, startCarrier } from "./carrier.js";
import { lacksLibyal, libyalName, libyalReads, readWithLibyal } from "./libyal.js";
import { lacking, peerPath } from "./peers.js";
import { type Proof, prove, SIZES } from "./proof.js";
import { imageOptions, QEMU_WRITES, qemuDriver } from "./qemu.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { LARGE, makeRaw, pieces, samePieces, sumsOf } from "./sized.js";
import { startVirtualBox } from "./virtualbox.js";

const LIMIT = { timeout: 60_000 };
const written = diskFormats.all.filter(({ plan }) => plan !== undefined);

/** One raw disk for each size. */
async function raws(t: TestContext, most: number): Promise<readonly { what: string; size: number; raw: string }[]> {
  const made = [];
  for (const [what, size] of Object.entries(SIZES)) {
    if (size > most) continue;
    made.push({ what, size, raw: await makeRaw(await scratch(t, "size"), size) });
  }
  return made;
}

/** Whether a variant can hold as much. */
function holds(format: DiskFormat, variant: string, size: number): boolean {
  return size <= (format.limits.maxSizes?.[variant] ?? format.limits.maxSize);
}

type About = Omit<Proof, "peer" | "direction" | "cannot">;

/** All cases of a test: one that fails does not hide the others. */
class Cases {
  readonly #failures: string[] = [];

  /** Notes a proof where `check` ends well, or why it cannot; the list of what a peer refuses has to be right both ways. */
  async try(
    peer: Proof["peer"],
    direction: Proof["direction"],
    about: About,
    check: () => Promise<void>,
  ): Promise<void> {
    const why = refusalOf(peer, direction, about);
    const problem = await check().then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const label = `${about.variant}, ${about.what}, ${peer}, ${direction}`;
    if (problem !== null && why === null) this.#failures.push(`${label}: ${problem}`);
    else if (problem === null && why !== null) this.#failures.push(`${label}: works, though listed as refused`);
    else prove({ ...about, peer, direction, cannot: why });
  }

  /** Throws where a case failed. */
  end(): void {
    assert.equal(this.#failures.join("\n"), "");
  }
}

const GRAIN = 65_536;
const sparseVmdk = (format: DiskFormat, variant: string): boolean => format.id === "vmdk" && !variant.endsWith("Flat");

/** What a peer refuses, and why as far as it says. Anything else that fails is a failure of the test. */
const REFUSALS: readonly (readonly [peer: Proof["peer"], direction: Proof["direction"], which: RegExp, why: string])[] =
  [
    ["qemu-img", "written", /^vmdk (?:monolithicSparse|streamOptimized) 0 bytes/, "refused"],
    ["qemu-img", "written", /^vmdk \w+ 0 bytes/, "crashes"],
    ["qemu-img", "written", /^(?:vhdx \w+|vhd fixed) 0 bytes/, "refused"],
    ["qemu-img", "read", /^vmdk (?:monolithicSparse|streamOptimized) 0 bytes/, "refused"],
    ["qemu-img", "read", /^vmdk \w+ 0 bytes/, "crashes"],
    ["qemu-img", "read", /^vhd fixed 0 bytes/, "refused"],
    ["libvmdk", "written", /^vmdk (?:monolithicSparse|streamOptimized|twoGbMaxExtentSparse) 0 bytes/, "refused"],
    ["libqcow", "written", /0 bytes/, "refused"],
    ["libvhdi", "written", /0 bytes/, "refused"],
    // qemu-img reads the same files right, and this library reads dynamic disks of these sizes right.
    ["libvhdi", "written", /^vhdx fixed \d+ TiB/, "reads zeros behind its beginning"],
    ["VBoxManage", "written", /0 bytes/, "refused"],
    ["VBoxManage", "read", /0 bytes/, "refused"],
    ["VBoxManage", "read", /^vdi \w+ (?:1 sector|64 KiB)/, "makes no disk below 1 MiB"],
  ];

function refusalOf(
  peer: Proof["peer"],
  direction: Proof["direction"],
  { format, variant, what }: About,
): string | null {
  const label = `${format} ${variant} ${what}`;
  return REFUSALS.find((one) => one[0] === peer && one[1] === direction && one[2].test(label))?.[3] ?? null;
}

for (const format of written.filter(({ id }) => id !== "raw")) {
  test(`${format.id}: qemu-img sees the size and the bytes of every variant in every size`, {
    skip: await lacking("qemu-img", "qemu-io"),
    timeout: 300_000,
  }, async (t) => {
    const carrier = startCarrier(t);
    const cases = new Cases();
    const qemuImg = await peerPath("qemu-img");
    for (const { what, size, raw } of await raws(t, format.limits.maxSize)) {
      for (const variant of format.writes) {
        if (!holds(format, variant, size)) continue;
        await cases.try("qemu-img", "written", { format: format.id, variant, what }, async () => {
          const image = await convert(carrier, raw, format, variant);
          const options = imageOptions(image);
          const info = JSON.parse(
            (await run(qemuImg, ["info", "--output=json", "--image-opts", options], LIMIT)).stdout,
          );
          assert.equal(info["virtual-size"], sparseVmdk(format, variant) ? Math.ceil(size / GRAIN) * GRAIN : size);
          // It knows nothing of VHD, and of tables of gigabytes for minutes.
          if (format.id !== "vhd" && !(format.id === "vmdk" && size >= LARGE))
            await run(qemuImg, ["check", "--image-opts", options], LIMIT);
          if (size < LARGE) {
            await run(qemuImg, ["compare", "--image-opts", imageOptions(raw), options], LIMIT);
            return;
          }
          await samePieces(raw, image, size);
        });
      }
    }
    cases.end();
  });

  test(`${format.id}: what qemu-img writes in every size is read`, {
    skip: await lacking("qemu-img"),
    timeout: 300_000,
  }, async (t) => {
    const carrier = startCarrier(t);
    const cases = new Cases();
    const qemuImg = await peerPath("qemu-img");
    for (const { what, size, raw } of await raws(t, format.limits.maxSize)) {
      for (const [variant, options] of QEMU_WRITES[format.id] ?? []) {
        if (!holds(format, variant, size)) continue;
        // It fills tables of gigabytes, which takes it a minute.
        if (sparseVmdk(format, variant) && size > 2 ** 42) continue;
        await cases.try("qemu-img", "read", { format: format.id, variant, what }, async () => {
          const image = join(await scratch(t, "theirs"), `disk${format.extensions[0]}`);
          await run(qemuImg, ["convert", "-f", "raw", "-O", qemuDriver(image), ...options, raw, image], {
            timeout: 20_000,
          });
          await same(carrier, raw, image, variant, size);
          await rm(join(image, ".."), { recursive: true });
        });
      }
    }
    cases.end();
  });

  if (libyalReads(format.extensions[0] ?? "")) {
    const peer = libyalName(format.extensions[0] ?? "");
    test(`${format.id}: libyal sees the size and the bytes of every variant in every size`, {
      skip: await lacksLibyal(),
      timeout: 300_000,
    }, async (t) => {
      const carrier = startCarrier(t);
      const cases = new Cases();
      for (const { what, size, raw } of await raws(t, format.limits.maxSize)) {
        const expected = { size, sums: await sumsOf(raw, size) };
        for (const variant of format.writes) {
          if (!holds(format, variant, size)) continue;
          await cases.try(peer, "written", { format: format.id, variant, what }, async () => {
            const image = await convert(carrier, raw, format, variant);
            assert.deepEqual(await readWithLibyal(image, pieces(size)), expected);
          });
        }
      }
      cases.end();
    });
  }
}

const VIRTUALBOX: Readonly<Record<string, readonly (readonly [variant: string, words: string])[]>> = {
  vmdk: [
    ["monolithicSparse", "Standard"],
    ["streamOptimized", "Stream"],
    ["monolithicFlat", "Fixed"],
  ],
  vhd: [
    ["dynamic", "Standard"],
    ["fixed", "Fixed"],
  ],
  vdi: [
    ["dynamic", "Standard"],
    ["static", "Fixed"],
  ],
};

for (const format of written.filter(({ id }) => id !== "raw" && id !== "qcow2")) {
  test(`${format.id}: VirtualBox and vmferry read what the other writes, no byte more or less`, {
    skip: await lacking("VBoxManage"),
    timeout: 300_000,
  }, async (t) => {
    const carrier = startCarrier(t);
    const cases = new Cases();
    const { manage } = await startVirtualBox(t);
    for (const { what, size, raw } of await raws(t, LARGE)) {
      const guest = await readFile(raw);
      for (const variant of format.writes) {
        await cases.try("VBoxManage", "written", { format: format.id, variant, what }, async () => {
          const image = await convert(carrier, raw, format, variant);
          const back = `${image}.raw`;
          await manage("clonemedium", "disk", image, back, "--format", "RAW");
          assert.ok((await readFile(back)).equals(guest), "other bytes");
        });
      }
      for (const [variant, words] of VIRTUALBOX[format.id] ?? []) {
        await cases.try("VBoxManage", "read", { format: format.id, variant, what }, async () => {
          const image = join(await scratch(t, "theirs"), `disk${format.extensions[0]}`);
          await manage("convertfromraw", raw, image, "--format", format.id.toUpperCase(), "--variant", words);
          await same(carrier, raw, image, variant, size);
        });
      }
    }
    cases.end();
  });
}

test("vmdk: vmdk-convert and vmferry read what the other writes", {
  skip: await lacking("vmdk-convert"),
  timeout: 120_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const cases = new Cases();
  const program = await peerPath("vmdk-convert");
  const format = diskFormats.get("vmdk");
  for (const { what, size, raw } of await raws(t, LARGE)) {
    for (const variant of ["monolithicSparse", "streamOptimized"]) {
      await cases.try("vmdk-convert", "written", { format: format.id, variant, what }, async () => {
        const image = await convert(carrier, raw, format, variant);
        await run(program, [image, `${image}.raw`], { timeout: 20_000 });
        const [got, guest] = [await readFile(`${image}.raw`), await readFile(raw)];
        // It knows the header's capacity alone, which counts whole grains.
        assert.ok(got.subarray(0, size).equals(guest) && got.subarray(size).every((byte) => byte === 0), "other bytes");
        assert.ok(got.length < size + GRAIN);
      });
    }
    await cases.try("vmdk-convert", "read", { format: format.id, variant: "streamOptimized", what }, async () => {
      const theirs = join(await scratch(t, "theirs"), "disk.vmdk");
      await run(program, [raw, theirs], { timeout: 20_000 });
      await same(carrier, raw, theirs, "streamOptimized", size);
    });
  }
  cases.end();
});

/** Proves that vmferry reads in an image what a raw disk holds. */
async function same(carrier: Carrier, raw: string, image: string, variant: string, size: number): Promise<void> {
  const seen = await carrier.info(image);
  // Whether clusters are compressed shows in clusters.
  assert.deepEqual([size === 0 ? variant : seen.variant, seen.size], [variant, size]);
  assert.equal(await carrier.firstDifference(raw, image), null);
}

/** Writes a raw disk as a variant into a folder of its own. */
async function convert(carrier: Carrier, raw: string, format: DiskFormat, variant: string): Promise<string> {
  const folder = join(raw, "..", `${format.id}-${variant}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  // The name is part of a disk's id, and VirtualBox takes an id once.
  const image = join(folder, `${variant}${format.extensions[0]}`);
  await carrier.convert(raw, image, format.id, variant);
  assert.ok((await stat(image)).blocks * 512 < 2 ** 28, "what holds little takes little");
  return image;
}
