import assert from "node:assert/strict";
import { test } from "node:test";
import { MIB } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { readVmx } from "./import.js";
import { read } from "./testing/read.js";

test("names and notes are read in the encoding that the file says", () => {
  const bytes = (encoding: string, ...name: number[]): Uint8Array =>
    Uint8Array.from([
      ...new TextEncoder().encode(`.encoding = "${encoding}"\r\ndisplayName = "`),
      ...name,
      0x22,
      0x0d,
      0x0a,
    ]);
  const named = (encoding: string, ...name: number[]): string => read(bytes(encoding, ...name)).machine.name;
  assert.equal(named("windows-1252", 0x80, 0xe9), "€é");
  assert.equal(named("GBK", 0xb6, 0xab, 0xbe, 0xa9), "东京");
  assert.equal(named("Shift_JIS", 0x93, 0x8c, 0x8b, 0x9e), "東京");
  assert.equal(named("UTF-8", 0xc3, 0xa9), "é");
  // Bytes that are not of the encoding, and an encoding that nobody knows: a letter each.
  assert.equal(named("UTF-8", 0xe9), "é");
  assert.equal(named("martian-9", 0xe9), "é");
  assert.equal(read('annotation = "one|0Atwo |7C|22 |C3|A9"').machine.annotation, 'one\ntwo |" é');
  assert.equal(read(bytes("windows-1252", ...new TextEncoder().encode("|E9|80"))).machine.name, "é€");
});

test("odd, repeated and cut lines are said one by one, and never end the reading", () => {
  const found = read(
    'just words\nmemsize = "64"\nMEMSIZE = "128"\n# a comment\n  numvcpus = 2 # bare\ndisplayName = "cut',
  );
  assert.deepEqual(found.codes, ["config/strange-line", "config/strange-line", "config/repeated-setting"]);
  assert.deepEqual([found.machine.memoryBytes, found.machine.cpu.count, found.machine.name], [128 * MIB, 2, "web"]);
  const noisy = read("?\n".repeat(5000));
  assert.equal(noisy.codes.length, 10);
});

test("a file without a setting, one that is encrypted and one with thousands of drives are refused", () => {
  const refused = (text: string, code: string): void => {
    assert.throws(
      () => readVmx({ name: "x", label: "x.vmx", bytes: new TextEncoder().encode(text) }),
      (error) => error instanceof FerryError && error.code === code,
      text.slice(0, 60),
    );
  };
  refused("", "config/unreadable");
  refused("\u0000\u0001", "config/unreadable");
  refused('encryption.keySafe = "vmware:key/list/"\nencryption.data = "AbCd"', "config/encrypted");
  refused(
    Array.from(
      { length: 3000 },
      (_, n) => `scsi0:${n % 1000}.present = "TRUE"\nscsi${Math.floor(n / 1000)}:${n % 1000}.present = "TRUE"`,
    ).join("\n"),
    "config/unreadable",
  );
  assert.equal(
    read('encryption.keySafe = "k"\nencryption.data = "d"\nvmx.encryptionType = "partial"\nvtpm.present = "TRUE"')
      .machine.tpm,
    "2.0",
  );
});

test("a long file is read in no time", () => {
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, n) => `sharedFolder${n % 50}.x${n} = "${n}"`).join("\n");
  for (const text of [
    lines(49_996),
    `x =${"\t".repeat(1e6)}"a"b`,
    "\n".repeat(4e6),
    `displayName = "${"|41x".repeat(1e6)}"`,
  ]) {
    const started = performance.now();
    read(text);
    assert.ok(performance.now() - started < 5000, text.slice(0, 12));
  }
  assert.throws(() => read(lines(49_997)), { code: "config/unreadable" });
});

test("settings that nobody knows are named one by one up to 200, and the others counted", () => {
  const { machine } = read(Array.from({ length: 1200 }, (_, n) => `a${n} = "1"`).join("\n"));
  assert.equal(machine.foreign.length, 201);
  assert.equal(machine.foreign.at(-1)?.name, "1000 more settings");
});
