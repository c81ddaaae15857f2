import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { hasCode } from "../../../test/support/errors.js";
import { FerryError } from "../../base/errors.js";
import { commandWords } from "./command-words.js";
import { readSecret, secretRef } from "./secrets.js";

const folder = mkdtempSync(join(tmpdir(), "vmferry-secrets-"));
after(() => rmSync(folder, { recursive: true }));
const signal = new AbortController().signal;
const read = (text: string) => readSecret(secretRef(text, "--passphrase"), "--passphrase", signal);

describe("a secret by reference", () => {
  it("is read from a variable, a file and a command, and one line end is cut off", async () => {
    process.env.VMFERRY_TEST_SECRET = "swordfish é";
    const file = join(folder, "secret");
    writeFileSync(file, "swordfish é\r\n");
    assert.equal(await read("env:VMFERRY_TEST_SECRET"), "swordfish é");
    assert.equal(await read(`file:${file}`), "swordfish é");
    assert.equal(await read(`cmd:printf 'swordfish é\\n\\n'`), "swordfish é\n");
    assert.equal(await read(`cmd:sh -c 'printf %s "$VMFERRY_TEST_SECRET"'`), "swordfish é");
  });

  it("is no secret itself, and what was written is in no message", async () => {
    for (const text of ["swordfish", "env:", "env:A=swordfish", "file:", "cmd: ", "ENV:swordfish", ""]) {
      assert.throws(
        () => secretRef(text, "--passphrase"),
        (error) => hasCode("secret/bad-reference")(error) && !JSON.stringify(error).includes("swordfish"),
      );
    }
    await assert.rejects(readSecret({ secret: "swordfish" }, "--passphrase", signal), hasCode("secret/bad-reference"));
  });

  it("that is not there is told, without what a command wrote", async () => {
    for (const text of [
      "env:VMFERRY_TEST_NOTHING",
      `file:${join(folder, "nothing")}`,
      `file:${folder}`,
      "cmd:/nowhere/program",
      "cmd:sh -c 'echo swordfish; echo swordfish >&2; exit 3'",
    ]) {
      await assert.rejects(read(text), (error: unknown) => {
        assert.ok(error instanceof FerryError);
        assert.equal(error.code, "secret/unavailable", text);
        return !error.message.includes("swordfish");
      });
    }
  });

  it("without an end is not read to it", async () => {
    await assert.rejects(read("file:/dev/zero"), hasCode("secret/too-long"));
    await assert.rejects(read("cmd:cat /dev/zero"), hasCode("secret/unavailable"));
  });

  it("whose command is interrupted ends it", async () => {
    const stop = new AbortController();
    const reading = readSecret({ secret: "cmd:sleep 60" }, "--passphrase", stop.signal);
    setTimeout(() => stop.abort(), 50);
    await assert.rejects(reading, hasCode("run/canceled"));
  });
});

describe("the words of a command", () => {
  it("are those that a shell would see", () => {
    for (const [command, words] of [
      ["a b  c", ["a", "b", "c"]],
      [`a 'b c' "d 'e'" f\\ g`, ["a", "b c", "d 'e'", "f g"]],
      [`a '' "" x'y'"z"`, ["a", "", "", "xyz"]],
      [`a "b\\"c\\n" 'd\\'`, ["a", `b"c\\n`, "d\\"]],
      [`C:\\keys\\sign.exe $HOME *`, ["C:\\keys\\sign.exe", "$HOME", "*"]],
    ] as const) {
      assert.deepEqual(commandWords(command, "--sign-with"), words);
    }
  });

  it("need a program and closed quotes", () => {
    for (const command of ["", " ", "'' a", "a 'b", 'a "b']) {
      assert.throws(() => commandWords(command, "--sign-with"), hasCode("cli/invalid-value"));
    }
  });
});
