import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { hasCode } from "../../test/support/errors.js";
import { captureStreams } from "../../test/support/streams.js";
import { defaultLimits } from "../base/limits.js";
import { askSecret, openLinePrompt } from "./prompt.js";
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

describe("lines that are asked for", () => {
  it("come one by one, typed in pieces or pasted at once, with every line end", async () => {
    const { cli, stdin, said } = typing();
    const prompt = openLinePrompt(cli);
    assert.ok(prompt !== null);
    const first = prompt.ask("Name?");
    stdin.write("he");
    stdin.write("llo\nsecond\r\nthi");
    assert.equal(await first, "hello");
    assert.equal(await prompt.ask("And?"), "second");
    const third = prompt.ask("More?");
    stdin.write("rd\r");
    assert.equal(await third, "third");
    prompt.close();
    assert.equal(said(), "Name?\nAnd?\nMore?\n");
    assert.equal(stdin.listenerCount("data"), 0);
  });

  it("are given up by the end of input, or the end of the run", async () => {
    const stop = new AbortController();
    for (const act of [(stdin: PassThrough) => stdin.end(), () => stop.abort()]) {
      const { cli, stdin } = typing(stop.signal);
      const asked = openLinePrompt(cli)?.ask("Name?");
      act(stdin);
      await assert.rejects(asked ?? Promise.resolve(), hasCode("run/canceled"));
    }
  });

  it("are not asked for without a terminal", () => {
    const { cli } = typing();
    assert.equal(openLinePrompt({ ...cli, stdin: captureStreams().stdin }), null);
  });
});
