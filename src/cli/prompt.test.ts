import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { hasCode } from "../../test/support/errors.js";
import { captureStreams } from "../../test/support/streams.js";
import { defaultLimits } from "../base/limits.js";
import { askSecret } from "./prompt.js";
import { Terminal } from "./terminal.js";

/** A terminal on which somebody types. */
function typing(signal: AbortSignal = new AbortController().signal) {
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (mode: boolean) => modes.push(mode) });
  const streams = captureStreams();
  const cli = { terminal: new Terminal(streams), stdin, signal, limits: defaultLimits, commands: [] };
  return { cli, stdin, modes, said: () => streams.err() + streams.out() };
}

describe("a secret that is asked for", () => {
  it("is what was typed up to Enter, with Backspace, and is shown nowhere", async () => {
    const { cli, stdin, modes, said } = typing();
    const asked = askSecret("Passphrase: ", cli);
    for (const piece of ["swordfih", "\u007f\u007f", "ish é", "\rignored"]) stdin.write(piece);
    assert.equal(await asked, "swordfish é");
    assert.deepEqual(modes, [true, false]);
    assert.equal(said(), "Passphrase: \n");
  });

  it("is given up by Ctrl-C, the end of input, or the end of the run", async () => {
    const stop = new AbortController();
    for (const act of [
      (stdin: PassThrough) => stdin.write("sword\u0003"),
      (stdin: PassThrough) => stdin.end(),
      () => stop.abort(),
    ]) {
      const { cli, stdin, modes } = typing(stop.signal);
      const asked = askSecret("Passphrase: ", cli);
      act(stdin);
      await assert.rejects(asked, hasCode("run/canceled"));
      assert.deepEqual(modes, [true, false]);
    }
  });

  it("is not asked for without a terminal", async () => {
    const streams = captureStreams();
    const { cli } = typing();
    assert.equal(await askSecret("Passphrase: ", { ...cli, stdin: streams.stdin }), null);
  });
});
